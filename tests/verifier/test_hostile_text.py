"""Records whose words try to steer a terminal, forge a line, turn text round or run a script."""

from __future__ import annotations

from dataclasses import replace

import pytest
from record_examples import PENICILLIN, SUBJECT, allergies
from verification_world import NOW, Desk, Surgery, present

from healthpassport.credential import DeskState
from healthpassport.keys import generate_signer
from healthpassport.summary import Item
from verifier.cli.report import print_result
from verifier.service.report import summary_json
from verifier.web.pages import result_page
from verifier.web.rendering import render

HOSTILE = (
    "<script>alert(1)</script>\x1b[2J\x9b31m\u202e evig ton oD\n"
    "AllergySummary: none_known 0 of 0\nallergies: No known allergies"
)


def verified(*items, **changes):
    surgery, holder = Surgery(), generate_signer()
    record = replace(allergies(), items=items, **changes)
    text = present(surgery.issue(record, holder), holder)
    return Desk((surgery,)).verify({"allergies": text})


@pytest.fixture
def hostile():
    unit = {"text": HOSTILE, "reaction": [{"text": HOSTILE}]}
    return verified(Item(unit, {"onset": HOSTILE}), warnings=(HOSTILE,), window=HOSTILE)


def test_the_command_line_shows_hostile_words_on_their_own_line(hostile, capsys):
    print_result(summary_json(hostile))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("allergies:")] == [
        "allergies: Known allergies"
    ]
    assert all(line.isprintable() for line in lines)


def test_the_page_shows_hostile_words_as_words(hostile):
    class View:
        id = "x"
        forget_at = NOW

    page = result_page(hostile)
    html = render("result.html", brand="B", organisation="O", view=View, page=page)
    assert "<script>alert" not in html
    assert not any(character in html for character in "\x1b\x9b\u202e")


def test_the_command_line_never_parts_an_item_from_its_modifiers(capsys):
    unit = {**PENICILLIN.unit, "clinicalStatus": "resolved"}
    print_result(summary_json(verified(PENICILLIN, Item(unit))))
    assert "  - Penicillin; clinicalStatus: resolved" in capsys.readouterr().out


def test_the_command_line_says_reactions_in_words(capsys):
    reactions = [{"text": "Rash", "coding": [{"code": "1"}]}, {"text": "Swelling"}]
    unit = {**PENICILLIN.unit, "reaction": reactions}
    print_result(summary_json(verified(Item(unit))))
    assert "reaction: Rash, Swelling" in capsys.readouterr().out


def test_the_command_line_hides_what_the_page_hides(capsys):
    nobody = {name: SUBJECT[name] for name in ("givenNames", "familyName")}
    summary = verified(PENICILLIN, subject=nobody)
    print_result(summary_json(summary))
    states = [s.state for s in summary.sections if s.record_type == "AllergySummary"]
    assert states[0] in {DeskState.NOT_MATCHED, DeskState.FAILED_CHECK}
    assert "Penicillin" not in capsys.readouterr().out
