"""The few kinds of change that lead from STU3 to R4; a table of them is a mapping.

A rule changes a copy of a resource, does nothing where its member is absent, and refuses a shape
that it does not know. What is *not* here: which resource needs which rules (``mapping``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from healthpassport.encoding import Json

Members: TypeAlias = dict[str, Json]
Rule: TypeAlias = Callable[[Members], None]


class NotMapped(Exception):  # noqa: N818 - no error that anybody meets: the item is marked
    """A member of a shape that STU3 does not have."""


def rename(old: str, new: str) -> Rule:
    """``old`` is called ``new`` in R4; its extensions go along."""

    def apply(members: Members) -> None:
        for before, after in ((old, new), (f"_{old}", f"_{new}")):
            if before not in members:
                continue
            value = members.pop(before)
            if members.get(after, value) != value:
                raise NotMapped(before)
            members[after] = value

    return apply


def code_to_concept(name: str, system: str, known: frozenset[str]) -> Rule:
    """A bare code becomes a CodeableConcept; one that is not ``known`` keeps its word alone."""

    def apply(members: Members) -> None:
        value = members.get(name)
        if value is None or isinstance(value, dict):  # R4 has a CodeableConcept there already
            return
        if not isinstance(value, str):
            raise NotMapped(name)
        word = value.strip()
        if word.lower() in known:
            members[name] = {"coding": [{"system": system, "code": word.lower()}]}
        else:
            members[name] = {"text": value}

    return apply


def denied(name: str, status: str, word: str, *, but: frozenset[str]) -> Rule:
    """A boolean that denies the whole becomes the ``status`` ``word``, unless that is ``but``."""

    def apply(members: Members) -> None:
        value = members.get(name)
        if value is None:
            return
        if not isinstance(value, bool):
            raise NotMapped(name)
        del members[name]
        said = members.get(status)
        if value and not (isinstance(said, str) and said in but):
            members[status] = word

    return apply


def to_list(name: str) -> Rule:
    """One value becomes a list of one."""

    def apply(members: Members) -> None:
        value = members.get(name)
        if value is not None and not isinstance(value, list):
            members[name] = [value]

    return apply


def each(name: str, *rules: Rule) -> Rule:
    """``rules`` for every object of the list ``name``."""

    def apply(members: Members) -> None:
        value = members.get(name)
        if value is None:
            return
        rows = value if isinstance(value, list) else [value]
        changed: list[Json] = []
        for row in rows:
            if not isinstance(row, Mapping):
                raise NotMapped(name)
            inner = dict(row)
            for rule in rules:
                rule(inner)
            changed.append(inner)
        members[name] = changed

    return apply


def lift(name: str, part: str, new: str) -> Rule:
    """What the object ``name`` holds as ``part`` stands in R4 by itself, as ``new``."""

    def apply(members: Members) -> None:
        holder = members.get(name)
        if holder is None:
            return
        if not isinstance(holder, Mapping):
            raise NotMapped(name)
        value = holder.get(part)
        if value is None:
            return
        if members.get(new, value) != value:
            raise NotMapped(name)
        members[new] = value

    return apply


def drop(name: str) -> Rule:
    """``name`` is gone in R4, and another rule took what it said."""

    def apply(members: Members) -> None:
        members.pop(name, None)

    return apply


EVERY_STATUS_IN_ERROR: Final = frozenset({"entered-in-error"})
