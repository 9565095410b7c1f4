"""Twelve recovery words: however they are typed, and told by place when they are wrong."""

from __future__ import annotations

import secrets

import pytest
from wallet_home import WORDS

from wallet.vault import new_words, read_words


@pytest.mark.parametrize(
    "typed",
    [
        " ".join(WORDS),
        "  " + "\n".join(WORDS).upper() + " ",
        " ".join(word[:4] for word in WORDS),
    ],
)
def test_words_are_read_however_they_are_typed(typed):
    assert read_words(typed) == WORDS


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "0 words"),
        (" ".join(WORDS[:11]), "11 words"),
        (" ".join((*WORDS, WORDS[0])), "13 words"),
        (" ".join((*WORDS[:2], "zzzz", *WORDS[3:])), "word 3$"),
        (" ".join(("abandonn", *WORDS[1:11], "x")), "word 1, 12$"),
        (" ".join((WORDS[1], WORDS[0], *WORDS[2:])), "belong together"),
        ("word " * 1000, "more than twelve"),
    ],
)
def test_words_that_are_wrong_are_told_by_their_place(typed, told):
    with pytest.raises(Exception, match=f"^vault.recovery_words: .*{told}") as raised:
        read_words(typed)
    assert "zzzz" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_new_words_are_128_random_bits():
    words = new_words(secrets.token_bytes)
    assert len(words) == 12
    assert read_words(" ".join(words)) == words
    assert words != new_words(secrets.token_bytes)
    # BIP-39, the first of its published test vectors: 16 zero bytes.
    assert new_words(bytes) == (*("abandon",) * 11, "about")
