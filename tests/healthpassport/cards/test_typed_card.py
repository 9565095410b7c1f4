"""Letters on paper, typed by hand: read whole, or the line that is wrong is named."""

from __future__ import annotations

import random

import pytest
from card_forge import card
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.cards import base45, typed
from healthpassport.errors import CardError

TEXT = card()
LINES = typed.lines(TEXT)


def test_typed_lines_read_as_the_code_does():
    assert typed.untyped("\n".join(LINES)) == TEXT


def test_lines_hold_groups_that_a_person_can_keep_in_mind():
    assert all(len(group) <= 5 for line in LINES for group in line.split())
    assert all(len(line.split()) == 6 for line in LINES[:-1])


def test_case_spaces_hyphens_numbers_and_letters_that_look_alike_do_not_matter():
    sloppy = [
        f"{n}. {line.lower().replace('0', 'o').replace('1', 'l').replace(' ', '-')}"
        for n, line in enumerate(LINES, start=1)
    ]
    assert typed.untyped("\n\n".join(sloppy) + "\n") == TEXT


@given(st.integers(0, len(LINES) - 1), st.integers(0, 24), st.sampled_from(typed.ALPHABET))
def test_a_wrong_letter_is_told_with_its_line(number, at, letter):
    letters = LINES[number].replace(" ", "")
    at = min(at, len(letters) - 1)
    if letters[at] == letter:
        return
    wrong = [*LINES]
    wrong[number] = letters[:at] + letter + letters[at + 1 :]
    with pytest.raises(CardError, match=rf"card\.typed_line: line {number + 1}\Z"):
        typed.untyped("\n".join(wrong))


def test_two_letters_in_the_wrong_order_are_noticed():
    chance = random.Random(7)  # noqa: S311 - the same every time
    for _ in range(200):
        number, at = chance.randrange(len(LINES) - 1), chance.randrange(24)
        letters = LINES[number].replace(" ", "")
        if letters[at] != letters[at + 1]:
            wrong = [*LINES]
            wrong[number] = letters[:at] + letters[at + 1] + letters[at] + letters[at + 2 :]
            with pytest.raises(CardError, match=f"line {number + 1}"):
                typed.untyped("\n".join(wrong))


def test_two_lines_in_the_wrong_order_are_noticed():
    with pytest.raises(CardError, match="line 1"):
        typed.untyped("\n".join([LINES[1], LINES[0], *LINES[2:]]))


def test_a_line_left_out_is_noticed():
    with pytest.raises(CardError, match="line 3"):
        typed.untyped("\n".join([*LINES[:2], *LINES[3:]]))


@pytest.mark.parametrize("text", ["", "\n \n", "\n".join(LINES * 40)])
def test_nothing_and_too_much_are_no_card(text):
    with pytest.raises(CardError, match=r"card\.typed"):
        typed.untyped(text)


@given(st.text(max_size=200))
def test_any_text_is_refused_with_a_code_of_ours(text):
    with pytest.raises(CardError, match=r"card\.typed"):
        typed.untyped(text)


@given(st.binary(min_size=1, max_size=300))
def test_every_length_of_bytes_comes_back(data):
    text = "HPC1:" + base45.encode(data)
    assert typed.untyped("\n".join(typed.lines(text))) == text
