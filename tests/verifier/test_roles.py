"""Who may do what: every route and every role, against a table that is written here by hand."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from app_routes import routes
from asgi_calls import call
from desk_world import full_wallet, handle_of
from staff_world import ROLES, Browser, asked_and_answered, entries, staff_app

from healthpassport import receipts
from healthpassport.errors import ServiceError
from healthpassport.summary import record_types
from verifier.api import create_app as create_api
from verifier.service.gate import GatedDesk
from verifier.service.seen import FOR_CLERKS, FOR_CLINICIANS, needed_for, opens_for
from verifier.service.staff import ALLOWED, Action, Relationship, Role, StaffMember, Way
from verifier.web.access import GATES
from verifier.web.app import DESK

CLERK, CLINICIAN, AUDITOR, ADMIN = "clerk", "clinician", "auditor", "admin"
DESKS = {CLERK, CLINICIAN}
ALL = {CLERK, CLINICIAN, AUDITOR, ADMIN}
NOBODY = ALL | {None}  # somebody who is not signed in may open it too

# Every page and who may open it. A new page needs a row here, which is thought about.
PAGES = {
    ("GET", "/"): ALL,
    ("GET", "/today"): DESKS,
    ("POST", "/requests"): DESKS,
    ("GET", "/requests/{request_id}"): DESKS,
    ("GET", "/requests/{request_id}/events"): DESKS,
    ("POST", "/requests/{request_id}/close"): DESKS,
    ("POST", "/requests/{request_id}/confirm"): DESKS,
    ("POST", "/requests/{request_id}/care"): {CLINICIAN},
    ("GET", "/requests/{request_id}/fhir"): {CLINICIAN},
    ("GET", "/requests/{request_id}/record"): {CLINICIAN},
    ("POST", "/requests/{request_id}/record"): {CLINICIAN},
    ("GET", "/cards"): {CLINICIAN},
    ("POST", "/cards"): {CLINICIAN},
    ("GET", "/cards/{reading_id}"): {CLINICIAN},
    ("GET", "/cards/{reading_id}/receipt"): {CLINICIAN},
    ("POST", "/cards/{reading_id}/close"): {CLINICIAN},
    ("GET", "/audit"): {AUDITOR, ADMIN},
    ("POST", "/audit/export"): {AUDITOR, ADMIN},
    ("GET", "/set-up"): {ADMIN},
    ("GET", "/help"): ALL,
    ("POST", "/language"): NOBODY,
    ("GET", "/sign-in"): NOBODY,
    ("GET", "/sign-in/go"): NOBODY,
    ("GET", "/sign-in/callback"): NOBODY,
    ("POST", "/sign-in/code"): NOBODY,
    ("POST", "/sign-out"): NOBODY,
    ("GET", "/signed-out"): NOBODY,
}

CALLS = {
    ("GET", "/templates"): DESKS,
    ("POST", "/requests"): DESKS,
    ("GET", "/requests/{request_id}"): DESKS,
    ("GET", "/requests/{request_id}/events"): DESKS,
    ("POST", "/requests/{request_id}/confirm"): DESKS,
    ("DELETE", "/requests/{request_id}"): DESKS,
    ("GET", "/requests/{request_id}/fhir"): {CLINICIAN},
    ("GET", "/requests/{request_id}/record"): {CLINICIAN},
    ("POST", "/requests/{request_id}/record"): {CLINICIAN},
    ("POST", "/fhir/$verify-again"): {CLINICIAN},
    ("GET", "/fhir/metadata"): NOBODY,
    ("GET", "/oid4vp/requests/{handle}"): NOBODY,
    ("POST", "/oid4vp/requests/{handle}"): NOBODY,
    ("POST", "/oid4vp/responses/{handle}"): NOBODY,
    ("GET", "/oid4vp/codes/{short_code}"): NOBODY,
    ("GET", "/healthz"): NOBODY,
    ("GET", "/readyz"): NOBODY,
}
KEYS = {role: f"{role}-key-{'x' * 30}" for role in sorted(ALL)}


@pytest.fixture(scope="module")
def browsers(staff):
    """Somebody of each role, signed in, and somebody who is not."""
    app, provider = staff_app(staff), staff.sign_in._provider._exchange._fetcher.provider
    made = {role: Browser(app, provider) for role in [*sorted(ALL), None]}
    for role, one in made.items():
        if role is not None:
            assert one.sign_in(role).status == 303
    return made


@pytest.fixture(scope="module")
def api(staff):
    rows = {
        f"{role} system": {"sha256": hashlib.sha256(key.encode()).hexdigest(), "role": role}
        for role, key in KEYS.items()
    }
    rows["old system"] = hashlib.sha256(b"old").hexdigest()
    staff.settings.api_keys_file.write_text(json.dumps(rows))
    return create_api(staff.settings, desk=staff)


def filled(path):
    return re.sub(r"\{\w+\}", "x" * 22, path)


# -- the tables ------------------------------------------------------------------------------


def test_every_page_stands_in_the_table_above(staff):
    assert routes(staff_app(staff)) == PAGES.keys() == GATES.keys()


def test_every_call_of_the_api_stands_in_the_table_above(api):
    assert routes(api) == CALLS.keys()


@pytest.mark.parametrize(("method", "path"), PAGES, ids=[" ".join(one) for one in PAGES])
def test_a_page_opens_to_those_in_the_table_and_to_nobody_else(browsers, method, path):
    for role in [*sorted(ALL), None]:
        if role is not None and path in {"/sign-out", "/sign-in/code", "/sign-in/callback"}:
            continue  # these would end the session of this test
        one = browsers[role]
        answer = one.get(filled(path)) if method == "GET" else one.post(filled(path))
        away = answer.status == 303 and answer.headers["location"].startswith("/sign-in")
        if role is None and None not in PAGES[method, path]:
            assert away, path
        else:
            assert not away
            assert ("staff.role" in answer.text) == (role not in PAGES[method, path]), (role, path)


@pytest.mark.parametrize(("method", "path"), CALLS, ids=[" ".join(one) for one in CALLS])
def test_a_call_is_for_those_in_the_table_and_for_nobody_else(api, method, path):
    for role in [*sorted(ALL), None]:
        headers = {} if role is None else {"authorization": f"Bearer {KEYS[role]}"}
        answer = call(api, method, filled(path), headers=headers, body=b"{}")
        code = answer.json.get("code") if b'"code"' in answer.body else None
        if role is None and None not in CALLS[method, path]:
            assert (answer.status, code) == (401, "http.unauthorized")
        else:
            assert (code == "staff.role") == (role not in CALLS[method, path]), (role, path)


def test_a_page_that_no_rule_names_is_refused_to_everybody(staff, browsers):
    app = staff_app(staff)

    @app.get("/new")
    def new() -> str:
        return "never"

    one = Browser(app, None, dict(browsers[CLINICIAN].cookies))
    answer = one.get("/new")
    assert answer.status == 403
    assert "never" not in answer.text


def test_pages_reach_the_desk_through_the_gate_alone():
    """The gate has no way through: what it does not name cannot be called by a page."""
    named = {name for name in vars(GatedDesk) if not name.startswith("_")}
    steps = "templates ask look standing recent confirm close fhir state_care require_open"
    besides = "behind who reader at audit hospital webhooks watching look_seconds"
    of_cards = {"cards", "card", "close_card"}
    assert named == {*steps.split(), *besides.split(), *of_cards}


def test_no_role_sees_more_than_its_row():
    assert {role.value: {one.value for one in ALLOWED[role]} for role in Role} == {
        "clerk": {"ask", "identity"},
        "clinician": {"ask", "identity", "clinical", "card"},
        "auditor": {"audit"},
        "admin": {"audit", "set_up"},
    }


# -- which records ---------------------------------------------------------------------------


def test_every_kind_of_record_was_thought_about():
    known = {name for name in record_types() if name != "EmergencyCard"}
    assert known <= FOR_CLERKS.keys() | FOR_CLINICIANS.keys()
    assert not FOR_CLERKS.keys() & FOR_CLINICIANS.keys()
    assert set(FOR_CLERKS) == {"PatientIdentity", "CommunicationNeeds"}


@pytest.mark.parametrize("name", ["AllergySummary", "SomethingNew", "", "patientidentity"])
def test_what_is_not_known_is_for_clinicians(name):
    assert needed_for(name) is Action.CLINICAL


# -- a result ------------------------------------------------------------------------------------

CONTENT = ("Penicillin", "Warfarin", "Known allergies", "No known allergies", "Allergies")


@pytest.fixture
def result(world, staff, login):
    return asked_and_answered(world, staff)


def test_a_clerk_sees_who_it_is_and_that_the_rest_is_closed(browsers, result):
    page = browsers[CLERK].get(f"/requests/{result.id}")
    assert page.status == 200
    assert "Patient" in page.text
    assert "desk-banner__name" in page.text
    assert "Clinical sections are for clinicians: 2 records were shared." in page.text
    assert "Check it is the same person" in page.text
    for words in (*CONTENT, "None known", "Not asked for", "/fhir", "Save as FHIR"):
        assert words not in page.text, words
    assert "How do you care" not in page.text


@pytest.mark.parametrize(("role", "offered"), [("clerk", False), ("clinician", True)])
def test_reading_a_card_is_offered_to_those_who_may(browsers, role, offered):
    page = browsers[role].get("/")
    assert ('href="/cards"' in page.text) == offered
    assert ("A clinician can read an emergency card." in page.text) != offered


def test_a_clinician_says_how_they_care_and_then_sees_all_of_it_once_asked(browsers, result, staff):
    one = browsers[CLINICIAN]
    first = one.get(f"/requests/{result.id}")
    assert "How do you care for this patient?" in first.text
    assert "2 records were shared" in first.text
    assert not any(words in first.text for words in CONTENT)
    for wrong in ("", "curiosity"):
        refused = one.post(f"/requests/{result.id}/care", relationship=wrong)
        assert refused.status == 400
        assert "Choose how you care for this patient" in refused.text
    stated = one.post(f"/requests/{result.id}/care", relationship="care_team")
    assert stated.status == 303
    for _ in range(2):
        opened = one.get(f"/requests/{result.id}")
        assert "Known allergies" in opened.text
        assert "How do you care" not in opened.text
    told = [row for row in entries(staff, "result.opened") if row["who"]["subject"]][-2:]
    assert [row["facts"] for row in told] == [{"part": "identity"}, {"relationship": "care_team"}]
    assert {row["who"]["role"] for row in told} == {CLINICIAN}
    assert entries(staff, "care.stated")[-1]["facts"] == {"relationship": "care_team"}


def test_the_word_of_one_clinician_opens_nothing_for_another(browsers, result, login, staff):
    browsers[CLINICIAN].post(f"/requests/{result.id}/care", relationship="care_team")
    other = Browser(browsers[CLINICIAN].app, login)
    other.sign_in(CLINICIAN, sub="another-clinician")
    assert "How do you care for this patient?" in other.get(f"/requests/{result.id}").text


def test_nothing_is_saved_before_the_word_on_the_care(browsers, result):
    one = browsers[CLINICIAN]
    closed = one.get(f"/requests/{result.id}/fhir")
    assert (closed.status, "staff.relationship" in closed.text) == (403, True)
    one.post(f"/requests/{result.id}/care", relationship="patient_present")
    saved = one.get(f"/requests/{result.id}/fhir")
    assert saved.json["resourceType"] == "Bundle"


@pytest.mark.parametrize("role", [AUDITOR, ADMIN])
def test_auditors_and_admins_see_no_result_also_behind_the_pages(staff, result, role):
    who = StaffMember("x", "x", frozenset({Role(role)}))
    gated = GatedDesk(staff, who)
    for step in (
        lambda: gated.look(result.id, desk=DESK),
        lambda: gated.recent(desk=DESK),
        lambda: gated.fhir(result.id, desk=DESK),
        lambda: gated.ask("emergency_admission", desk=DESK),
        lambda: gated.confirm(result.id, "0000", desk=DESK),
        lambda: gated.close(result.id, desk=DESK),
        lambda: gated.state_care(result.id, "care_team", desk=DESK),
        lambda: gated.require_open(result.id, desk=DESK),
        lambda: gated.cards(None),
        lambda: gated.card(None, "x"),
        lambda: gated.close_card(None, "x"),
        gated.templates,
    ):
        with pytest.raises(ServiceError) as caught:
            step()
        assert caught.value.code == "staff.role"


def test_an_admin_sees_set_up_and_an_auditor_is_led_away_from_asking(browsers, result):
    assert browsers[ADMIN].get("/").headers["location"] == "/set-up"
    page = browsers[ADMIN].get("/set-up")
    assert "RXX01" in page.text
    assert result.id not in page.text
    assert browsers[AUDITOR].get("/").headers["location"] == "/audit"


def test_several_roles_see_what_any_of_them_sees(staff, login):
    login.roles = ["governance", "receptionist"]
    one = Browser(staff_app(staff), login)
    one.come_back(one.leave())
    assert one.get("/").status == 200
    assert "(auditor, clerk)" in one.get("/today").text


def test_the_relationships_are_a_closed_list():
    assert {one.value for one in Relationship} == {
        "patient_present",
        "referred",
        "care_team",
        "emergency",
        "called_to_help",
    }


# -- programs --------------------------------------------------------------------------------


def seen(api, view, role):
    headers = {"authorization": f"Bearer {KEYS[role]}"}
    return call(api, "GET", f"/requests/{view.id}", headers=headers).json


def test_a_key_of_a_clerk_gets_identity_and_a_count(world, staff, api, login):
    view = asked_and_answered(world, staff, name="clerk system")
    found = seen(api, view, CLERK)
    assert found["closed"]["records"] == 2
    assert "for clinicians" in found["closed"]["words"]
    assert found["result"]["allergyHeading"] is None
    assert {s["type"] for s in found["result"]["sections"]} <= FOR_CLERKS.keys()
    assert "Penicillin" not in json.dumps(found)


def test_a_key_of_a_clinician_and_an_old_key_get_all_of_it(world, staff, api, login):
    view = asked_and_answered(world, staff, name="clinician system")
    found = seen(api, view, CLINICIAN)
    assert found["closed"] is None
    assert found["result"]["allergyHeading"] == "Known allergies"
    old = asked_and_answered(world, staff, name="old system")
    answer = call(api, "GET", f"/requests/{old.id}", headers={"x-api-key": "old"})
    assert answer.json["result"]["allergyHeading"] == "Known allergies"


def test_a_program_states_no_relationship_and_stands_in_the_trail_by_its_name(staff):
    who = StaffMember("system", "system", frozenset({Role.CLINICIAN}), "RXX01", Way.KEY)
    assert not who.states_relationship
    actor = GatedDesk(staff, who).at("system")
    assert (actor.desk, actor.subject, actor.role) == ("system", "", CLINICIAN)


# -- receipts ------------------------------------------------------------------------------------


def test_a_receipt_names_the_role_that_clinical_sections_open_to(world, staff, login):
    view = staff.ask("emergency_admission", desk=DESK)
    held = full_wallet(world)
    request = held.read(staff, view.link, staff.lists.views(view.created_at).trust)
    taken = staff.receive(handle_of(view.link), held.answer(request))
    receipt = receipts.read_unchecked(taken.receipt)
    assert receipt.reader is not None
    assert receipt.reader.role == CLINICIAN


def test_the_role_of_a_receipt_is_a_clerk_where_nothing_clinical_is_asked():
    assert opens_for(["PatientIdentity", "CommunicationNeeds"]) is Role.CLERK
    assert opens_for(["PatientIdentity", "SomethingNew"]) is Role.CLINICIAN


def test_a_desk_without_sign_in_names_no_role(world, desk):
    view = desk.ask("emergency_admission", desk=DESK)
    held = full_wallet(world)
    request = held.read(desk, view.link, desk.lists.views(view.created_at).trust)
    taken = desk.receive(handle_of(view.link), held.answer(request))
    assert receipts.read_unchecked(taken.receipt).reader is None


def test_every_role_of_the_provider_in_these_tests_is_one_of_ours():
    assert set(ROLES.values()) == ALL
