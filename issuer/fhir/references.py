"""Following references in all their spellings: Type/id, urn:uuid, absolute, #contained, versioned.

A reference that leads nowhere gives nothing; it is never matched to a likely neighbour. What is
*not* here: what the reference is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from healthpassport.encoding import Json, JsonObject

from .source import Found
from .values import Concept, obj, objs, string

_Identifier: TypeAlias = tuple[str, str | None, str | None]  # value, type, system


def address(value: Json) -> str | None:
    """The address in a Reference; R5's CodeableReference and a bare string are read too."""
    if isinstance(value, str):
        return string(value)
    found = obj(value)
    inner = found.get("reference")
    if isinstance(inner, dict):
        inner = inner.get("reference")
    text = string(inner)
    return text.strip() if text else None


@dataclass(slots=True)
class Index:
    """All resources of a source by address, and the Medications that were read already."""

    found: list[Found]
    medicines: dict[int, Concept] = field(default_factory=dict)
    _urls: dict[str, Found] = field(default_factory=dict)
    _names: dict[str, dict[str, Found]] = field(default_factory=dict)
    _ids: dict[str, list[Found]] = field(default_factory=dict)
    _contained: dict[tuple[int, str], Found] = field(default_factory=dict)
    _types: dict[str, list[Found]] = field(default_factory=dict)
    _identifiers: dict[_Identifier, Found | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.found:
            self._types.setdefault(entry.type, []).append(entry)
            if entry.container is not None:
                if entry.id:
                    self._contained.setdefault((id(entry.container), entry.id), entry)
                continue
            if entry.url:
                self._urls.setdefault(_bare(entry.url), entry)
            # Hand-made bundles name a resource by its fullUrl alone: its last part is its id then.
            own = entry.id or _last_part(entry.url)
            if own:
                near = self._names.setdefault(f"{entry.type}/{own}", {})
                near.setdefault(_server(entry.url), entry)
                self._ids.setdefault(own.lower(), []).append(entry)

    def of(self, *types: str) -> list[Found]:
        """The resources of ``types``, in the order of the file within each type."""
        return [entry for name in types for entry in self._types.get(name, ())]

    def resolve(self, reference: Json, within: Found) -> Found | None:
        """The resource that ``reference`` names, seen from ``within``; None where none is here."""
        text = address(reference)
        if text is None:
            return self._by_identifier(obj(reference))
        if "?identifier=" in text:
            return self._by_condition(text)
        base, mark, fragment = text.partition("#")
        if not base:
            root = within.container or within
            return self._contained.get((id(root), fragment)) if fragment else root
        target = self._outer(base, within)
        if target is not None and mark and fragment:
            return self._contained.get((id(target), fragment), target)
        return target

    def _by_condition(self, text: str) -> Found | None:
        """A conditional reference of a transaction: Type?identifier=system|value (R4 3.1.0.11)."""
        target, _, wanted = text.partition("?identifier=")
        system, mark, value = wanted.partition("&")[0].rpartition("|")
        return self._identified(target.rpartition("/")[2], system if mark else None, value)

    def _by_identifier(self, reference: JsonObject) -> Found | None:
        """A logical reference: the identifier of the one resource here that carries it."""
        identifier = obj(reference.get("identifier"))
        value = string(identifier.get("value"))
        if value is None:
            return None
        return self._identified(
            string(reference.get("type")), string(identifier.get("system")), value
        )

    def _identified(self, kind: str | None, system: str | None, value: str) -> Found | None:
        if not self._identifiers:
            for entry in self.found:
                self._note_identifiers(entry)
        return self._identifiers.get((value.strip(), kind, system))

    def _note_identifiers(self, entry: Found) -> None:
        """Every question that ``entry`` answers; one that two resources answer has no answer."""
        for row in objs(entry.resource.get("identifier")):
            if (number := string(row.get("value"))) is None:
                continue
            for kind in (entry.type, None):
                for system in {string(row.get("system")), None}:
                    key = (number.strip(), kind, system)
                    first = self._identifiers.setdefault(key, entry)
                    if first is not entry:
                        self._identifiers[key] = None

    def _outer(self, base: str, within: Found) -> Found | None:
        base = _bare(base)
        if exact := self._urls.get(base):
            return exact
        if base.startswith("urn:"):
            return _only(self._ids.get(base.rpartition(":")[2], ()))
        parts = base.rsplit("/", 2)
        if len(parts) == 1:
            return _only(self._ids.get(base.lower(), ()))
        candidates = self._names.get("/".join(parts[-2:]))
        if candidates is None:
            return None
        near = candidates.get(_server((within.container or within).url))
        return near or next(iter(candidates.values()))


def _bare(url: str) -> str:
    """``url`` without version, query and a trailing slash; UUIDs in lower case."""
    url = url.strip().partition("/_history/")[0].partition("?")[0].partition("|")[0].rstrip("/")
    return url.lower() if url.lower().startswith("urn:") else url


def _last_part(url: str | None) -> str | None:
    if not url:
        return None
    bare = _bare(url)
    return bare.rpartition(":" if bare.startswith("urn:") else "/")[2] or None


def _server(url: str | None) -> str:
    return (url or "").rsplit("/", 2)[0]


def _only(candidates: Sequence[Found]) -> Found | None:
    return candidates[0] if len(candidates) == 1 else None
