"""What is written into a patient's record and what never, over the API and from the page."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from asgi_calls import call
from desk_world import code_of, identity
from hospital_desk import added, answered
from hospital_store import person
from record_examples import NO_ALLERGIES, allergies, medicines

from healthpassport.summary import SectionState
from verifier.api import create_app
from verifier.client import Outcome
from verifier.fhir import Organisation
from verifier.service.again import verify_again
from verifier.service.gate import GatedDesk
from verifier.service.record_writing import add_to_record, find_patients
from verifier.service.staff import Role, StaffMember
from verifier.service.stored import read_stored
from verifier.web import create_app as create_page
from verifier.web.app import DESK

WARD = {"authorization": "Bearer ward-key"}
FORM = {
    "content-type": "application/x-www-form-urlencoded",
    "origin": "http://localhost",
    "host": "localhost",
}


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


def test_adding_twice_writes_nothing_twice(desk, store, world, shown):
    added(desk, shown)
    before = dict(store.written)
    again = added(desk, shown)
    assert {one.outcome for one in again.entries} == {Outcome.THERE_ALREADY}
    other = answered(world, desk)  # the same records, shared another time
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
def test_an_absence_is_never_written_as_an_entry(desk, store, world, state):
    negations = (NO_ALLERGIES,) if state == "none_known" else ()
    empty = allergies(state=SectionState(state), items=(), negations=negations)
    view = answered(world, desk, identity(), empty, medicines("current"))
    added(desk, view)
    assert not store.of_kind("AllergyIntolerance")
    assert store.of_kind("MedicationStatement")
    entries = json.dumps([v for k, v in store.written.items() if "Document" not in k])
    for word in ("No known allergies", "nilknown", "716186003"):
        assert word not in entries


def test_what_was_not_shared_or_not_checked_leaves_no_entry(desk, store, world):
    view = answered(world, desk, identity(), medicines("current"))
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


def test_an_entry_that_two_records_hold_is_written_once(desk, store, world, shown):
    summary = desk.look(shown.id, desk="ward").summary
    twice = replace(summary, sections=(*summary.sections, *summary.sections))
    chosen = {"patient_id": "p1", "agreed": (), "desk": Organisation("Example Hospital")}
    assert desk.hospital.write(twice, desk.fhir(shown.id, desk="ward"), **chosen).whole
    assert len(store.of_kind("AllergyIntolerance")) == 2


def test_only_a_clinician_who_said_how_they_care_may_look_and_add(desk, store, world):
    view = answered(world, desk)
    for roles, code in (
        ({Role.CLERK}, "staff.role"),
        ({Role.AUDITOR, Role.ADMIN}, "staff.role"),
        ({Role.CLINICIAN}, "staff.relationship"),
    ):
        gate = GatedDesk(desk, StaffMember("dr-7", "Dr Seven", frozenset(roles)))
        assert code_of(find_patients, gate, view.id, name="ward") == code
        asked = {"name": "ward", "patient_id": "p1", "agreed": ()}
        assert code_of(add_to_record, gate, view.id, **asked) == code
    assert not store.calls
    gate.state_care(view.id, "care_team", desk="ward")
    assert add_to_record(gate, view.id, **asked).whole
    last = [str(one) for one in desk.audit.all() if "record.written" in str(one)][-1]
    assert "dr-7" in last
    assert "clinician" in last


# -- the edges --------------------------------------------------------------------------------


def test_a_hospitals_system_chooses_and_adds_over_the_api(desk, store, shown):
    app = create_app(desk.settings, desk=desk)
    path = f"/requests/{shown.id}/record"
    rows = call(app, "GET", path, headers=WARD).json["candidates"]
    assert [(one["id"], one["fits"]) for one in rows] == [("p1", "sure")]
    refused = call(app, "POST", path, headers=WARD, body={"patient": "p2", "seen": "x"})
    unseen = call(app, "POST", path, headers=WARD, body={"patient": "p1"})
    assert (unseen.status, unseen.json["code"]) == (400, "http.invalid")
    assert (refused.status, refused.json["code"]) == (404, "hospital.not_found")
    done = call(
        app, "POST", path, headers=WARD, body={"patient": "p1", "seen": rows[0]["seen"]}
    ).json
    assert done["whole"]
    assert done["entries"][0]["resource"] == "DocumentReference"
    assert call(app, "GET", path).status == 401


def test_the_page_offers_it_only_where_a_record_system_is_set_up(desk, store, world):
    view = answered(world, desk, name=DESK)
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
    desk, store, world
):
    view = answered(world, desk, name=DESK)
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
