"""A number that nobody traced finds nobody; who left or died gets nothing; names stay apart."""

from __future__ import annotations

import copy
import json

import pytest
from api_world import System, bundle, code, fresh_key
from simulated_issuer import Site

from healthpassport.errors import ServiceError, SourceError
from healthpassport.keys import generate_signer
from issuer.service.api_clients import add_client
from issuer.service.bulk import results
from issuer.service.bulk_lines import Line
from issuer.service.bulk_work import read_line
from issuer.service.job_kinds import KINDS
from issuer.service.jobs import run_due
from issuer.service.scopes import Scope

NUMBER = "9990000018"
CODES = {
    "verified": "01",
    "worded": "number-present-and-verified",
    "untraced": "02",
    "conflict": "05",
    "unsaid": None,
}
URL = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"


def patient_of(told):
    return next(
        entry["resource"]
        for entry in told["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    )


def with_status(status, *, number=NUMBER, **changes):
    told = copy.deepcopy(bundle())
    patient = patient_of(told)
    identifier = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}
    if status is not None:
        value = {"coding": [{"code": status}]}
        identifier["extension"] = [{"url": URL, "valueCodeableConcept": value}]
    patient["identifier"] = [identifier]
    patient.update(changes)
    return told


def world(folder, **changes):
    source = folder / "source"
    source.mkdir()
    site = Site(folder, {"source_folder": source, "client_request_burst": 10**6} | changes)
    site.epr = System(site, "epr").enter()
    return site


def holds(site, told):
    for old in site.settings.source_folder.iterdir():
        old.unlink()
    (site.settings.source_folder / "a.json").write_text(json.dumps(told))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = world(tmp_path_factory.mktemp("numbers"))
    yield made
    made.issuer.store.close()


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    made = world(tmp_path_factory.mktemp("strict"), verified_numbers_only=True)
    yield made
    made.issuer.store.close()


def asked(site, path="/offers", **value):
    more = {"recordTypes": ["AllergySummary"]} if path == "/offers" else {}
    return site.epr.call("POST", path, {**more, **value})


def by_number(site, path="/offers"):
    return asked(site, path, person={"nhsNumber": NUMBER})


@pytest.mark.parametrize("path", ["/offers", "/cards"])
@pytest.mark.parametrize("name", ["verified", "worded"])
def test_a_verified_number_finds_its_person_and_nobody_is_warned(site, strict, name, path):
    for one in (site, strict):
        holds(one, with_status(CODES[name]))
        answer = by_number(one, path)
        assert answer.status == 201, answer.body
        assert answer.json()["warnings"] == []


@pytest.mark.parametrize("path", ["/offers", "/cards"])
@pytest.mark.parametrize("name", ["untraced", "conflict"])
def test_nobody_is_found_by_a_number_that_the_source_calls_unverified(site, name, path):
    holds(site, with_status(CODES[name]))
    assert code(by_number(site, path)) == (422, "source.number_not_verified")


def test_where_the_source_says_nothing_whoever_asks_is_warned(site):
    holds(site, with_status(None))
    for path in ("/offers", "/cards"):
        assert by_number(site, path).json()["warnings"] == ["number_not_verified"]


def test_who_is_found_in_another_way_is_offered_with_a_warning(site):
    told = with_status("02")
    holds(site, told)
    patient = patient_of(told)
    person = {"familyName": patient["name"][0]["family"], "birthDate": patient["birthDate"]}
    for value in ({"person": person}, {"source": "a.json"}, {"bundle": told}):
        answer = asked(site, **value)
        assert answer.status == 201, answer.body
        assert answer.json()["warnings"] == ["number_not_verified"]


@pytest.mark.parametrize("name", ["untraced", "unsaid"])
def test_a_practice_may_offer_to_verified_numbers_alone(strict, name):
    told = with_status(CODES[name])
    holds(strict, told)
    for value in ({"person": {"nhsNumber": NUMBER}}, {"source": "a.json"}, {"bundle": told}):
        assert code(asked(strict, **value)) == (422, "source.number_not_verified")
    with pytest.raises(SourceError) as caught:
        read_line(strict.issuer, Line(1, source="a.json"), wanted=(), source=None)
    assert caught.value.code == "source.number_not_verified"


def test_a_line_of_a_run_is_held_to_the_same(site):
    holds(site, with_status("03"))
    with pytest.raises(SourceError) as caught:
        read_line(site.issuer, Line(1, nhs_number=NUMBER), wanted=(), source=None)
    assert caught.value.code == "source.number_not_verified"


def test_a_line_of_a_run_is_warned_of_in_the_plan_and_beside_its_pin(site):
    holds(site, with_status(None))
    lines, mine = [{"nhsNumber": NUMBER}], generate_signer()
    planned = site.epr.call("POST", "/bulk/plan", {"lines": lines}).json()["lines"]
    assert planned[0]["warnings"] == ["number_not_verified"]
    asked = {"lines": lines, "recipient": mine.public_key.jwk()}
    run = site.epr.call("POST", "/bulk", asked).json()["id"]
    run_due(site.issuer, KINDS)
    [told] = results(site.issuer, run, key=mine)
    assert told.warnings == ("number_not_verified",)


@pytest.mark.parametrize("path", ["/offers", "/cards"])
@pytest.mark.parametrize("gone", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-10-01"}])
def test_nothing_is_made_for_somebody_who_has_died(site, path, gone):
    told = with_status("01", **gone)
    holds(site, told)
    for value in ({"source": "a.json"}, {"person": {"nhsNumber": NUMBER}}):
        assert code(asked(site, path, **value)) == (422, "offer.gone")


@pytest.mark.parametrize("gone", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-10-01"}])
def test_no_card_is_made_of_notes_that_were_sent_of_somebody_who_has_died(site, gone):
    told = with_status("01", **gone)
    assert code(asked(site, "/cards", bundle=told)) == (422, "offer.gone")
    raw = json.dumps(told).encode()
    headers = {
        "authorization": f"Bearer {site.epr.token}",
        "content-type": "application/fhir+json",
    }
    assert code(site.epr.call("POST", "/cards", headers=headers, body=raw)) == (422, "offer.gone")


def test_notes_that_were_sent_of_somebody_who_has_died_are_signed_as_they_are(site):
    made = asked(site, bundle=with_status("01", deceasedBoolean=True))
    assert made.status == 201, made.body


def test_a_client_does_not_get_the_name_of_a_key_by_chance(site):
    with pytest.raises(ServiceError) as caught:
        add_client(site.issuer, name="practice", scopes=frozenset(Scope))
    assert caught.value.code == "api.client_name_taken"
    key = {"authorization": f"Bearer {site.api_key}"}
    assert site.epr.call("GET", "/offers", headers=key).status == 200


def test_a_client_that_takes_over_a_key_has_what_it_made_and_the_key_counts_no_more(tmp_path):
    site = world(tmp_path)
    key = {"authorization": f"Bearer {site.api_key}"}
    made = {"bundle": with_status("01"), "recordTypes": ["AllergySummary"]}
    told = site.epr.call("POST", "/offers", made, headers=key, key=fresh_key()).json()
    system = System(site, "practice").enter()
    assert system.call("GET", f"/offers/{told['offerId']}").status == 200
    assert code(site.epr.call("GET", "/offers", headers=key)) == (403, "api.key_name_taken")
    header = {"x-api-key": site.api_key}
    assert code(site.epr.call("GET", "/sources", headers=header)) == (403, "api.key_name_taken")
    site.issuer.store.close()
