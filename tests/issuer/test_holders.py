"""A holder at their issuer: stop the old device, withdraw single copies, make an end."""

from __future__ import annotations

import json

import pytest
from returning_wallet import Returning, offered, source_site, tell, texts
from simulated_issuer import Wallet, refused

from healthpassport.encoding import b64url_decode, dump_text
from healthpassport.formats import format_named
from healthpassport.keys import generate_signer
from healthpassport.status.entries import inflate
from issuer import service

BOTH = ("dc+sd-jwt", "ldp_vc")


@pytest.fixture
def site(tmp_path):
    return source_site(tmp_path)


@pytest.fixture
def wallet(site):
    made = Returning.of(site, offered(site))
    assert made.ask_credential().status == 200
    return made


def states(site):
    return sorted(grant.state.value for grant in service.all_grants(site.issuer))


def statuses(site):
    return sorted(entry.status for entry in service.issued(site.issuer))


def told(answer, code):
    refused(answer, "invalid_grant")
    assert answer.json()["code"] == code


def test_a_new_device_takes_over_and_the_old_one_is_told(site, wallet):
    old_key, old_token, old_access = wallet.key, wallet.refresh_token, wallet.token
    answer = wallet.move()
    assert answer.status == 200, answer.body
    assert states(site) == ["active", "moved"]
    assert statuses(site) == [3]
    assert texts(wallet.ask_credential()) == ["Allergy to peanut", "Allergy to latex"]
    assert statuses(site) == [0, 3]
    old = Wallet(site, wallet.made)
    old.__class__ = Returning
    old.key, old.refresh_token, old.token = old_key, old_token, old_access
    told(old.refresh(), "grant.device_stopped")
    told(old.move(), "grant.device_stopped")
    refused(old.ask_credential(), "invalid_token", 401)
    assert wallet.refresh().status == 200
    assert states(site) == ["active", "moved"]


def test_a_backup_with_a_token_that_turned_away_can_still_take_over(site, wallet):
    from_backup = wallet.refresh_token
    for _ in range(3):
        site.pass_time(days=30)
        assert wallet.refresh().status == 200
    assert wallet.move(token=from_backup).status == 200
    assert wallet.ask_credential().status == 200


def test_a_lost_answer_to_the_move_is_given_again_until_it_is_used(site, wallet):
    old_key, token, key = wallet.key, wallet.refresh_token, generate_signer()
    first = wallet.move(key).json()
    wallet.key = old_key
    site.pass_time(days=3)
    again = wallet.move(key, token=token)
    assert again.json()["refresh_token"] == first["refresh_token"]
    assert wallet.refresh().status == 200
    wallet.key = old_key
    told(wallet.move(key, token=token), "grant.device_stopped")


def test_only_the_holder_of_the_old_key_can_move_a_grant(site, wallet):
    mine, wallet.key = wallet.key, generate_signer()
    refused(wallet.move(), "invalid_grant")
    wallet.key = mine
    assert states(site) == ["active"]


def bent_proofs(wallet):
    key, token = generate_signer(), wallet.refresh_token
    yield key, wallet.dpop("/holder/device", signer=key, access_token="another")
    yield key, wallet.dpop("/token", signer=key, access_token=token)
    yield key, wallet.dpop("/holder/device", signer=key, access_token=None)
    yield wallet.key, wallet.dpop("/holder/device", access_token=token)
    yield key, "no proof"


def test_a_new_key_that_is_not_proven_gets_nothing(site, wallet):
    for key, proof in bent_proofs(wallet):
        refused(wallet.move(key, proof=proof), "invalid_dpop_proof")
    assert states(site) == ["active"]
    assert statuses(site) == [0]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"refresh_token": 1, "proof": "x"}'])
def test_a_malformed_move_is_refused(wallet, body):
    headers = {"dpop": wallet.dpop("/holder/device", access_token=None)}
    refused(wallet.post("/holder/device", body, headers=headers), "invalid_request")


def test_a_grant_of_an_uploaded_offer_moves_too(site):
    wallet = Returning.of(site)
    assert wallet.ask_credential().status == 200
    assert wallet.move().status == 200
    assert statuses(site) == [3]
    assert wallet.get("/holder/grant").json() == {"source": False, "records": []}


def test_a_wallet_learns_what_there_is_now(site, wallet):
    wallet.refresh()
    assert wallet.get("/holder/grant").json() == {
        "source": True,
        "records": ["PatientIdentity", "AllergySummary", "EmergencySummary"],
    }
    tell(site)
    wallet.refresh()
    assert wallet.get("/holder/grant").json()["records"] == ["PatientIdentity"]
    assert statuses(site) == [3]  # what the source no longer tells no longer stands


def places(answer):
    """Where the statuses of the copies in ``answer`` stand, as a wallet would name them."""
    found = []
    for entry in answer.json()["credentials"]:
        text = entry["credential"]
        if isinstance(text, str):
            claims = json.loads(b64url_decode(text.split(".")[1]))
            found.append(claims["status"]["status_list"])
        else:
            held = format_named("ldp_vc").open_held(dump_text(text))
            [row] = [
                r for r in held.document["credentialStatus"] if r["statusPurpose"] == "revocation"
            ]
            found.append({"uri": row["statusListCredential"], "idx": int(row["statusListIndex"])})
    return found


