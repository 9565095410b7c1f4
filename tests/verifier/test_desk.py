"""The desk's service: one question, one answer, everything else refused."""

from __future__ import annotations

import pytest
from desk_world import full_wallet, handle_of

from healthpassport.credential import DeskState, Verdict
from verifier.service import Progress


def ask_and_read(desk, wallet, template="emergency_admission"):
    view = desk.ask(template, desk="ward")
    trust = desk.lists.views(view.created_at).trust
    return view, wallet.read(desk, view.link, trust)


def test_a_whole_answer_becomes_a_verified_summary(world, desk):
    wallet = full_wallet(world)
    view, request = ask_and_read(desk, wallet)
    assert request.name == "Example Hospital"
    assert request.purpose == "emergency"
    assert request.over_asked == ()
    assert desk.receive(handle_of(view.link), wallet.answer(request)) is None
    seen = desk.look(view.id, desk="ward")
    assert seen.progress is Progress.ANSWERED
    assert seen.summary is not None
    assert seen.summary.verdict is Verdict.ACCEPTED, seen.summary.codes
    section = seen.summary.section("AllergySummary")
    assert section.state is DeskState.ITEMS
    assert (section.shown, section.total) == (2, 2)
    assert seen.summary.section("ProblemSummary").state is DeskState.NOT_SHARED
