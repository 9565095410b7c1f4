"""Searching without opening: keyed tags of a row's words, different in every row.

A tag is a keyed digest of row id and word, so that equal words of two rows do not look equal: the
file shows only how many tags a row has, in steps of 32. A word is found by any beginning of three
letters or more. What is *not* here: values; the caller chooses which words a row is found by.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final

TAG_BYTES: Final = 6
STEP: Final = 32  # tags; the rest of a step is filled with random bytes
SHORTEST: Final = 3  # letters of a beginning
LONGEST: Final = 16  # letters; longer words are found by their first 16


def split(text: str) -> tuple[str, ...]:
    """The words of ``text``: NFKD without marks, case folded, letters and digits alone."""
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return tuple("".join(c if c.isalnum() else " " for c in kept).split())


def tags_of(
    texts: Iterable[str], *, row: int, key: bytes | bytearray, random: Callable[[int], bytes]
) -> bytes:
    """The tags of all words of ``texts`` for ``row``, sorted and filled up; empty without words."""
    words = {word[:LONGEST] for text in texts for word in split(text)}
    parts = {word[:size] for word in words for size in range(SHORTEST, len(word))} | words
    tags = {_tag(part, row=row, key=key) for part in parts}
    while len(tags) % STEP:
        tags.add(random(TAG_BYTES))
    return b"".join(sorted(tags))


def matches(words: tuple[str, ...], tags: bytes, *, row: int, key: bytes | bytearray) -> bool:
    """Whether every one of ``words`` begins a word of the row with ``tags``."""
    return bool(tags) and all(_stands_in(_tag(w[:LONGEST], row=row, key=key), tags) for w in words)


def _stands_in(tag: bytes, tags: bytes) -> bool:
    at = tags.find(tag)
    while at >= 0 and at % TAG_BYTES:
        at = tags.find(tag, at + 1)
    return at >= 0


def _tag(word: str, *, row: int, key: bytes | bytearray) -> bytes:
    return hashlib.blake2b(
        row.to_bytes(8, "big") + word.encode(),
        key=bytes(key),
        digest_size=TAG_BYTES,
        person=b"hp-vault-words",
    ).digest()
