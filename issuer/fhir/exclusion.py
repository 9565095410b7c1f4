"""Which entries are left out because they, or what they hang on, are of a sensitive kind.

An entry is left out where a code or a word of the list stands anywhere in its resource, where it
refers to a resource that is left out, or where one that the list itself covers refers to it: a
medicine given for a hidden problem would tell the problem. Nothing in a record says that this
happened to this person. What is *not* here: the list (sensitive.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from healthpassport.encoding import Json

from .entries import Entry
from .references import Index
from .sensitive import SensitiveCodes
from .source import Found

# People and places belong to everything, lists and documents name everything: neither is an item.
_NEVER_LINKED: Final = frozenset(
    {
        "Patient", "RelatedPerson", "Practitioner", "PractitionerRole", "Organization", "Location",
        "HealthcareService", "List", "Composition", "Bundle", "Provenance", "MessageHeader",
        "OperationOutcome",
    }
)  # fmt: skip
_CONTEXTS: Final = frozenset({"Encounter", "EpisodeOfCare"})  # a visit holds many unlike things
_NOT_WORDS: Final = frozenset({"system", "url", "reference", "id", "fullUrl", "profile"})


def exclusion(codes: SensitiveCodes, index: Index) -> Callable[[Entry], bool]:
    """Tells of an entry of ``index`` whether ``codes`` leave it out."""
    if codes.is_empty:
        return lambda _entry: False
    listed = _Listed(codes)
    tainted = _tainted(listed, index)

    def covers(entry: Entry) -> bool:
        if entry.part is not None and listed.stands_in(entry.part):
            return True
        return id(entry.found) in tainted

    return covers


class _Listed:
    """The list, ready to be looked for in any JSON."""

    def __init__(self, codes: SensitiveCodes) -> None:
        self._codes = codes.codes
        self._bare = {code for _, code in codes.codes}
        words = "|".join(re.escape(text) for text in codes.texts)
        self._words = re.compile(rf"\b(?:{words})\b", re.IGNORECASE) if words else None

    def stands_in(self, value: Json) -> bool:
        """Whether a code or a word of the list stands anywhere in ``value``."""
        if isinstance(value, dict):
            if self._is_listed(value):
                return True
            return any(self.stands_in(v) for k, v in value.items() if k not in _NOT_WORDS)
        if isinstance(value, list):
            return any(self.stands_in(entry) for entry in value)
        return (
            isinstance(value, str) and self._words is not None and bool(self._words.search(value))
        )

    def _is_listed(self, coding: dict[str, Json]) -> bool:
        """A code without its system counts as listed: what is in doubt stays in."""
        code, system = coding.get("code"), coding.get("system")
        if not isinstance(code, str):
            return False
        if isinstance(system, str) and system.strip():
            return (system.strip(), code.strip()) in self._codes
        return code.strip() in self._bare


def _tainted(listed: _Listed, index: Index) -> set[int]:
    """The resources that are left out: those of the list, and what is linked to them."""
    linked = [found for found in index.found if found.type not in _NEVER_LINKED]
    targets = {id(found): list(_targets(found, index)) for found in linked}
    own = [found for found in linked if listed.stands_in(found.resource)]
    tainted = {id(found) for found in own}
    for found in own:
        tainted |= {id(t) for t in targets[id(found)] if t.type not in _CONTEXTS}
    while more := {
        id(found)
        for found in linked
        if found.type not in _CONTEXTS
        and id(found) not in tainted
        and any(id(t) in tainted for t in targets[id(found)])
    }:
        tainted |= more
    return tainted


def _targets(found: Found, index: Index) -> Iterator[Found]:
    for reference in _references(found.resource):
        target = index.resolve(reference, found)
        if target is not None and target.type not in _NEVER_LINKED:
            yield target


def _references(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value
        for name, member in value.items():
            if name != "contained":
                yield from _references(member)
    elif isinstance(value, list):
        for entry in value:
            yield from _references(entry)