def status_at(site, place):
    token = site.call("GET", place["uri"].removeprefix(site.settings.iss)).body
    body = json.loads(b64url_decode(token.split(b".")[1].decode()))["status_list"]
    data = inflate(b64url_decode(body["lst"]))
    return data[place["idx"] * 2 // 8] >> place["idx"] * 2 % 8 & 3


def test_single_copies_are_withdrawn_and_the_others_stay(site, wallet):
    wallet.refresh()
    answer = wallet.ask_credential(copies=3)
    given, *kept = places(answer)
    for _ in range(2):  # twice is once
        done = wallet.post("/holder/copies/withdraw", {"copies": [given]})
        assert done.json() == {"withdrawn": 1}
    assert status_at(site, given) == 1
    assert [status_at(site, place) for place in kept] == [0, 0]


def test_a_withdrawn_copy_stays_so_whatever_becomes_of_the_others(site, wallet):
    wallet.refresh()
    answer = wallet.ask_credential()
    given, kept = places(answer)
    wallet.post("/holder/copies/withdraw", {"copies": [given]})
    entry = service.issued(site.issuer)[0]
    for change in ("suspend", "reinstate"):
        service.change_status(site.issuer, issuance=entry.id, change=service.Change(change))
    assert (status_at(site, given), status_at(site, kept)) == (1, 0)


def test_a_w3c_copy_is_withdrawn_by_its_revocation_entry(tmp_path):
    site = source_site(tmp_path, formats=BOTH)
    wallet = Returning.of(site, offered(site))
    given, kept = places(wallet.ask_credential("AllergySummary.ldp_vc"))
    done = wallet.post("/holder/copies/withdraw", {"copies": [given]})
    assert done.json() == {"withdrawn": 1}
    from issuer.store import bitstrings  # noqa: PLC0415

    with site.issuer.store.reading() as tx:
        number = int(given["uri"].rpartition("/")[2])
        assert bitstrings.marked(tx, number) == (given["idx"],)
    assert kept["idx"] != given["idx"]


def test_one_record_in_two_formats_stays_in_both_when_one_is_accepted(tmp_path):
    site = source_site(tmp_path, formats=BOTH)
    wallet = Returning.of(site, offered(site))
    plain, w3c = wallet.ask_credential(), wallet.ask_credential("AllergySummary.ldp_vc")
    wallet.accept(plain)
    wallet.accept(w3c)
    assert [one.status for one in service.issued(site.issuer)] == [0, 0]


def test_a_grant_that_ends_while_its_source_is_read_gives_nothing(site, wallet, monkeypatch):
    """Else the old device had live copies of the moment at which it was stopped."""
    from issuer.service import refreshing  # noqa: PLC0415

    wallet.refresh()
    before = [one.id for one in service.issued(site.issuer)]
    [grant] = service.all_grants(site.issuer)
    read = refreshing._read

    def slow(*given):
        found = read(*given)
        service.stop_grant(site.issuer, grant=grant.id)
        return found

    monkeypatch.setattr(refreshing, "_read", slow)
    assert wallet.ask_credential().status >= 400
    assert [one.id for one in service.issued(site.issuer)] == before


def test_copies_of_somebody_else_are_refused_with_the_whole_list(site, wallet):
    other = Returning.of(site, offered(site))
    theirs = places(other.ask_credential())
    wallet.refresh()
    mine = places(wallet.ask_credential())
    unknown = {"uri": mine[0]["uri"], "idx": 7}
    elsewhere = {"uri": "https://elsewhere.example/status/1", "idx": mine[0]["idx"]}
    for wrong in (theirs[0], unknown, elsewhere):
        answer = wallet.post("/holder/copies/withdraw", {"copies": [mine[0], wrong]})
        assert answer.status == 404
        assert answer.json()["code"] == "grant.not_yours"
    assert [status_at(site, place) for place in (*mine, *theirs)] == [0] * 4


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"copies": []},
        {"copies": [{"uri": "x"}]},
        {"copies": [{"uri": "x", "idx": -1}]},
        {"copies": [{"uri": "x", "idx": True}]},
        {"copies": [{"uri": "x", "idx": "1"}]},
        {"copies": [{"uri": "x", "idx": 1}] * 501},
        {"copies": [{"uri": "x", "idx": 1}], "more": 1},
    ],
)
def test_a_malformed_list_of_copies_is_refused(wallet, value):
    refused(wallet.post("/holder/copies/withdraw", value), "invalid_request")


def test_a_holder_can_end_it_all(site, wallet):
    wallet.refresh()
    assert wallet.post("/holder/end", {}).status == 204
    assert states(site) == ["ended"]
    assert statuses(site) == [1]
    told(wallet.refresh(), "grant.ended")


@pytest.mark.parametrize("path", ["/holder/copies/withdraw", "/holder/end"])
def test_nothing_goes_without_an_access_token_of_its_key(wallet, path):
    refused(wallet.post(path, {}, headers={}), "invalid_token", 401)
    wallet.key = generate_signer()
    refused(wallet.post(path, {}), "invalid_dpop_proof", 401)


def test_a_bearer_token_has_no_grant_to_act_on(tmp_path):
    site = source_site(tmp_path, dpop_required=False)
    wallet = Wallet(site, offered(site))
    wallet.ask_token(headers={})
    answer = wallet.post("/holder/end", {}, headers={"authorization": f"Bearer {wallet.token}"})
    assert answer.status == 403
