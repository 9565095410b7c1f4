"""Offers for which the patient signs in: bound to their records, and to nobody else."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode, urlsplit

import pytest
from fhir_examples import PATIENT, UNTRACED, allergy, bundle, concept, data
from sign_in_world import (
    FORM,
    LATEX,
    MINUTE,
    SCOPE,
    Asking,
    SignInSite,
    person,
    returned,
    told,
    way_back,
)
from simulated_issuer import refused

from healthpassport.errors import PassportError
from issuer import service
from issuer.service.sign_in_offers import offer_for_sign_in
from issuer.store import Wanted, offers
from issuer.store import audit as trail

NUT = allergy(concept("91935009", "Allergy to peanut"))
IDENTITY = "https://passport.example/vct/PatientIdentity/1"


@pytest.fixture
def site(tmp_path):
    # The folder holds somebody else's notes: what is offered comes from the bundle alone.
    other = PATIENT | {
        "id": "p",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000026"}],
    }
    return SignInSite(tmp_path, bundles={"other.json": data(bundle(other, LATEX))})


def offered(site, patient=PATIENT, wanted=("AllergySummary",)):
    return offer_for_sign_in(
        site.issuer, client="practice", bundle=data(bundle(patient, NUT)), wanted=wanted
    )


def state_of(made):
    return made.offer.grants.authorization_code.issuer_state


def test_an_offer_leads_to_the_records_that_the_practice_chose(site):
    made = offered(site)
    wire = site.call("GET", urlsplit(made.uri).path).json()
    assert wire["credential_configuration_ids"] == ["AllergySummary"]
    assert list(wire["grants"]) == ["authorization_code"]
    state = wire["grants"]["authorization_code"]["issuer_state"]
    wallet = Asking(site)
    given = wallet.redeem(wallet.code(issuer_state=state, scope=f"{SCOPE} {IDENTITY}"))
    assert given.status == 200, given.body
    assert given.json()["scope"] == SCOPE
    assert wallet.collect().status == 200
    assert wallet.collect("PatientIdentity").status == 400
    assert site.call("GET", urlsplit(made.uri).path).status == 404
    refused(Asking(site).push(issuer_state=state), "invalid_request")


def test_somebody_else_who_signs_in_gets_nothing_and_takes_nothing_away(site):
    state = state_of(offered(site))
    thief = Asking(site)
    site.login.person = person(nhs_number="9990000026")
    thief.begin(issuer_state=state)
    page = thief.sign_in()
    assert "patient.not_found" in told(page)
    assert way_back(page)["error"] == "access_denied"
    site.login.person = person()
    wallet = Asking(site)
    assert wallet.redeem(wallet.code(issuer_state=state)).status == 200


def test_of_two_wallets_with_one_offer_one_gets_it(site):
    state = state_of(offered(site))
    first, second = Asking(site), Asking(site)
    for wallet in (first, second):
        wallet.begin(issuer_state=state)
        wallet.sign_in()
    assert returned(first.answer())["code"]
    page = second.browser.get("/patient/agree").body.decode()
    form = re.search(r'name="form" value="([^"]+)"', page)[1]
    late = second.browser.post("/patient/agree", form=form, answer="yes")
    assert "patient.sign_in_unknown" in told(late)


def test_a_patient_who_says_no_may_say_yes_later(site):
    state = state_of(offered(site))
    wallet = Asking(site)
    wallet.begin(issuer_state=state)
    wallet.sign_in()
    assert returned(wallet.answer("no"))["error"] == "access_denied"
    again = Asking(site)
    assert again.redeem(again.code(issuer_state=state)).status == 200


def test_the_state_opens_nothing_by_itself(site):
    state = state_of(offered(site))
    wallet = Asking(site)
    refused(wallet.redeem(state), "invalid_grant")
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code",
        "pre-authorized_code": state,
        "tx_code": "000000",
    }
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "dpop": wallet.dpop("/token"),
    }
    for _ in range(6):
        headers["dpop"] = wallet.dpop("/token")
        answer = site.call("POST", "/token", body=urlencode(form).encode(), headers=headers)
        refused(answer, "invalid_grant")
    assert wallet.redeem(wallet.code(issuer_state=state)).status == 200


def test_an_offer_ends_by_itself_and_holds_nothing_then(site):
    made = offered(site)
    site.pass_time(minutes=61)
    refused(Asking(site).push(issuer_state=state_of(made)), "invalid_request")
    service.sweep(site.issuer)
    with site.issuer.store.reading() as tx:
        assert not offers.sealed_records(tx, made.id)
    assert MINUTE


@pytest.mark.parametrize(
    ("patient", "code"),
    [
        ({k: v for k, v in PATIENT.items() if k != "birthDate"}, "offer.no_number"),
        ({k: v for k, v in PATIENT.items() if k != "identifier"}, "offer.no_number"),
        (PATIENT | {"deceasedBoolean": True}, "offer.gone"),
        (UNTRACED, "source.number_not_verified"),
    ],
)
def test_an_offer_needs_a_patient_who_can_be_known(site, patient, code):
    with pytest.raises(PassportError) as caught:
        offered(site, patient)
    assert caught.value.code == code


def test_a_number_of_which_nothing_is_said_finds_nobody_where_only_verified_ones_do(tmp_path):
    site = SignInSite(tmp_path, {"verified_numbers_only": True})
    wallet = Asking(site)
    wallet.begin()
    assert "patient.not_found" in told(wallet.sign_in())
    with pytest.raises(PassportError, match=r"^source\.number_not_verified"):
        offered(site)


def test_an_offer_from_a_source_may_be_refreshed(tmp_path):
    site = SignInSite(tmp_path)
    made = offer_for_sign_in(site.issuer, client="practice", name="a.json")
    wallet = Asking(site)
    given = wallet.redeem(wallet.code(issuer_state=state_of(made)))
    assert "refresh_token" in given.json()
    assert json.dumps(made.offer.wire())


def test_a_wallet_that_comes_back_gets_what_the_patient_agreed_to_and_nothing_else(tmp_path):
    """The practice offered all it has; the page that the patient saw named the allergies alone."""
    site = SignInSite(tmp_path)
    made = offer_for_sign_in(site.issuer, client="practice", name="a.json")
    wallet = Asking(site)
    given = wallet.redeem(wallet.code(issuer_state=state_of(made)))
    assert given.json()["scope"] == SCOPE
    site.pass_time(days=1)
    body = {
        "grant_type": "refresh_token",
        "refresh_token": given.json()["refresh_token"],
        "client_id": wallet.client,
    }
    sent = [*FORM.items(), ("dpop", wallet.dpop("/token"))]
    again = site.call("POST", "/token", body=urlencode(body).encode(), headers=sent)
    assert again.status == 200, again.body
    wallet.token = again.json()["access_token"]
    assert wallet.collect("PatientIdentity").status == 400
    assert wallet.collect("AllergySummary").status == 200


def test_such_an_offer_stands_in_the_audit_trail_and_is_found_by_the_number(site):
    made = offered(site)
    site.issuer.audit.settle()
    site.issuer.audit.seal()
    with site.issuer.store.reading() as tx:
        about = Wanted(about=site.issuer.audit.about("9990000018"))
        (patient,) = trail.find(tx, about, 10)
        (offer,) = trail.find(tx, Wanted(about=site.issuer.audit.about(made.id)), 10)
    assert json.loads(patient.entry)["event"] == "patient.offered"
    assert json.loads(offer.entry)["event"] == "offer.made"
