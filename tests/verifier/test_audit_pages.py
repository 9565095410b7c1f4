"""The auditor's page: what was done, by day, event and person, and all of it as a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from asgi_calls import call
from audit_words_world import clinical_words
from card_desk import made
from card_form import HEADERS, READER, send
from desk_world import desk_settings, full_wallet, make_desk, opened, post

from healthpassport.audit.reports import check_file
from verifier.service.audit import Actor
from verifier.service.audit_events import EVENTS
from verifier.web import create_app
from verifier.web.app import DESK
from verifier.web.audit import LINES
from verifier.web.audit_words import EVENT_WORDS

JONES = Actor("RXX01", "ward 9", "dr.jones@example", "clinician")


@pytest.fixture
def desk(world, tmp_path, clock):
    """One trusted machine, set to be an auditor's."""
    made = make_desk(world, tmp_path / "desk", clock=clock, updated=False, role="auditor")
    yield made
    made.shut()


def rows(app, query=""):
    page = call(app, "GET", f"/audit{query}")
    assert page.status == 200
    return page.text.partition("<tbody>")[2].partition("</tbody>")[0]


def test_every_event_has_words():
    assert set(EVENT_WORDS) == set(EVENTS)


def test_the_trail_is_shown_and_reading_it_is_written_down(app):
    assert EVENT_WORDS["desk.started"] in rows(app)
    assert EVENT_WORDS["trail.read"] in rows(app)


def test_lines_are_found_by_day_event_and_person(app, desk, clock):
    desk.audit.write("result.closed", who=JONES)
    clock.offset = timedelta(days=-2)
    desk.audit.write("result.opened", who=JONES)
    clock.offset = timedelta()
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert "dr.jones@example, ward 9" in rows(app, "?person=dr.jones@example")
    assert EVENT_WORDS["result.opened"] in rows(app, "?person=dr.jones@example")
    assert EVENT_WORDS["result.opened"] not in rows(app, f"?person=dr.jones@example&day={today}")
    assert EVENT_WORDS["result.closed"] not in rows(app, "?event=result.opened")
    assert rows(app, "?person=nobody") == ""
    assert rows(app, "?day=1999-01-01") == ""
    assert rows(app, "?event=no.such") != ""


def test_a_day_that_is_none_is_said_to_be_none(app):
    page = call(app, "GET", "/audit?day=yesterday")
    assert page.status == 400
    assert "Give a day" in page.text


def test_older_entries_are_behind_a_link(app, desk):
    for _ in range(LINES + 3):
        desk.audit.write("result.closed", who=JONES)
    page = call(app, "GET", "/audit?event=result.closed&person=dr.jones@example").text
    assert page.count("<tr>") == LINES + 1
    link = page.partition('desk-link" href="/audit?')[2].partition('"')[0].replace("&amp;", "&")
    assert rows(app, f"?{link}").count("<tr>") == 3


def test_what_somebody_called_themselves_is_shown_as_text(app, desk):
    desk.audit.write("result.closed", who=Actor("RXX01", "<script>", "\u202eevil", ""))
    page = call(app, "GET", "/audit").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page


def test_the_trail_is_exported_whole_and_signed_and_that_is_its_last_entry(app, desk, world):
    answer = call(app, "POST", "/audit/export", headers=HEADERS)
    assert answer.status == 200
    assert "attachment" in answer.headers["content-disposition"]
    lines = answer.body.splitlines(keepends=True)
    assert check_file(lines, expected_keys=[world.desk_signer.public_key]).whole
    assert json.loads(lines[-2])["entry"]["event"] == "trail.exported"


def test_an_export_is_a_form_of_this_page_and_no_link(app):
    assert call(app, "GET", "/audit/export").status == 405
    assert call(app, "POST", "/audit/export", headers={"origin": "http://evil"}).status == 403


def test_the_page_shows_nothing_of_what_patients_shared(app, desk, world):
    ward = make_desk(world, desk.settings.home)
    view, request = opened(ward, full_wallet(world), name=DESK)
    post(ward, view, full_wallet(world).answer(request))
    ward.look(view.id, desk=DESK)
    ward.fhir(view.id, desk=DESK)
    send(create_app(ward.settings, ward), made(world), note="Sister of Penicillin")
    ward.shut()
    page = rows(app)
    assert EVENT_WORDS["result.exported"] in page
    assert READER["who"] in page
    page = page.replace(READER["who"], "")
    assert not [word for word in clinical_words() if word in page]
    assert view.id not in page


@pytest.mark.parametrize("role", ["clerk", "clinician"])
def test_whoever_is_no_auditor_sees_nothing_of_it(world, tmp_path, role):
    ward = make_desk(world, tmp_path / "ward", updated=False, role=role)
    app = create_app(ward.settings, ward)
    assert call(app, "GET", "/audit").status == 403
    assert call(app, "POST", "/audit/export", headers=HEADERS).status == 403
    assert "/audit" not in call(app, "GET", "/").text
    ward.shut()


@pytest.mark.parametrize("language", ["cy"])
def test_the_page_speaks_welsh(world, tmp_path, language):
    settings = desk_settings(world, tmp_path / "welsh", language=language, role="auditor")
    desk = make_desk(world, settings.home, updated=False, role="auditor")
    page = call(create_app(settings, desk), "GET", "/audit").text
    assert "Trywydd archwilio" in page
    assert "Audit trail" not in page
    desk.shut()
