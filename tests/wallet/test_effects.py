"""What is said before sending is what the desk shows; no allergy list ever looks empty by it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import too_hard
from wallet_world import DESK

from healthpassport.errors import PassportError

HIDDEN = {"not_matched", "failed_check"}


def number(question, label):
    return next(tick.number for tick in question.ticks if tick.label.startswith(label))


def of(preview, label):
    return next(effect for effect in preview.effects if effect.label == label)


def sections(world, request):
    result = world.seen(request)["result"]
    return {section["type"]: section for section in result["sections"]} if result else {}


def test_everything_ticked_is_said_to_be_whole(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    preview = filled_wallet.preview(question)
    allergies = of(preview, "Allergies")
    assert (allergies.shown, allergies.total, allergies.warning) == (2, 2, "")
    assert allergies.line == "Allergies: all 2 shared"
    assert of(preview, "Your details").words == "all 4 shared"
    assert not preview.nothing


def test_a_part_of_the_allergies_is_said_to_be_a_part(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    numbers = question.ticked - {number(question, "Penicillin")}
    allergies = of(filled_wallet.preview(question, numbers), "Allergies")
    assert allergies.line == "Allergies: 1 of 2 shared"
    assert allergies.warning == "They will see that the list is not whole."


@pytest.mark.parametrize("label", ["Allergies", "Penicillin"])
def test_no_allergy_shared_never_looks_like_none(world, filled_wallet, label):
    question = filled_wallet.prepare(world.ask()["link"])
    left = {number(question, label), number(question, "Natural rubber")}
    allergies = of(filled_wallet.preview(question, question.ticked - left), "Allergies")
    assert allergies.shown == 0
    assert "Allergies unavailable" in allergies.warning


def test_a_record_that_does_not_say_whose_it_is_is_said_to_be_hidden(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    names = {"NHS number", "Last name", "Date of birth"}
    left = {tick.number for tick in question.ticks if tick.label in names}
    assert len(left) == 3
    preview = filled_wallet.preview(question, question.ticked - left)
    assert preview.nothing or all("hidden" in e.words for e in preview.effects if e.sent)


def test_nothing_ticked_is_said_to_send_nothing(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    preview = filled_wallet.preview(question, ())
    assert preview.nothing.startswith("Nothing will be sent.")
    assert not any(effect.sent for effect in preview.effects)
    assert not [r for r in world.wire.sent if r.method == "POST" and r.url.startswith(DESK)]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_the_desk_shows_what_was_said(world, filled_wallet, data):
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    every = [tick.number for tick in question.ticks]
    numbers = set(every) - data.draw(st.sets(st.sampled_from(every), max_size=6))
    preview = filled_wallet.preview(question, numbers)
    try:
        filled_wallet.share(question, numbers)
    except PassportError as error:
        hidden = all("hidden" in e.words for e in preview.effects if e.sent)
        assert preview.nothing if error.code == "consent.incomplete" else hidden  # noqa: PT017
        return
    seen = sections(world, request)
    for effect, kind in zip(preview.effects, ("PatientIdentity", "AllergySummary"), strict=True):
        section = seen[kind]
        if not effect.sent:
            assert section["state"] == "not_shared"
        elif "hidden" in effect.words:
            assert section["state"] in HIDDEN
        else:
            assert (section["shown"], section["total"]) == (effect.shown, effect.total)
    heading = world.seen(request)["result"]["allergyHeading"]
    assert heading in {"Known allergies", "Allergies unavailable"}


# -- what is needed, what is private -----------------------------------------------------------


def test_what_is_needed_for_safe_treatment_is_marked_with_what_happens_without(
    world, filled_wallet
):
    question = filled_wallet.prepare(world.ask()["link"])
    needed = {tick.label: tick for tick in question.ticks if tick.needed}
    assert {"Allergies", "NHS number", "Last name", "Date of birth"} <= needed.keys()
    assert any(label.startswith("Penicillin") for label in needed)
    for tick in needed.values():
        assert tick.ticked
        assert tick.note.startswith("Without it, they may")
        assert not too_hard(tick.note)
