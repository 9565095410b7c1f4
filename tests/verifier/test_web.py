"""The page for staff: forms, guards, and every VerifiedSummary in readable HTML."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from asgi_calls import call
from desk_world import full_wallet, handle_of, make_desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthpassport.credential import (
    Check,
    DeskState,
    Outcome,
    Verdict,
    VerifiedIssuer,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.errors import catalogue
from healthpassport.protocols.oid4vp import encode_error
from healthpassport.summary import Item, SectionState, record_types
from healthpassport.verification import Step
from verifier.service import Progress
from verifier.service.words import state_words
from verifier.web import create_app
from verifier.web.app import DESK
from verifier.web.pages import result_page
from verifier.web.rendering import render

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OWN = {"origin": "http://localhost"}
FORM = {**OWN, "content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def app(desk):
    return create_app(desk.settings, desk)


def answered(world, desk, **wallet):
    view = desk.ask("emergency_admission", desk=DESK)
    held = full_wallet(world)
    request = held.read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), held.answer(request, **wallet))
    return view


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# -- the way through ------------------------------------------------------------------------


def test_staff_choose_a_request_in_the_patients_words(app):
    page = call(app, "GET", "/")
    assert page.status == 200
    assert "Emergency admission" in page.text
    assert "They want to treat you safely now." in page.text
    assert "Demonstration with made-up patients. Not an NHS service." in page.text


def test_choosing_leads_to_a_code_a_short_code_and_a_link(app, desk):
    answer = call(app, "POST", "/requests", headers=FORM, body=b"template=medicines_check")
    assert answer.status == 303
    page = call(app, "GET", answer.headers["location"])
    view = desk.look(answer.headers["location"].rpartition("/")[2], desk=DESK)
    assert "<svg" in page.text
    assert view.short_code in page.text
    assert view.link.replace("&", "&amp;") in page.text
    assert "5 minutes" in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text


def test_choosing_nothing_says_what_to_do(app):
    answer = call(app, "POST", "/requests", headers=FORM, body=b"")
    assert answer.status == 400
    assert "Choose what you need" in answer.text


def test_the_result_names_person_allergies_source_and_checks(world, app, desk):
    view = answered(world, desk)
    page = text_of(call(app, "GET", f"/requests/{view.id}").text)
    for words in (
        "EXAMPLE, Given",
        "14-Jul-1958",
        "999 000 0018",
        "Check it is the same person",
        "Known allergies",
        "Penicillin",
        "Anaphylaxis (severe)",
        "2 of 2 shared",
        "Example Surgery (A12345)",
        "As of 01-Nov-2026",
        "From Example Surgery (A12345). As of 01-Nov-2026",
        "Signature: checked",
        "Not withdrawn: checked",
        "May omit medicines from hospitals, clinics, pharmacies or shops.",
        "Not shared (may not have it, or chose not to)",
        "Close and forget",
    ):
        assert words in page, words


def test_closing_forgets_and_says_so(world, app, desk):
    view = answered(world, desk)
    answer = call(app, "POST", f"/requests/{view.id}/close", headers=FORM)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    page = call(app, "GET", f"/requests/{view.id}").text
    assert "Closed and forgotten" in page
    assert "Penicillin" not in page


def test_a_patient_who_declines_is_told_without_blame(app, desk, world):
    view = desk.ask("emergency_admission", desk=DESK)
    held = full_wallet(world)
    request = held.read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), encode_error("access_denied", state=request.state))
    page = call(app, "GET", f"/requests/{view.id}").text
    assert "The patient shared nothing" in page
    assert "access_denied" not in page


def test_while_an_answer_is_checked_the_page_says_so_and_looks_again(app, desk):
    view = desk.ask("emergency_admission", desk=DESK)
    desk._store.finish(view.id, progress=Progress.ANSWERING)
    page = call(app, "GET", f"/requests/{view.id}").text
    assert "The answer is here and is being checked." in page
    assert "Type the code" not in page
    assert "<svg" not in page
    assert 'data-seen="answering"' in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_a_refused_answer_is_named_and_nothing_of_it_shown(app, desk):
    view = desk.ask("emergency_admission", desk=DESK)
    desk._store.finish(view.id, progress=Progress.FAILED, code="dcql.set_unsatisfied")
    page = call(app, "GET", f"/requests/{view.id}").text
    assert "The answer was refused" in page
    assert catalogue()["dcql.set_unsatisfied"].title in page


def test_the_patients_code_is_asked_for_before_the_result(world, tmp_path):
    desk = make_desk(world, tmp_path / "careful", confirm=True)
    app = create_app(desk.settings, desk)
    view = desk.ask("emergency_admission", desk=DESK)
    held = full_wallet(world)
    request = held.read(desk, view.link, desk.lists.views(view.created_at).trust)
    code = desk.receive(handle_of(view.link), held.answer(request)).confirm_code
    path = f"/requests/{view.id}"
    assert "Penicillin" not in call(app, "GET", path).text
    wrong = f"code={(int(code) + 1) % 10000:04d}".encode()
    again = call(app, "POST", f"{path}/confirm", headers=FORM, body=wrong)
    assert again.status == 400
    assert "This is not the code" in again.text
    done = call(app, "POST", f"{path}/confirm", headers=FORM, body=f"code={code}".encode())
    assert done.status == 303
    assert "Penicillin" in call(app, "GET", path).text
    desk.shut()


# -- guards ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1", "", "[::1]", "[::1", "a:b:c"]
)
def test_a_page_under_another_name_is_refused(app, host):
    answer = call(app, "GET", "/", headers={"host": host})
    assert (answer.status, answer.json["code"]) == (403, "request.host")


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://localhost"])
@pytest.mark.parametrize("path", ["/requests", "/requests/x/close", "/requests/x/confirm"])
def test_a_form_of_another_site_is_refused(app, origin, path):
    headers = {"content-type": FORM["content-type"]} | ({"origin": origin} if origin else {})
    answer = call(app, "POST", path, headers=headers, body=b"template=medicines_check")
    assert (answer.status, answer.json["code"]) == (403, "csrf")


def test_an_unknown_page_is_a_page_too(app):
    for path in ("/nothing", "/requests/nothing"):
        answer = call(app, "GET", path)
        assert answer.status == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "Start again" in answer.text


def test_a_transaction_of_the_api_is_not_on_the_page(app, desk):
    view = desk.ask("emergency_admission", desk="ward")
    assert call(app, "GET", f"/requests/{view.id}").status == 404


def test_a_page_asks_nothing_of_anybody_else(world, app, desk):
    view = answered(world, desk)
    for path in ("/", f"/requests/{view.id}", "/nothing"):
        page = call(app, "GET", path)
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)
        assert " style=" not in page.text
        assert not re.search(r"<script(?![^>]* src=)", page.text)


# -- any summary ----------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["text", "coding", "code", "severity"]), inner)
    ),
    max_leaves=4,
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        ["text", "coding", "reaction", "group", "clinicalStatus", "notGiven", "dose", "date", "zzz"]
    ),
    VALUES,
    max_size=5,
)
ITEMS = st.lists(st.builds(Item, MEMBERS, MEMBERS), max_size=2).map(tuple)
SECTIONS = st.builds(
    VerifiedSection,
    query_id=st.just("q"),
    record_type=st.sampled_from([*record_types(), "Unheard"]),
    state=st.sampled_from(DeskState),
    shown=st.integers(0, 3),
    total=st.integers(0, 3),
    record_state=st.none() | st.sampled_from(SectionState),
    items=ITEMS,
    negations=ITEMS,
    subject=st.none()
    | st.dictionaries(
        st.sampled_from(["nhsNumber", "familyName", "givenNames", "birthDate", "gender", "other"]),
        VALUES,
    ),
    always=st.none() | st.just({"deceased": True}),
    source=st.none() | st.just({"ods": "B99999", "name": "B"}),
    warnings=st.lists(st.text(max_size=10), max_size=2).map(tuple),
    issuer=st.none() | st.just(VerifiedIssuer("https://a.example", "A12345", "A & Sons <GP>")),
    as_of=st.none() | st.just(date(2026, 11, 1)),
    valid_until=st.none() | st.just(NOW),
    checks=st.lists(
        st.builds(
            Check,
            st.integers(1, 10),
            st.just("x"),
            st.sampled_from(Outcome),
            st.none() | st.just("jws.signature"),
        ),
        max_size=4,
    ).map(tuple),
    code=st.none() | st.sampled_from(["status.revoked", "match.subject_mismatch", "unheard.of"]),
    old=st.booleans(),
)
SUMMARIES = st.builds(
    VerifiedSummary,
    st.sampled_from(Verdict),
    st.lists(SECTIONS, max_size=4).map(tuple),
    st.just(NOW),
    st.just(timedelta(hours=3)),
)


def shown(summary):
    class View:
        id = "x"
        forget_at = NOW

    return render("result.html", brand="B", organisation="O", view=View, page=result_page(summary))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(SUMMARIES)
def test_any_summary_can_be_shown(summary):
    html = shown(summary)
    assert "Check it is the same person" in html
    assert "<GP>" not in html


def section(state, name="AllergySummary", **more):
    item = Item({"text": "<b>Canary</b>"})
    subject = {"familyName": "Canaryname", "birthDate": "1950-01-01"}
    return VerifiedSection("q", name, state, 1, 1, items=(item,), subject=subject, **more)


def test_a_status_that_could_not_be_checked_never_reads_as_not_withdrawn():
    checks = (
        Check(Step.STATUS, "status", Outcome.COULD_NOT_CHECK, "status.stale"),
        Check(Step.QUERY, "query", Outcome.PASSED),
    )
    issuer = VerifiedIssuer("https://a.example", "A12345", "A")
    found = section(DeskState.COULD_NOT_CHECK, issuer=issuer, checks=checks)
    html = shown(VerifiedSummary(Verdict.REJECTED, (found,), NOW, timedelta()))
    assert "Not withdrawn: could not check" in html


@pytest.mark.parametrize(
    "state",
    [DeskState.FAILED_CHECK, DeskState.NOT_MATCHED, DeskState.NOT_SHARED, DeskState.NOT_ASKED_FOR],
)
def test_content_of_a_hidden_section_never_reaches_the_page(state):
    html = shown(VerifiedSummary(Verdict.REJECTED, (section(state),), NOW, timedelta()))
    assert "Canary" not in html
    assert "CANARYNAME" not in html
    assert "Allergies unavailable" in html


def test_a_value_is_never_markup():
    html = shown(VerifiedSummary(Verdict.ACCEPTED, (section(DeskState.ITEMS),), NOW, timedelta()))
    assert "<b>Canary</b>" not in html
    assert "&lt;b&gt;Canary" in html


def test_what_must_not_be_given_stands_beside_the_medicine():
    warfarin = Item(
        {"text": "Warfarin", "group": "not_given", "doNotPerform": True, "dose": "3 mg"}
    )
    found = VerifiedSection("q", "MedicationSummary", DeskState.ITEMS, 1, 1, items=(warfarin,))
    html = text_of(shown(VerifiedSummary(Verdict.ACCEPTED, (found,), NOW, timedelta())))
    assert "Not given Warfarin Do not give Dose 3 mg" in html


@pytest.mark.parametrize(
    ("state", "shown_", "tag"),
    [
        (DeskState.ITEMS, 1, "desk-tag"),
        (DeskState.PARTLY_SHARED, 1, "desk-tag desk-tag--caution"),
        (DeskState.NOT_SHARED, 0, "desk-tag desk-tag--caution"),
        (DeskState.WITHHELD, 0, "desk-tag desk-tag--caution"),
        (DeskState.NARRATIVE_ONLY, 0, "desk-tag desk-tag--caution"),
    ],
)
def test_what_is_less_than_all_stands_out(state, shown_, tag):
    items = (Item({"text": "Warfarin"}),) * shown_
    found = VerifiedSection("q", "MedicationSummary", state, shown_, 2, items=items)
    html = shown(VerifiedSummary(Verdict.ACCEPTED, (found,), NOW, timedelta()))
    assert f'<span class="{tag}">{state_words(found)}</span>' in html


def test_what_the_source_counts_stands_beside_what_was_shared():
    medicines = VerifiedSection(
        "q", "MedicationSummary", DeskState.PARTLY_SHARED, 1, 4,
        items=(Item({"text": "Ramipril"}),),
        always={"counts": {"current": 2, "onHold": 1, "recentlyStopped": 1}},
    )  # fmt: skip
    allergies = section(DeskState.ITEMS, always={"endedCount": 3})
    html = shown(VerifiedSummary(Verdict.ACCEPTED, (medicines, allergies), NOW, timedelta()))
    assert "The source holds: current 2, on hold 1, recently stopped 1." in html
    assert "The source holds ended entries that are not listed: 3." in html


def test_counts_of_nothing_never_make_a_list_in_words_look_empty():
    counts = {"counts": {"current": 0, "onHold": 0, "recentlyStopped": 0}}
    found = VerifiedSection(
        "q", "MedicationSummary", DeskState.NARRATIVE_ONLY, 0, 0, always=counts
    )  # fmt: skip
    html = shown(VerifiedSummary(Verdict.ACCEPTED, (found,), NOW, timedelta()))
    assert "current" not in html
    assert "The source holds" not in html


@pytest.mark.parametrize(
    ("state", "told"), [(DeskState.ITEMS, True), (DeskState.NOT_SHARED, False)]
)
def test_a_list_told_in_words_says_where_on_the_page_they_stand(state, told):
    words = (Item({"text": "Allergies", "rows": [["Bee sting"]]}),)
    narrative = VerifiedSection("n", "NarrativeSummary", state, 1, 1, items=words)
    allergies = VerifiedSection("q", "AllergySummary", DeskState.NARRATIVE_ONLY, 0, 0)
    html = shown(VerifiedSummary(Verdict.ACCEPTED, (allergies, narrative), NOW, timedelta()))
    assert "Allergies unavailable" in html
    assert ("Read it on this page under" in html) is told


def test_a_number_that_is_not_verified_says_so():
    subject = {"nhsNumber": {"value": "9990000018", "verificationStatus": "02"}}
    found = VerifiedSection(
        "q", "PatientIdentity", DeskState.ITEMS, 1, 1, subject=subject, always={"deceased": True}
    )
    html = text_of(shown(VerifiedSummary(Verdict.ACCEPTED, (found,), NOW, timedelta())))
    assert "999 000 0018 (not verified)" in html
    assert "The source says that this person has died." in html
