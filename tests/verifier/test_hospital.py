"""Into the hospital's record system: sign-in, the match step, what is written and what never."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from asgi_calls import call
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from desk_world import (
    Clock,
    code_of,
    full_wallet,
    identity,
    make_desk,
    make_world,
    opened,
    post,
    wallet_with,
)
from hospital_store import BASE, CLIENT, MRN, HospitalStore, person
from record_examples import NO_ALLERGIES, allergies, medicines

from healthpassport.summary import SectionState
from verifier.api import create_app
from verifier.client import Outcome, load_client_key, public_jwks
from verifier.client.demographics import read_patient
from verifier.service import Expected
from verifier.service.again import verify_again
from verifier.service.hospital import completed, open_hospital
from verifier.service.hospital_match import candidates, shared_person
from verifier.service.record_writing import add_to_record, find_patients
from verifier.service.stored import read_stored
from verifier.web import create_app as create_page
from verifier.web.app import DESK

WARD = {"authorization": "Bearer ward-key"}
FORM = {
    "content-type": "application/x-www-form-urlencoded",
    "origin": "http://localhost",
    "host": "localhost",
}


def write_key(path, key):
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture(scope="module")
def own_world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("hospital"))


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def ready(own_world, tmp_path_factory, clock):
    """One desk for all tests of this file; each brings its own record system."""
    home = tmp_path_factory.mktemp("desk")
    key = hashlib.sha256(b"ward-key").hexdigest()
    (home / "api-keys.json").write_text(json.dumps({"ward": key}))
    write_key(home / "fhir.key", ec.generate_private_key(ec.SECP384R1()))
    made = make_desk(
        own_world,
        home,
        clock=clock,
        fhir_url=BASE,
        fhir_client_id=CLIENT,
        fhir_number_system=MRN,
        fhir_match=True,
    )
    yield made
    made.shut()


@pytest.fixture
def store(ready):
    return HospitalStore(keys=public_jwks(load_client_key(ready.settings.fhir_key_uri)))


@pytest.fixture
def desk(ready, store, clock):
    ready.hospital = open_hospital(
        ready.settings, clock=clock, random=secrets.token_bytes, fetcher=store
    )
    return ready


def answered(world, desk, *records, name="ward"):
    wallet = wallet_with(world, *records) if records else full_wallet(world)
    view, request = opened(desk, wallet, name=name)
    post(desk, view, wallet.answer(request))
    return view


@pytest.fixture(scope="module")
def shown(own_world, ready):
    """One result that every test may look at."""
    return answered(own_world, ready)


def found(desk, view, name="ward"):
    return find_patients(desk, view.id, name=name).candidates


def added(desk, view, patient="p1", agreed=(), name="ward"):
    return add_to_record(desk, view.id, name=name, patient_id=patient, agreed=agreed)


# -- sign-in ----------------------------------------------------------------------------------


def test_one_token_serves_until_it_ends_and_is_fetched_with_an_assertion_of_its_own(
    desk, store, shown, clock
):
    found(desk, shown)
    found(desk, shown)
    assert len(store.used) == 1
    clock.offset += timedelta(minutes=6)
    try:
        found(desk, shown)  # results are forgotten after fifteen minutes, tokens after five
    finally:
        clock.offset = timedelta()
    assert len(store.used) == 2


def test_a_token_that_the_server_dropped_is_fetched_anew_once(desk, store, shown):
    found(desk, shown)
    store.tokens.clear()
    found(desk, shown)
    assert len(store.used) == 2
    store.bend = lambda request, made: (
        replace(made, status=401) if "_search" in request.url else made
    )
    assert code_of(found, desk, shown) == "hospital.sign_in"


def test_a_key_that_the_server_does_not_know_is_not_let_in(desk, store, shown):
    store.keys = {"keys": []}
    assert code_of(found, desk, shown) == "hospital.sign_in"


def test_an_rsa_key_signs_with_rs384(ready, shown, tmp_path, clock):
    write_key(tmp_path / "rsa.key", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    own = ready.settings.model_copy(update={"fhir_key": f"file:{tmp_path / 'rsa.key'}"})
    key = load_client_key(own.fhir_key_uri)
    assert key.algorithm == "RS384"
    store = HospitalStore(keys=public_jwks(key))
    ready.hospital = open_hospital(own, clock=clock, random=secrets.token_bytes, fetcher=store)
    assert found(ready, shown)


@pytest.mark.parametrize("kind", ["p256", "small", "none", "text"])
def test_a_key_that_no_server_may_take_is_refused_at_the_start(tmp_path, kind):
    path = tmp_path / "key"
    if kind == "p256":
        write_key(path, ec.generate_private_key(ec.SECP256R1()))
    elif kind == "small":
        write_key(path, rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505
    elif kind == "text":
        path.write_text("no key")
    assert code_of(load_client_key, f"file:{path}") == "hospital.setup"


# -- the match step ---------------------------------------------------------------------------


def test_the_patient_who_fits_is_found_and_no_number_stands_in_an_address(desk, store, shown):
    (one,) = found(desk, shown)
    assert (one.strength, one.to_agree, one.may_be_chosen) == ("sure", (), True)
    for request in store.calls:
        assert "9990000018" not in request.url
        assert "Example" not in request.url


@pytest.mark.parametrize(
    ("people", "strengths", "chosen"),
    [
        ([person(given="")], ["sure"], True),
        ([person(family="Married")], ["weak"], True),
        ([person(born="1958-07-15")], ["weak"], True),
        ([person(given="Other")], ["weak"], True),
        ([person(number="")], ["weak"], True),
        ([person(family="Married", given="Other")], ["other"], False),
        ([person(number="9990000026")], ["other"], False),
        ([person(number="", given="Twin")], ["other"], False),
        ([person(), person("p2")], ["sure", "sure"], False),
        ([person(), person("p2", family="Somebody", given="Else")], ["sure", "other"], False),
        ([person("p1", number=""), person("p2", number="")], ["weak", "weak"], False),
        ([person("p1", number="", given=""), person("p2", number="")], ["weak", "weak"], False),
    ],
)
def test_how_well_somebody_fits(shown, desk, people, strengths, chosen):
    shared = shared_person(desk.look(shown.id, desk="ward").summary)
    rows = candidates(shared, [read_patient(one, number_system=MRN) for one in people])
    assert [one.strength for one in rows] == strengths
    assert any(one.may_be_chosen for one in rows) is chosen


def test_a_twin_with_a_number_of_their_own_is_shown_and_cannot_be_chosen(desk, store, shown):
    store.people = [person(), person("p2", number="9990000026", given="Twin")]
    first, second = found(desk, shown)
    assert (first.patient.id, first.may_be_chosen) == ("p1", True)
    assert (second.strength, second.may_be_chosen) == ("other", False)
    assert code_of(added, desk, shown, "p2", second.to_agree) == "hospital.other_person"


def test_twins_who_cannot_be_told_apart_are_never_written_to(desk, store, shown):
    store.people = [person("p1", number="", given=""), person("p2", number="", given="")]
    one, _ = found(desk, shown)
    assert code_of(added, desk, shown, "p1", one.to_agree) == "hospital.ambiguous"
    assert not store.written


def test_two_patients_for_one_number_are_never_written_to(desk, store, shown):
    store.people = [person(), person("p2", family="Somebody", given="Else")]
    assert code_of(added, desk, shown) == "hospital.ambiguous"
    assert not store.written


def test_whoever_is_replaced_or_not_in_use_is_nobody(desk, store, shown):
    gone = {**person("p2"), "active": False}
    merged = {
        **person("p3"),
        "link": [{"type": "replaced-by", "other": {"reference": "Patient/p1"}}],
    }
    store.people = [person(), gone, merged]
    assert [one.patient.id for one in found(desk, shown)] == ["p1"]
    store.people = [gone]
    assert code_of(found, desk, shown) == "hospital.not_found"


def test_the_servers_own_matching_is_asked_where_a_search_finds_nobody(desk, store, shown):
    store.people = [person(number="", family="Other")]
    (one,) = found(desk, shown)
    assert any("$match" in request.url for request in store.calls)
    assert not one.may_be_chosen


def test_a_difference_has_to_be_agreed_to_as_it_is(desk, store, shown):
    store.people = [person(family="Married")]
    assert code_of(added, desk, shown) == "hospital.not_agreed"
    assert code_of(added, desk, shown, "p1", ["birthDate"]) == "hospital.not_agreed"
    assert code_of(added, desk, shown, "p1", ["familyName", "birthDate"]) == "hospital.not_agreed"
    assert added(desk, shown, agreed=["familyName"]).whole


def test_a_patient_who_changed_since_staff_looked_is_not_written_to(desk, store, shown):
    (one,) = found(desk, shown)
    store.people = [person(born="1999-01-01")]
    assert code_of(added, desk, shown, "p1", one.to_agree) == "hospital.not_agreed"
    assert not store.written


@pytest.mark.parametrize("patient", ["p9", "", "../Patient/p1", "p1?x", "p1/_history/1"])
def test_only_a_patient_who_was_found_can_be_chosen(desk, store, shown, patient):
    assert code_of(added, desk, shown, patient) == "hospital.not_found"
    assert all("_history" not in request.url for request in store.calls)


def test_expected_demographics_come_from_the_record_system(desk, store):
    known = completed(desk.hospital, Expected(nhs_number="999 000 0018"))
    assert known == Expected("Example", "1958-07-14", "999 000 0018")
    assert completed(desk.hospital, Expected(), hospital_number="MRNp1").birth_date == "1958-07-14"
    typed = Expected(family_name="Typed", nhs_number="9990000018")
    assert completed(desk.hospital, typed).family_name == "Typed"
    store.people = [person(), person("p2")]
    assert completed(desk.hospital, Expected(nhs_number="9990000018")).family_name == ""
    store.bend = lambda _request, made: replace(made, status=500)
    assert completed(desk.hospital, Expected(nhs_number="9990000018")).family_name == ""
    assert completed(None, Expected("A")) == Expected("A")


# -- writing ----------------------------------------------------------------------------------


def test_what_was_shown_is_added_as_unconfirmed_beside_the_document(desk, store, shown):
    done = added(desk, shown)
    assert done.whole
    assert {one.outcome for one in done.entries} == {Outcome.CREATED}
    first, second = store.of_kind("AllergyIntolerance")
    for one in (first, second):
        assert one["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
        assert one["patient"] == {"reference": "Patient/p1"}
        assert one["meta"]["tag"][0]["code"] == "not-reconciled"
    assert {one.line.text for one in done.entries} >= {"Penicillin", "Latex"}
    assert not store.of_kind("MedicationRequest")  # an order could be dispensed
    assert store.of_kind("MedicationStatement")
    assert not store.of_kind("Patient")
    targets = [t["reference"] for p in store.of_kind("Provenance") for t in p["target"]]
    assert sorted(targets) == sorted(
        name for name in store.written if not name.startswith(("Provenance", "DocumentReference"))
    )


def test_adding_twice_writes_nothing_twice(desk, store, own_world, shown):
    added(desk, shown)
    before = dict(store.written)
    again = added(desk, shown)
    assert {one.outcome for one in again.entries} == {Outcome.THERE_ALREADY}
    other = answered(own_world, desk)  # the same records, shared another time
    third = added(desk, other)
    kinds = {one.line.kind for one in third.entries if one.outcome is Outcome.CREATED}
    assert kinds == {"DocumentReference", "Provenance"}
    assert store.of_kind("AllergyIntolerance") == [
        one for name, one in before.items() if name.startswith("AllergyIntolerance")
    ]


def test_the_document_that_was_kept_can_be_verified_again(desk, store, shown):
    added(desk, shown)
    (kept,) = store.of_kind("DocumentReference")
    document = base64.b64decode(kept["content"][0]["attachment"]["data"])
    now = desk.clock()
    found_again = verify_again(
        read_stored(document),
        lists=desk.lists.views(now),
        policy=desk.policy,
        client_id=desk.identity.client_id,
        now=now,
    )
    assert found_again.stands
    assert found_again.content == "same"


@pytest.mark.parametrize("state", ["none_known", "withheld", "no_information", "not_recorded"])
def test_an_absence_is_never_written_as_an_entry(desk, store, own_world, state):
    negations = (NO_ALLERGIES,) if state == "none_known" else ()
    empty = allergies(state=SectionState(state), items=(), negations=negations)
    view = answered(own_world, desk, identity(), empty, medicines("current"))
    added(desk, view)
    assert not store.of_kind("AllergyIntolerance")
    assert store.of_kind("MedicationStatement")
    entries = json.dumps([v for k, v in store.written.items() if "Document" not in k])
    for word in ("No known allergies", "nilknown", "716186003"):
        assert word not in entries


def test_what_was_not_shared_or_not_checked_leaves_no_entry(desk, store, own_world):
    view = answered(own_world, desk, identity(), medicines("current"))
    added(desk, view)
    assert not store.of_kind("AllergyIntolerance")


def test_the_trail_says_who_wrote_how_much_and_nothing_of_what(desk, store, shown):
    added(desk, shown)
    store.people = []
    code_of(added, desk, shown)
    trail = [str(one) for one in desk.audit.all()]
    assert any("record.written" in one for one in trail)
    assert any("record.refused" in one and "hospital.not_found" in one for one in trail)
    assert "Penicillin" not in "".join(trail)
    assert "9990000018" not in "".join(trail)


# -- the edges --------------------------------------------------------------------------------


def test_a_hospitals_system_chooses_and_adds_over_the_api(desk, store, shown):
    app = create_app(desk.settings, desk=desk)
    path = f"/requests/{shown.id}/record"
    rows = call(app, "GET", path, headers=WARD).json["candidates"]
    assert [(one["id"], one["fits"]) for one in rows] == [("p1", "sure")]
    refused = call(app, "POST", path, headers=WARD, body={"patient": "p2"})
    assert (refused.status, refused.json["code"]) == (404, "hospital.not_found")
    done = call(app, "POST", path, headers=WARD, body={"patient": "p1", "agreed": []}).json
    assert done["whole"]
    assert done["entries"][0]["resource"] == "DocumentReference"
    assert call(app, "GET", path).status == 401


def test_the_page_offers_it_only_where_a_record_system_is_set_up(desk, store, own_world):
    view = answered(own_world, desk, name=DESK)
    page = create_page(desk.settings, desk)
    link = f'href="/requests/{view.id}/record"'
    assert link in call(page, "GET", f"/requests/{view.id}").text
    choosing = call(page, "GET", f"/requests/{view.id}/record").text
    assert "Add to this record" in choosing
    body = b"patient=p1"
    done = call(page, "POST", f"/requests/{view.id}/record", headers=FORM, body=body)
    assert done.status == 200
    assert "Penicillin" in done.text
    desk.hospital = None
    assert link not in call(page, "GET", f"/requests/{view.id}").text
    refused = call(page, "GET", f"/requests/{view.id}/record")
    assert (refused.status, "hospital.setup" in refused.text) == (503, True)


def test_the_page_has_no_button_for_whoever_cannot_be_told_apart_and_a_box_for_each_difference(
    desk, store, own_world
):
    view = answered(own_world, desk, name=DESK)
    page = create_page(desk.settings, desk)
    path = f"/requests/{view.id}/record"
    store.people = [person(family="Married")]
    shown = call(page, "GET", path).text
    assert 'value="familyName"' in shown
    assert "checked" not in shown.replace("you have checked", "")
    assert call(page, "POST", path, headers=FORM, body=b"patient=p1").status == 409
    body = b"patient=p1&agreed=familyName"
    assert call(page, "POST", path, headers=FORM, body=body).status == 200
    store.people = [person(number=""), person("p2", number="")]
    assert "Add to this record" not in call(page, "GET", path).text
