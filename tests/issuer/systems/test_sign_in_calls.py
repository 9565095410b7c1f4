"""A record system makes offers for which the patient signs in; there is no PIN to give."""

from __future__ import annotations

import json

import pytest
from api_world import System, code, fresh_key
from fhir_examples import PATIENT, bundle, data
from sign_in_world import LATEX, NUMBER, SCOPE, Asking, SignInSite, person, told
from simulated_issuer import Site

from issuer.client.api import OfferAsked
from issuer.client.api.models import OfferMade

NOTES = json.loads(data(bundle(PATIENT, LATEX)))
TYPES = ["AllergySummary"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = SignInSite(tmp_path_factory.mktemp("sign-in"), {"client_request_burst": 10**6})
    made.epr, made.other = System(made, "epr").enter(), System(made, "other").enter()
    yield made
    made.issuer.store.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("no-sign-in"))
    made.epr = System(made, "epr").enter()
    yield made
    made.issuer.store.close()


def offered(site, **value):
    return site.epr.call("POST", "/offers", {"signIn": True, "recordTypes": TYPES} | value)


def state_of(made):
    return made["credential_offer"]["grants"]["authorization_code"]["issuer_state"]


@pytest.mark.parametrize(
    "value",
    [{"source": "a.json"}, {"person": {"nhsNumber": NUMBER}}, {"bundle": NOTES}],
    ids=["source", "person", "bundle"],
)
def test_the_patient_signs_in_and_collects_what_the_system_offered(site, value):
    answer = offered(site, **value)
    assert answer.status == 201, answer.body
    made = answer.json()
    assert made["pin"] is None
    assert list(made["credential_offer"]["grants"]) == ["authorization_code"]
    wallet = Asking(site)
    given = wallet.redeem(wallet.code(issuer_state=state_of(made), scope=SCOPE))
    assert given.status == 200, given.body
    assert wallet.collect().status == 200
    seen = site.epr.call("GET", f"/offers/{made['offerId']}").json()
    assert [one["recordType"] for one in seen["issuances"]] == TYPES
    answer = site.other.call("GET", f"/offers/{made['offerId']}")
    assert code(answer) == (404, "offer.unknown")


def test_somebody_else_who_signs_in_gets_nothing_of_it(site):
    made = offered(site, source="a.json").json()
    thief = Asking(site)
    site.login.person = person(nhs_number="9990000026")
    thief.begin(issuer_state=state_of(made))
    assert "patient.not_found" in told(thief.sign_in())
    site.login.person = person()
    assert site.epr.call("GET", f"/offers/{made['offerId']}").json()["state"] == "open"


def test_it_is_made_once_for_one_key_and_a_pin_is_another_request(site):
    key, value = fresh_key(), {"source": "a.json", "signIn": True}
    one, two = (site.epr.call("POST", "/offers", value, key=key) for _ in range(2))
    assert one.json() == two.json()
    answer = site.epr.call("POST", "/offers", {"source": "a.json"}, key=key)
    assert code(answer) == (422, "api.idempotency_reused")


def test_a_bundle_that_is_sent_as_it_is_has_it_in_the_query(site):
    def send(query):
        headers = {
            "authorization": f"Bearer {site.epr.token}",
            "content-type": "application/fhir+json",
        }
        path = f"/offers?recordTypes=AllergySummary&{query}"
        return site.epr.call("POST", path, headers=headers, body=json.dumps(NOTES).encode())

    assert send("signIn=true").json()["pin"] is None
    assert send("signIn=false").json()["pin"]
    for wrong in ("signIn=yes", "signIn=", "signIn=1"):
        assert code(send(wrong)) == (400, "offer.request")


@pytest.mark.parametrize("wrong", ["true", 1, None, {}])
def test_whether_the_patient_signs_in_is_a_yes_or_a_no(site, wrong):
    assert code(offered(site, source="a.json", signIn=wrong)) == (400, "offer.request")


def test_a_card_is_not_for_signing_in(site):
    answer = site.epr.call("POST", "/cards", {"source": "a.json", "signIn": True})
    assert code(answer) == (400, "offer.request")


@pytest.mark.parametrize("gone", [{"birthDate": None}, {"identifier": []}])
def test_who_could_not_be_told_from_others_gets_an_offer_with_a_pin_alone(site, gone):
    patient = {name: one for name, one in (PATIENT | gone).items() if one is not None}
    notes = json.loads(data(bundle(patient, LATEX)))
    assert code(offered(site, bundle=notes)) == (422, "offer.no_number")


def test_nothing_is_offered_so_to_somebody_who_has_died(site):
    notes = json.loads(data(bundle(PATIENT | {"deceasedBoolean": True}, LATEX)))
    assert code(offered(site, bundle=notes)) == (422, "offer.gone")


def test_where_patients_do_not_sign_in_it_is_refused_before_anything_is_read(plain):
    for value in ({"source": "nobody.json"}, {"bundle": NOTES}, {"bundle": {}}):
        assert code(offered(plain, **value)) == (422, "patient.no_sign_in")


def test_it_can_be_cancelled_until_the_patient_has_signed_in(site):
    made = offered(site, source="a.json").json()
    answer = site.epr.call("POST", f"/offers/{made['offerId']}/cancel")
    assert answer.json()["state"] == "cancelled"


def test_the_typed_client_asks_for_it_and_reads_the_answer(site):
    asked = OfferAsked(source="a.json", record_types=("AllergySummary",), sign_in=True)
    answer = site.epr.call("POST", "/offers", asked.model_dump(by_alias=True, exclude_none=True))
    made = OfferMade.model_validate(answer.json())
    assert made.pin is None
    assert made.link
