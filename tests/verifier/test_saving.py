"""Saving a result as FHIR: over the API, from the page, and the evidence that goes along."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from asgi_calls import call
from desk_world import full_wallet, make_desk, opened, post, wallet_with
from fhir_way_out import assert_is_a_document, resources
from record_examples import allergies

from healthpassport.credential import Challenge, Credential, Presentation, Verdict
from healthpassport.encoding import b64_decode, parse_json_object
from healthpassport.protocols.dcql import Query
from healthpassport.verification import FreshnessPolicy, verify_presentation
from verifier.api import create_app
from verifier.web import create_app as create_page
from verifier.web.app import DESK

WARD = {"authorization": "Bearer ward-key"}
OTHER = {"x-api-key": "other-key"}
KEYS = {name: hashlib.sha256(f"{name}-key".encode()).hexdigest() for name in ("ward", "other")}


@pytest.fixture
def desk(world, tmp_path):
    home = tmp_path / "desk"
    home.mkdir()
    (home / "api-keys.json").write_text(json.dumps(KEYS))
    made = make_desk(world, home)
    yield made
    made.shut()


@pytest.fixture
def app(desk):
    return create_app(desk.settings, desk=desk)


def answered(world, desk, name="ward", wallet=None):
    held = wallet or full_wallet(world)
    view, request = opened(desk, held, name=name)
    post(desk, view, held.answer(request))
    return view


def test_a_hospitals_system_gets_a_document(world, desk, app):
    view = answered(world, desk)
    found = call(app, "GET", f"/requests/{view.id}/fhir", headers=WARD)
    assert found.status == 200
    assert found.headers["content-type"].startswith("application/fhir+json")
    assert found.headers["cache-control"] == "no-store"
    assert_is_a_document(found.json)
    assert len(resources(found.json, "AllergyIntolerance")) == 2
    names = [r["name"] for r in resources(found.json, "Organization")]
    assert names == ["Example Hospital", "Example Surgery"]
    assert not resources(found.json, "Binary")


def test_the_evidence_can_be_verified_again(world, desk, app):
    view = answered(world, desk)
    path = f"/requests/{view.id}/fhir?presentation=true"
    (held,) = resources(call(app, "GET", path, headers=WARD).json, "Binary")
    kept = parse_json_object(b64_decode(held["data"]))
    now = datetime.now(UTC)
    lists = desk.lists.views(now)
    summary = verify_presentation(
        presentation=Presentation(
            {
                name: tuple(Credential("dc+sd-jwt", text) for text in texts)
                for name, texts in kept["vp_token"].items()
            }
        ),
        challenge=Challenge(kept["nonce"], kept["audience"]),
        query=Query.parse(kept["query"]),
        trust=lists.trust,
        status=lists.status,
        policy=FreshnessPolicy(),
        now=now,
    )
    assert summary.verdict is Verdict.ACCEPTED
    assert summary.section("AllergySummary").items


def test_evidence_of_what_failed_does_not_go_along(world, desk, app):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    shown = wallet.presentation(request.query, Challenge(request.nonce, request.client_id))
    spoilt = shown.answers["allergies"][0].value
    head, _, rest = spoilt.partition(".")
    bad = Credential("dc+sd-jwt", f"{head}.{rest[:40]}{'A' if rest[40] != 'A' else 'B'}{rest[41:]}")
    answers = {**shown.answers, "allergies": (bad,)}
    post(desk, view, wallet.answer(request, presentation=Presentation(answers)))
    path = f"/requests/{view.id}/fhir?presentation=true"
    made = call(app, "GET", path, headers=WARD).json
    kept = parse_json_object(b64_decode(resources(made, "Binary")[0]["data"]))
    assert "allergies" not in kept["vp_token"]
    assert "medications" in kept["vp_token"]
    assert not resources(made, "AllergyIntolerance")


def test_nothing_is_saved_before_an_answer_after_closing_or_by_another_desk(world, desk, app):
    waiting = desk.ask("emergency_admission", desk="ward")
    view = answered(world, desk)
    path = f"/requests/{view.id}/fhir"
    for where, headers in ((f"/requests/{waiting.id}/fhir", WARD), (path, OTHER)):
        refused = call(app, "GET", where, headers=headers)
        assert (refused.status, refused.json["code"]) == (404, "not_found")
    assert call(app, "GET", path).status == 401
    desk.close(view.id, desk="ward")
    assert call(app, "GET", path, headers=WARD).status == 404


def test_a_result_that_waits_for_its_code_is_not_saved(world, tmp_path):
    desk = make_desk(world, tmp_path / "other", confirm=True)
    try:
        view = answered(world, desk, name=DESK)
        page = create_page(desk.settings, desk)
        assert call(page, "GET", f"/requests/{view.id}/fhir").status == 404
    finally:
        desk.shut()


def test_the_page_has_a_plain_link_that_saves_a_file(world, desk):
    page = create_page(desk.settings, desk)
    view = answered(world, desk, name=DESK)
    shown = call(page, "GET", f"/requests/{view.id}").text
    assert f'href="/requests/{view.id}/fhir"' in shown
    saved = call(page, "GET", f"/requests/{view.id}/fhir")
    assert saved.headers["content-type"].startswith("application/fhir+json")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert_is_a_document(json.loads(saved.text))


def test_where_nothing_was_shared_the_page_has_no_such_file(world, desk):
    page = create_page(desk.settings, desk)
    view, request = opened(desk, wallet_with(world, allergies()), name=DESK)
    del request
    assert call(page, "GET", f"/requests/{view.id}/fhir").status == 404
