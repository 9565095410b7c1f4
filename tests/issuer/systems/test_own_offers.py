"""A record system follows its own offers from the making to the withdrawal, and nobody else's."""

from __future__ import annotations

import json

import pytest
from api_world import System, as_made, bundle, code, later
from simulated_issuer import Site, Wallet

from issuer import service
from issuer.service.scopes import Scope


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    source = folder / "source"
    source.mkdir()
    (source / "agnes.json").write_text(json.dumps(bundle()))
    made = Site(folder, {"client_request_burst": 10**6, "source_folder": source})
    made.epr, made.other = System(made, "epr"), System(made, "other")
    return made


@pytest.fixture
def epr(site):
    return site.epr.enter()


@pytest.fixture
def other(site):
    return site.other.enter()


def collected(site, told):
    wallet = Wallet(site, as_made(told["credential_offer"], told["pin"]))
    assert wallet.ask_token().status == 200
    answer = wallet.ask_credential()
    assert answer.status == 200, answer.body
    return wallet


def state(epr, told):
    answer = epr.call("GET", f"/offers/{told['offerId']}")
    assert answer.status == 200, answer.body
    return answer.json()["state"]


def test_an_offer_is_followed_until_it_is_collected(site, epr):
    told = epr.make_offer().json()
    assert state(epr, told) == "open"
    wallet = Wallet(site, as_made(told["credential_offer"], told["pin"]))
    assert wallet.ask_token().status == 200
    assert state(epr, told) == "collecting"
    assert wallet.ask_credential().status == 200
    later(site, minutes=11)
    service.sweep(site.issuer)
    seen = epr.enter().call("GET", f"/offers/{told['offerId']}").json()
    assert seen["state"] == "collected"
    assert seen["recordTypes"] == ["AllergySummary"]
    [issued] = seen["issuances"]
    assert (issued["recordType"], issued["status"]) == ("AllergySummary", "valid")
    assert told["pin"] not in json.dumps(seen)


def test_an_offer_that_nobody_took_has_expired_whether_it_was_swept_or_not(site, epr):
    told = epr.make_offer().json()
    later(site, minutes=6)
    epr.enter()
    assert state(epr, told) == "expired"
    service.sweep(site.issuer)
    assert state(epr, told) == "expired"
    answer = epr.call("POST", f"/offers/{told['offerId']}/cancel")
    assert code(answer) == (409, "offer.over")


def test_one_whose_pin_was_guessed_at_is_burned(site, epr):
    told = epr.make_offer().json()
    wallet = Wallet(site, as_made(told["credential_offer"], told["pin"]))
    for _ in range(5):
        assert wallet.ask_token("000000" if told["pin"] != "000000" else "111111").status == 400
    assert state(epr, told) == "burned"


def test_a_cancelled_offer_opens_nothing_and_holds_nothing(site, epr):
    told = epr.make_offer().json()
    path = f"/offers/{told['offerId']}/cancel"
    assert epr.call("POST", path).json()["state"] == "cancelled"
    assert epr.call("POST", path).json()["state"] == "cancelled"
    assert Wallet(site, as_made(told["credential_offer"], told["pin"])).ask_token().status == 400
    address = told["credential_offer_uri"].removeprefix(site.settings.iss)
    assert site.call("GET", address).status == 404
    with site.issuer.store.reading() as tx:
        from issuer.store import offers  # noqa: PLC0415

        assert not offers.waits(tx, told["offerId"])


def test_what_is_being_collected_is_not_cancelled(site, epr):
    told = epr.make_offer().json()
    collected(site, told)
    answer = epr.call("POST", f"/offers/{told['offerId']}/cancel")
    assert code(answer) == (409, "offer.over")


