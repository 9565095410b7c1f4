"""How hard a sentence is to read: the Flesch-Kincaid grade (Kincaid et al. 1975), own counting."""

from __future__ import annotations

import re

LIMIT = 6.0  # experience.md: grade 6 for sentences of six words or more
COUNTED_FROM = 6

_SILENT_END = re.compile(r"(?:[^laeiouy]es|[^td]ed|[^laeiouy]e)$")


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z][A-Za-z']*", text)


def syllables(word: str) -> int:
    letters = re.sub(r"[^a-z]", "", word.lower())
    spoken = _SILENT_END.sub("", letters) or letters
    return max(1, len(re.findall(r"[aeiouy]{1,2}", spoken)))


def grade(text: str) -> float:
    found = words(text)
    sentences = max(1, len(re.findall(r"[.!?](?:\s|$)", text)))
    return (
        0.39 * len(found) / sentences
        + 11.8 * sum(syllables(word) for word in found) / len(found)
        - 15.59
    )


def too_hard(text: str) -> bool:
    return any(
        len(words(sentence)) >= COUNTED_FROM and grade(sentence) > LIMIT
        for sentence in re.split(r"(?<=[.!?])\s+", text)
    )
