"""A desk that requires a second signature: its setting, its question, and its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from desk_world import code_of, full_wallet, make_desk, opened, post
from pydantic import ValidationError

from healthpassport.credential import DeskState, Verdict, VerifiedSection, VerifiedSummary
from healthpassport.errors import catalogue
from verifier.cli.checking import CHECKS
from verifier.cli.output import settings
from verifier.service import summary_json
from verifier.settings import VerifierSettings
from verifier.web.pages import result_page
from verifier.web.rendering import render

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OFF = {"require_post_quantum": False}
CODES = sorted(code for code in catalogue() if code.startswith("pq."))


@pytest.fixture
def strict(world, tmp_path):
    made = make_desk(world, tmp_path / "desk", require_post_quantum=True)
    yield made
    made.shut()


def asked_formats(query):
    return {credential["format"] for credential in query["credentials"]}


def test_nothing_of_it_is_asked_for_unless_it_is_required(desk, strict):
    plain, more = (d.templates.get("emergency_admission").dcql for d in (desk, strict))
    assert "pq_signature" not in str(plain)
    assert asked_formats(plain) == {"dc+sd-jwt", "ldp_vc"}
    assert "pq_signature" in str(more)
    assert asked_formats(more) == {"dc+sd-jwt"}  # the other carries none


def test_a_record_of_an_issuer_without_a_second_key_is_refused(world, strict):
    view, request = opened(strict, full_wallet(world))
    assert request.over_asked == ()
    body = full_wallet(world).answer(request)
    assert code_of(post, strict, view, body) == "pq.untrusted"
    seen = strict.look(view.id, desk="ward").summary
    assert seen.verdict is Verdict.REJECTED
    assert {s.code for s in seen.sections if s.state is DeskState.FAILED_CHECK} == {"pq.untrusted"}


def test_a_desk_that_requires_what_no_format_carries_is_refused(monkeypatch):
    with pytest.raises(ValidationError, match="no format asked for carries one"):
        VerifierSettings(formats=("ldp_vc",), require_post_quantum=True)
    monkeypatch.setenv("PASSPORT_VERIFIER_REQUIRE_POST_QUANTUM", "1")
    monkeypatch.setenv("PASSPORT_VERIFIER_FORMATS", '["ldp_vc"]')
    assert code_of(settings) == "verifier.setup"  # and no traceback for a person


def test_doctor_says_that_no_issuer_could_meet_the_requirement(strict):
    check = dict(CHECKS)["trust and status lists"]
    assert code_of(check, strict.settings) == "verifier.setup"
    assert "1 status lists" in check(strict.settings.model_copy(update=OFF))


@pytest.mark.parametrize("code", CODES)
def test_each_refusal_is_told_in_words_on_the_page_and_to_programs(code):
    section = VerifiedSection("q", "AllergySummary", DeskState.FAILED_CHECK, code=code)
    summary = VerifiedSummary(Verdict.REJECTED, (section,), NOW, timedelta(), codes=(code,))
    entry = catalogue()[code]
    page = result_page(summary)
    view = type("View", (), {"id": "x", "forget_at": NOW})
    html = render("result.html", brand="B", organisation="O", view=view, page=page)
    assert code in html
    assert page.sections[0].wrong == entry.title
    assert page.sections[0].next_step == entry.hint
    assert summary_json(summary)["sections"][0]["problem"] == {
        "code": code,
        "title": entry.title,
        "party": entry.party.value,
        "help": entry.hint,
    }