def test_htt_018_another_client_sees_and_changes_nothing(site, epr, other):
    told = epr.make_offer().json()
    collected(site, told)
    mine = epr.call("GET", f"/offers/{told['offerId']}").json()
    issuance = mine["issuances"][0]["id"]
    assert code(other.call("GET", f"/offers/{told['offerId']}")) == (404, "offer.unknown")
    assert code(other.call("POST", f"/offers/{told['offerId']}/cancel")) == (404, "offer.unknown")
    assert other.call("GET", "/offers").json()["offers"] == []
    assert other.call("GET", f"/issuances?offer={told['offerId']}").json()["issuances"] == []
    change = {"change": "withdraw"}
    answer = other.call("POST", f"/issuances/{issuance}/status", change)
    assert answer.status in {403, 404}
    assert epr.call("GET", f"/offers/{told['offerId']}").json() == mine


def test_a_page_follows_a_page_and_nothing_stands_twice(site, other):
    made = [other.make_offer().json()["offerId"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = other.call("GET", f"/offers?limit=2{more}").json()
        assert len(page["offers"]) <= 2
        seen += [one["id"] for one in page["offers"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(set(seen)) == len(seen)


def test_issuances_are_listed_by_pages_too(site, epr):
    for _ in range(3):
        collected(site, epr.make_offer().json())
    first = epr.call("GET", "/issuances?limit=2").json()
    assert len(first["issuances"]) == 2
    rest = epr.call("GET", f"/issuances?limit=200&cursor={first['next']}").json()
    ids = [one["id"] for one in first["issuances"] + rest["issuances"]]
    assert len(set(ids)) == len(ids) >= 3
    assert rest["next"] is None


@pytest.mark.parametrize("cursor", ["x", "AAAA", "A" * 129, "%ff", "AAAAAAAAAAAAAAA_/", "é"])
@pytest.mark.parametrize("path", ["/offers", "/issuances"])
def test_a_made_up_cursor_is_refused(epr, path, cursor):
    answer = epr.call("GET", f"{path}?cursor={cursor}")
    assert answer.status == 400
    assert answer.json()["code"] in {"api.cursor", "http.invalid"}


@pytest.mark.parametrize("limit", ["0", "-1", "201", "x", "1e9"])
def test_a_page_of_no_size_is_refused(epr, limit):
    assert code(epr.call("GET", f"/offers?limit={limit}")) == (400, "http.invalid")


@pytest.mark.parametrize("path", ["/offers/..%2f", "/offers/%00", "/offers/%2e%2e%2fissuances"])
def test_htt_005_a_path_that_leads_elsewhere_finds_no_offer(epr, path):
    assert epr.call("GET", path).status == 404


def offered(epr, **value):
    return epr.call("POST", "/offers", {"recordTypes": ["AllergySummary"], **value})


def test_an_offer_can_be_made_by_the_name_of_a_source(epr):
    assert offered(epr, source="agnes.json").status == 201


def test_an_offer_can_be_made_of_a_person_whom_a_source_finds(epr):
    patient = next(
        entry["resource"]
        for entry in bundle()["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    )
    born, family = patient["birthDate"], patient["name"][0]["family"]
    answer = offered(epr, person={"familyName": family, "birthDate": born})
    assert answer.status == 201, answer.body
    nobody = {"familyName": "Nemo", "birthDate": "1970-01-01"}
    assert code(offered(epr, person=nobody)) == (404, "offer.nobody")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"person": {}}, "source.person"),
        ({"person": {"familyName": "Nemo"}}, "source.person"),
        ({"person": {"nhsNumber": "1234567890"}}, "source.number"),
        ({"person": []}, "offer.request"),
        ({"person": {"nhsNumber": 1}}, "offer.request"),
        ({"person": {"givenNames": "x"}}, "offer.request"),
        ({"person": {"else": ""}}, "offer.request"),
        ({"person": {"nhsNumber": ""}, "source": "agnes.json"}, "offer.request"),
        ({"source": "agnes.json", "sourceKind": 1}, "offer.request"),
        ({"source": "agnes.json", "sourceKind": "elsewhere"}, "source.none"),
        ({"bundle": {}, "sourceKind": "folder"}, "offer.request"),
        ({"source": "../keys.json"}, "source.name"),
        ({"source": "nobody.json"}, "source.unknown"),
    ],
    ids=str,
)
def test_a_request_that_names_nobody_rightly_is_refused(epr, value, wanted):
    answer = offered(epr, **value)
    assert 400 <= answer.status < 500
    assert answer.json()["code"] == wanted


def test_sources_tell_whether_they_can_be_read(site, epr):
    told = epr.call("GET", "/sources").json()["sources"]
    assert told == [{"kind": "folder", "ready": True, "problem": None}]


def test_a_reason_is_one_word_of_the_list(site, epr):
    told = epr.make_offer().json()
    collected(site, told)
    issuance = epr.call("GET", f"/offers/{told['offerId']}").json()["issuances"][0]["id"]
    path = f"/issuances/{issuance}/status"
    wordy = {"change": "withdraw", "reason": "Mrs Quillfeather was not allergic"}
    assert code(epr.call("POST", path, wordy)) == (400, "http.invalid")
    answer = epr.call("POST", path, {"change": "withdraw", "reason": "patient_asked"})
    assert answer.json()["status"] == "withdrawn"


def test_a_card_is_made_for_somebody_without_a_wallet(epr):
    answer = epr.call("POST", "/cards", {"bundle": bundle()})
    assert answer.status == 201, answer.body
    told = answer.json()
    assert told["issuance"]["recordType"] == "EmergencyCard"
    found = epr.call("GET", f"/issuances?offer={told['issuance']['offerId']}").json()
    assert [one["id"] for one in found["issuances"]] == [told["issuance"]["id"]]
    for wrong in ({"details": ["allergies"]}, {"details": "nhsNumber"}, {"else": 1}):
        assert epr.call("POST", "/cards", {"bundle": bundle(), **wrong}).status == 400


def test_a_clients_own_rate_holds_it_up_and_no_other(tmp_path):
    site = Site(tmp_path, {"client_requests_per_second": 0.001, "client_request_burst": 3})
    one, two = (
        System(site, name, frozenset({Scope.OFFERS_READ})).enter() for name in ("one", "two")
    )
    answers = [one.call("GET", "/offers") for _ in range(5)]
    assert [answer.status for answer in answers] == [200] * 3 + [429] * 2
    assert answers[-1].headers["retry-after"]
    assert two.call("GET", "/offers").status == 200
    site.issuer.store.close()


def test_htt_002_a_body_that_is_too_large_is_refused(epr):
    for path, size in (("/webhooks", 1_048_577), ("/cards", 8 * 1_048_576 + 1)):
        answer = epr.call("POST", path, body=b" " * size)
        assert code(answer) == (413, "limit.size"), path


def test_htt_022_a_refusal_tells_nothing_of_the_inside(site, epr):
    answers = [
        epr.call("POST", "/offers", body=b"{"),
        epr.call("POST", "/cards", body=b"\xff"),
        epr.call("GET", "/offers/x"),
        epr.call("GET", "/offers", headers={"authorization": "Bearer hpt_x"}),
        epr.call("POST", "/issuances/x/status", {"change": "withdraw", "who": "Quillfeather"}),
    ]
    for answer in answers:
        text = answer.body.decode()
        assert answer.json()["help"]
        for word in ("Traceback", "sqlite", "site-packages", str(site.folder), "Quillfeather"):
            assert word not in text


def test_htt_017_other_methods_do_nothing(epr):
    for method in ("PUT", "DELETE", "TRACE", "PATCH"):
        for path in ("/offers", "/clients/token", "/webhooks", "/issuances/x/status"):
            assert epr.call(method, path).status == 405, (method, path)
    told = epr.make_offer().json()
    headers = {"authorization": f"Bearer {epr.token}", "x-http-method-override": "DELETE"}
    assert epr.call("GET", f"/offers/{told['offerId']}", headers=headers).status == 200
    assert state(epr, told) == "open"
