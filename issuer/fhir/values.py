"""Tolerant readers of FHIR values: whatever stands there, a plain value or nothing comes back.

A reader never raises and never guesses: a member of the wrong shape counts as absent. What is *not*
here: which member means what (one file a section) and dates (dates.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from healthpassport.encoding import Json, JsonObject

EMPTY: Final[JsonObject] = {}
ABSENT_REASON: Final = "data-absent-reason"
NULL_FLAVOR: Final = "nullflavor"


class Coding(NamedTuple):
    """One coding as it stands in the source: nothing trimmed, nothing translated."""

    system: str | None
    code: str | None
    display: str | None


@dataclass(frozen=True, slots=True)
class Concept:
    """A CodeableConcept: all its codings in order, its text, and whether its data is absent.

    ``several`` marks what stands for more than one concept where one belongs: it denies nothing.
    """

    codings: tuple[Coding, ...] = ()
    text: str | None = None
    absent: bool = False
    several: bool = False

    @property
    def name(self) -> str | None:
        """The words to show: the original text, else the first display, else the first code."""
        if self.text:
            return self.text
        shown = next((c.display for c in self.codings if c.display), None)
        return shown or next((c.code for c in self.codings if c.code), None)

    @property
    def is_empty(self) -> bool:
        """True where neither a coding nor a text names anything."""
        return not self.codings and not self.text

    def plus(self, other: Concept) -> Concept:
        """This concept followed by the codings of ``other``; the first text stands."""
        known = set(self.codings)
        added = tuple(c for c in other.codings if c not in known)
        return Concept(self.codings + added, self.text or other.text, self.absent)


def obj(value: Json) -> JsonObject:
    """``value`` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else EMPTY


def seq(value: Json) -> Sequence[Json]:
    """``value`` as a list: a lone value is a list of one, as converters from XML write it."""
    if isinstance(value, list):
        return value
    return () if value is None else (value,)


def objs(value: Json) -> list[JsonObject]:
    """The objects of ``value`` as a list."""
    if isinstance(value, dict):
        return [value]
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def string(value: Json) -> str | None:
    """A string that is not blank, as it stands; a number in its own digits; else nothing."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def strings(value: Json) -> list[str]:
    """The strings of ``value`` as a list."""
    return [found for entry in seq(value) if (found := string(entry)) is not None]


def flag(value: Json) -> bool | None:
    """A boolean, also one that was written as a string."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def coding(value: JsonObject) -> Coding:
    """One Coding."""
    return Coding(
        string(value.get("system")), string(value.get("code")), string(value.get("display"))
    )


def concept(value: Json) -> Concept:
    """A CodeableConcept, or what stands in its place: a bare Coding or a string."""
    if isinstance(value, str):
        return Concept(text=string(value))
    if not isinstance(value, dict):
        return _joined(value) if isinstance(value, list) else Concept()
    raw = objs(value.get("coding"))
    if not raw and ("code" in value or "display" in value):
        raw = [value]
    codings = tuple(c for entry in raw if any(c := coding(entry)))
    return Concept(codings, string(value.get("text")), _is_absent(value, raw))


def _joined(values: list[Json]) -> Concept:
    """One concept of a list of them, where FHIR has room for one only; nothing is left out."""
    if len(values) == 1:
        return concept(values[0])
    parts = [found for value in values if not (found := concept(value)).is_empty]
    if len(parts) <= 1:
        return parts[0] if parts else Concept()
    codings = tuple(coding for part in parts for coding in part.codings)
    text = ", ".join(dict.fromkeys(part.name for part in parts if part.name))
    return Concept(codings, text or None, several=True)


def _is_absent(value: JsonObject, codings: list[JsonObject]) -> bool:
    """Whether data-absent-reason stands on the concept, its text or one of its codings."""
    holders = [value, *codings]
    if "_text" in value or "_coding" in value:
        holders += [obj(value.get("_text")), *objs(value.get("_coding"))]
    for holder in holders:
        if "extension" in holder and any(
            (string(e.get("url")) or "").endswith(ABSENT_REASON)
            for e in objs(holder.get("extension"))
        ):
            return True
    return any((string(c.get("system")) or "").endswith(ABSENT_REASON) for c in codings)


def names(value: Json) -> str | None:
    """The names of the concepts of ``value``, each once, on one line."""
    found = (concept(entry).name for entry in seq(value))
    return ", ".join(dict.fromkeys(name for name in found if name)) or None


def display(reference: Json) -> str | None:
    """What a reference calls its target."""
    return string(obj(reference).get("display"))


def performer(resource: JsonObject) -> str | None:
    """Who did it, by name: R4 and STU3 put an ``actor`` into each performer, or a reference."""
    rows = objs(resource.get("performer"))
    found = (display(row.get("actor")) or display(row) for row in rows)
    return ", ".join(dict.fromkeys(name for name in found if name)) or None


def code(value: Json) -> str | None:
    """The first code of a plain code, a CodeableConcept or a Coding, lower case and trimmed."""
    return next(iter(codes(value)), None)


def codes(value: Json) -> list[str]:
    """All codes of ``value``; a concept without any gives its displays and text instead."""
    if isinstance(value, str):
        return [value.strip().lower()] if value.strip() else []
    found = concept(value)
    named = [c.code for c in found.codings if c.code] or [
        word for word in (*(c.display for c in found.codings), found.text) if word
    ]
    return [word.strip().lower() for word in named]


def status(value: Json, known: frozenset[str]) -> str | None:
    """The first code of ``value`` that is ``known``, else its first code at all."""
    found = codes(value)
    return next((word for word in found if word in known), found[0] if found else None)


def extensions(resource: JsonObject, name: str) -> Iterator[JsonObject]:
    """The extensions of ``resource`` whose URL's last part holds ``name``, whatever its version."""
    for extension in objs(resource.get("extension")):
        url = string(extension.get("url"))
        if url is not None and name in url.rpartition("/")[2]:
            yield extension


def extension_value(holder: JsonObject) -> Json:
    """The value[x] of an extension, whatever its type."""
    return next((v for k, v in holder.items() if k.startswith("value")), None)


def extension(resource: JsonObject, name: str, part: str | None = None) -> Json:
    """The value of the first extension called ``name``, or of its ``part``."""
    for found in extensions(resource, name):
        if part is None:
            return extension_value(found)
        for inner in objs(found.get("extension")):
            if string(inner.get("url")) == part:
                return extension_value(inner)
    return None


def has_modifier(value: Json) -> bool:
    """Whether a modifierExtension stands anywhere in ``value`` (FHIR R4 section 2.4.2)."""
    stack: list[Json] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if node.get("modifierExtension"):
                return True
            stack.extend(v for v in node.values() if isinstance(v, dict | list))
        elif isinstance(node, list):
            stack.extend(node)
    return False


def plain_codings(found: Concept) -> list[JsonObject]:
    """The codings of ``found`` as objects without empty members."""
    return [
        {k: v for k, v in zip(Coding._fields, entry, strict=True) if v} for entry in found.codings
    ]


def plain(**members: Json) -> dict[str, Json]:
    """``members`` without those that hold nothing; False and 0 are something."""
    return {k: v for k, v in members.items() if v is not None and v not in ("", [], {})}
