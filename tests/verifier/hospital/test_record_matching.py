"""Whom the record system knows: sign-in, searching, and telling patients apart."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from desk_world import code_of
from hospital_desk import added, found, write_key
from hospital_store import MRN, HospitalStore, person

from healthpassport.encoding import dump_json
from verifier.client import load_client_key, public_jwks
from verifier.client.demographics import read_patient
from verifier.service import Expected
from verifier.service.hospital import completed, open_hospital
from verifier.service.hospital_match import candidates, shared_person

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


@pytest.mark.parametrize("kind", ["p256", "small", "none", "text", "open"])
def test_a_key_that_no_server_may_take_is_refused_at_the_start(tmp_path, kind):
    path = tmp_path / "key"
    if kind == "p256":
        write_key(path, ec.generate_private_key(ec.SECP256R1()))
    elif kind == "small":
        write_key(path, rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505
    elif kind == "open":
        write_key(path, rsa.generate_private_key(public_exponent=65537, key_size=2048))
        path.chmod(0o644)
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
        (
            [person(family="Somebody", given="Else"), person("p2", number="")],
            ["weak", "other"],
            False,
        ),
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


def test_whoever_lacks_the_number_is_never_chosen_beside_the_one_who_bears_it(desk, store, shown):
    store.people = [person(), person("p2", number="", given="")]
    first, second = found(desk, shown)
    assert (first.patient.id, first.may_be_chosen) == ("p1", True)
    assert (second.strength, second.may_be_chosen) == ("weak", False)
    assert code_of(added, desk, shown, "p2", second.to_agree) == "hospital.ambiguous"
    assert not store.written


def test_a_patient_who_became_another_between_the_look_and_the_writing_is_not_written_to(
    desk, store, shown
):
    store.people = [person(family="Married")]
    (one,) = found(desk, shown)
    store.people = [person(family="Stranger")]
    add = partial(added, desk, shown, agreed=one.to_agree, seen=one.seen)
    assert code_of(add) == "hospital.not_agreed"
    store.people = [person(family="Married")]
    store.bend = lambda request, made: (
        replace(made, body=dump_json(person("p9", family="Married")))
        if request.url.endswith("/Patient/p1")
        else made
    )
    assert code_of(add) == "hospital.not_found"  # the server told of whom they were merged into
    assert not store.written
    store.bend = None
    assert add().whole


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
