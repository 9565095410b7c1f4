"""A stored presentation against the lists of today: what stands, what not, what was altered."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from asgi_calls import call
from desk_world import Clock, code_of, full_wallet, make_desk, make_world, opened, post
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.parameters import Parameters

from healthpassport.encoding import b64_decode, b64_encode, dump_json
from verifier.api import create_app
from verifier.service.again import Content, Standing, verify_again
from verifier.service.stored import read_stored

WARD = {"authorization": "Bearer ward-key", "content-type": "application/fhir+json"}
REVOKED = 1


@pytest.fixture(scope="module")
def own_world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("again"))


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def desk(own_world, tmp_path_factory, clock):
    home = tmp_path_factory.mktemp("desk")
    key = hashlib.sha256(b"ward-key").hexdigest()
    (home / "api-keys.json").write_text(json.dumps({"ward": key}))
    made = make_desk(own_world, home, clock=clock)
    yield made
    made.shut()


@pytest.fixture(scope="module")
def document(own_world, desk):
    wallet = full_wallet(own_world)
    view, request = opened(desk, wallet)
    post(desk, view, wallet.answer(request))
    return json.loads(dump_json(desk.fhir(view.id, desk="ward", presentation=True)))


@pytest.fixture
def later(own_world, desk, clock):
    """The desk, a day on; its lists are put right again afterwards."""
    clock.offset = timedelta(days=1)
    desk.update()
    yield desk
    clock.offset = timedelta()
    own_world.set_status()
    desk.update()


def judged(desk, document, *, lists=None):
    now = desk.clock().astimezone(UTC)
    return verify_again(
        read_stored(document if isinstance(document, bytes) else dump_json(document)),
        lists=lists or desk.lists.views(now),
        policy=desk.policy,
        client_id=desk.identity.client_id,
        now=now,
    )


def standings(found):
    return {one.record_type: one.standing for one in found.records}


def resource(document, kind):
    return next(e["resource"] for e in document["entry"] if e["resource"]["resourceType"] == kind)


def evidence(document):
    return json.loads(b64_decode(resource(document, "Binary")["data"]))


def with_evidence(document, **changes):
    made = deepcopy(document)
    held = {**evidence(document), **changes}
    resource(made, "Binary")["data"] = b64_encode(dump_json(held))
    return made


def test_what_was_shown_yesterday_stands_today(later, document):
    found = judged(later, document)
    assert found.stands
    assert found.asked_here
    assert found.content is Content.SAME
    assert {one.status_then for one in found.records} == {"valid"}


def test_a_record_withdrawn_since_is_named_and_what_the_document_said_then_too(
    own_world, later, document
):
    own_world.set_status(REVOKED)
    later.update()
    found = judged(later, document)
    assert set(standings(found).values()) == {Standing.WITHDRAWN}
    assert {one.status_then for one in found.records} == {"valid"}
    assert found.content is Content.PARTLY
    assert not found.stands


def test_a_key_that_the_list_no_longer_vouches_for_is_named(later, document):
    now = later.clock().astimezone(UTC)
    lists = later.lists.views(now)
    issuer = lists.trust.trust_list.issuers[0]
    keys = tuple(
        key.model_copy(update={"not_after": now - timedelta(days=2)}) for key in issuer.keys
    )
    known = lists.trust.trust_list.model_copy(
        update={"issuers": (issuer.model_copy(update={"keys": keys}),)}
    )
    from dataclasses import replace  # noqa: PLC0415

    fresh = type(known).parse(known.to_bytes())  # without what the old one remembers
    changed = replace(lists, trust=replace(lists.trust, trust_list=fresh))
    assert set(standings(judged(later, document, lists=changed)).values()) == {Standing.KEY}


def test_a_record_whose_time_ended_since_was_good_then(own_world, desk, document, clock):
    clock.offset = timedelta(days=40)
    try:
        own_world.set_status(at=desk.clock())
        lists = desk.lists.views(datetime.now(UTC))
        found = judged(desk, document, lists=lists)
    finally:
        clock.offset = timedelta()
        own_world.set_status()
        desk.update()
    # The status lists at hand are 40 days old: good then, and nobody can say what is so today.
    assert set(standings(found).values()) == {Standing.UNSURE}
    assert {one.code for one in found.records} == {"status.stale"}


def test_the_presentation_by_itself_is_judged_without_a_document(desk, document):
    found = judged(desk, dump_json(evidence(document)))
    assert found.stands
    assert found.content is Content.NOT_COMPARED


def drop_an_allergy(made):
    made["entry"].remove(
        next(e for e in made["entry"] if e["resource"]["resourceType"] == "AllergyIntolerance")
    )


def add_an_allergy(made):
    made["entry"].append(
        {
            "fullUrl": "urn:uuid:0",
            "resource": {
                "resourceType": "AllergyIntolerance",
                "clinicalStatus": {"text": "active"},
                "patient": {"reference": "Patient/1"},
            },
        }
    )


def change_a_dose(made):
    found = next(
        e["resource"] for e in made["entry"] if e["resource"]["resourceType"].startswith("Medic")
    )
    found["medicationCodeableConcept"]["text"] = "Something else"


def become_somebody_else(made):
    resource(made, "Patient")["birthDate"] = "1999-01-01"


def allergy_section(made):
    sections = resource(made, "Composition")["section"]
    return next(one for one in sections if one["title"].startswith("Allergies"))


def call_the_list_none_known(made):
    for part in allergy_section(made)["extension"][0]["extension"]:
        if part["url"] == "state":
            part["valueCode"] = "none_known"


def empty_the_section(made):
    found = allergy_section(made)
    del found["entry"]
    found["emptyReason"] = {"coding": [{"code": "nilknown"}]}


def say_none_of_what_was_not_shared(made):
    resource(made, "Composition")["section"].append(
        {"title": "Allergies", "emptyReason": {"coding": [{"code": "nilknown"}]}}
    )


@pytest.mark.parametrize(
    "alter",
    [
        drop_an_allergy,
        add_an_allergy,
        change_a_dose,
        become_somebody_else,
        call_the_list_none_known,
        empty_the_section,
        say_none_of_what_was_not_shared,
    ],
)
def test_a_document_that_says_something_else_is_refused(desk, document, alter):
    made = deepcopy(document)
    alter(made)
    assert code_of(judged, desk, made) == "again.altered"


def test_what_a_server_adds_around_an_entry_changes_nothing(desk, document):
    made = deepcopy(document)
    for entry in made["entry"]:
        entry["resource"]["id"] = "12"
        entry["resource"]["meta"] = {"versionId": "3", "lastUpdated": "2026-11-25T10:00:00Z"}
    assert judged(desk, made).content is Content.SAME


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"nonce": "m" * 22}, Standing.FAILED),
        ({"audience": "x509_hash:other"}, Standing.FAILED),
        ({"verifiedAt": "2026-01-01T00:00:00+00:00"}, Standing.FAILED),
    ],
)
def test_another_challenge_or_time_than_the_holder_signed_fails(desk, document, change, standing):
    found = judged(desk, dump_json({**evidence(document), **change}))
    assert set(standings(found).values()) == {standing}


def test_a_bent_signature_fails_with_its_code(desk, document):
    held = evidence(document)
    (text,) = held["vp_token"]["allergies"]
    held["vp_token"]["allergies"] = [text[:200] + ("A" if text[200] != "A" else "B") + text[201:]]
    found = judged(desk, dump_json(held))
    (bent,) = [one for one in found.records if one.query_id == "allergies"]
    assert bent.standing is Standing.FAILED
    assert not found.stands


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda made: made.update(type="collection"), "again.format"),
        (lambda made: made.update(entry=[]), "again.format"),
        (lambda made: made.update(entry=[{"resource": 1}]), "again.format"),
        (lambda made: made["entry"].append(made["entry"][-1]), "again.altered"),
        (
            lambda made: made.update(
                entry=[e for e in made["entry"] if e["resource"]["resourceType"] != "Binary"]
            ),
            "again.missing",
        ),
        (lambda made: resource(made, "Binary").update(data="!"), "again.format"),
        (lambda made: resource(made, "Binary").update(data=b64_encode(b"[]")), "again.format"),
    ],
)
def test_what_is_no_such_document_is_refused_with_its_code(desk, document, change, code):
    made = deepcopy(document)
    made["entry"].insert(1, made["entry"].pop(5))  # an order of its own is nobody's business
    change(made)
    if code == "again.altered":
        made["entry"].append(
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Flag", "id": "1"}}
        )
    assert code_of(judged, desk, made) == code


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b'{"type": "hp-presentation"}'])
def test_bytes_that_are_none_are_refused(data):
    assert code_of(read_stored, data) == "again.format"


@pytest.mark.parametrize("name", ["nonce", "audience", "query", "vp_token", "verifiedAt"])
def test_a_presentation_that_lacks_a_member_is_refused(document, name):
    held = evidence(document)
    del held[name]
    assert code_of(read_stored, dump_json(held)) == "again.format"
    assert code_of(read_stored, dump_json({**evidence(document), name: 7})) == "again.format"


def test_a_presentation_from_the_future_is_refused(desk, document):
    held = {**evidence(document), "verifiedAt": "2099-01-01T00:00:00+00:00"}
    assert code_of(judged, desk, dump_json(held)) == "again.time"


def test_the_operation_answers_with_parameters_that_are_valid_fhir(desk, document):
    app = create_app(desk.settings, desk=desk)
    path = "/fhir/$verify-again"
    made = call(app, "POST", path, headers=WARD, body=dump_json(document))
    assert made.status == 200
    assert made.headers["content-type"].startswith("application/fhir+json")
    Parameters.model_validate(made.json)
    told = {one["name"]: one for one in made.json["parameter"]}
    assert told["result"]["valueBoolean"] is True
    OperationOutcome.model_validate(told["outcome"]["resource"])
    assert "Penicillin" not in made.text


def test_the_operation_refuses_in_an_operation_outcome(desk, document):
    app = create_app(desk.settings, desk=desk)
    path = "/fhir/$verify-again"
    bent = deepcopy(document)
    drop_an_allergy(bent)
    made = call(app, "POST", path, headers=WARD, body=dump_json(bent))
    assert made.status == 422
    OperationOutcome.model_validate(made.json)
    assert made.json["issue"][0]["details"]["coding"][0]["code"] == "again.altered"
    assert call(app, "POST", path, body=dump_json(bent)).status == 401
    other = {**WARD, "content-type": "text/plain"}
    assert call(app, "POST", path, headers=other, body=b"x").status == 415
    assert call(app, "POST", path, headers=WARD, body=b" " * 4_200_000).status == 413


def test_what_the_desk_can_do_is_told_as_a_capability_statement(desk):
    from fhir.resources.R4B.capabilitystatement import CapabilityStatement  # noqa: PLC0415

    made = call(create_app(desk.settings, desk=desk), "GET", "/fhir/metadata")
    assert made.json["rest"][0]["operation"][0]["name"] == "verify-again"
    CapabilityStatement.model_validate(made.json)
