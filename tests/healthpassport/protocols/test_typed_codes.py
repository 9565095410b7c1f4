"""A code that a person types says whose it is, and notices a wrong letter by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.errors import RequestError
from healthpassport.protocols.oid4vp import folded, looks_like_code, read_code, spelled
from healthpassport.protocols.oid4vp.codes import LETTERS

ODS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=3, max_size=12)
QUESTIONS = st.text(LETTERS, min_size=8, max_size=8).map(lambda text: f"{text[:4]}-{text[4:]}")
CODE = spelled("RXX01", "7K3M-9QTA")


@given(ODS, QUESTIONS)
def test_a_code_is_read_as_it_was_spelled(ods, question):
    found = read_code(spelled(ods, question))
    assert (found.organisation, found.question) == (folded(ods), question)


@pytest.mark.parametrize(
    "typed",
    [
        CODE.lower(),
        CODE.replace("-", " "),
        CODE.replace("-", ""),
        CODE.replace("-", " \u2013 "),
        " ".join(CODE.replace("-", "")),
        CODE.replace("0", "O").replace("1", "l"),
    ],
)
def test_a_code_is_read_as_people_type_it(typed):
    assert looks_like_code(typed)
    assert read_code(typed) == read_code(CODE)


@given(ODS, QUESTIONS, st.data())
def test_any_one_wrong_letter_is_noticed(ods, question, data):
    letters = folded(spelled(ods, question))
    place = data.draw(st.integers(0, len(letters) - 1))
    wrong = data.draw(st.sampled_from(sorted(set(LETTERS) - {letters[place]})))
    with pytest.raises(RequestError, match=r"request\.code"):
        read_code(letters[:place] + wrong + letters[place + 1 :])


def test_nearly_every_swap_of_neighbours_is_noticed():
    letters = folded(CODE)
    swaps = [
        letters[:i] + letters[i + 1] + letters[i] + letters[i + 2 :]
        for i in range(len(letters) - 1)
        if letters[i] != letters[i + 1]
    ]
    missed = 0
    for swapped in swaps:
        try:
            read_code(swapped)
        except RequestError:
            continue
        missed += 1
    assert missed == 0


@pytest.mark.parametrize(
    "typed",
    ["", "7K3M-9QTA", "RXX01", "RXX01-7K3M-9QTA", "A" * 65, "RXX01-7K3M-9QT\u00e9-5", "a/b"],
)
def test_what_is_no_code_is_refused(typed):
    with pytest.raises(RequestError, match=r"request\.code"):
        read_code(typed)


@pytest.mark.parametrize("text", ["openid4vp://?client_id=a&request_uri=b", "https://a.b", "7K3M"])
def test_a_link_does_not_look_like_a_code(text):
    assert not looks_like_code(text)
