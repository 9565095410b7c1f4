"""What must not be found in anything that the desk keeps: values, names of fields, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from desk_world import identity
from record_examples import allergies, medicines

from healthpassport.summary import Record, record_types, to_payload

# Words that stand in a template's or a setting's own name as well, and tell nothing of a person.
COMMON = frozenset({"active", "current", "confirmed", "low", "high", "emergency", "main", "type"})
SHORTEST = 5


def values(found: Any) -> Iterator[str]:
    """Every text in a payload."""
    if isinstance(found, dict):
        for one in found.values():
            yield from values(one)
    elif isinstance(found, list | tuple):
        for one in found:
            yield from values(one)
    elif isinstance(found, str):
        yield found


def names(found: Any) -> Iterator[str]:
    """Every name of a member in a payload."""
    if isinstance(found, dict):
        for name, one in found.items():
            yield name
            yield from names(one)
    elif isinstance(found, list | tuple):
        for one in found:
            yield from names(one)


def words_of(*records: Record) -> set[str]:
    """Values and field names of ``records``."""
    payloads = [to_payload(record) for record in records]
    words = {word for payload in payloads for word in (*values(payload), *names(payload))}
    return {word for word in words if len(word) >= SHORTEST} - COMMON


def clinical_words() -> set[str]:
    """Values and field names of what ``full_wallet`` shares, and the types of records."""
    return words_of(identity(), allergies(), medicines("current")) | set(record_types())
