"""Following references in all their spellings: Type/id, urn:uuid, absolute, #contained, versioned.

A reference that leads nowhere gives nothing; it is never matched to a likely neighbour. What is
*not* here: what the reference is for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from healthpassport.encoding import Json

from .source import Found
from .values import obj, string


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
    """All resources of a source by address."""

    found: list[Found]
    _urls: dict[str, Found] = field(default_factory=dict)
    _names: dict[str, list[Found]] = field(default_factory=dict)
    _ids: dict[str, list[Found]] = field(default_factory=dict)
    _contained: dict[tuple[int, str], Found] = field(default_factory=dict)
    _types: dict[str, list[Found]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.found:
            self._types.setdefault(entry.type, []).append(entry)
            if entry.container is not None:
                if entry.id:
                    self._contained.setdefault((id(entry.container), entry.id), entry)
                continue
            if entry.url:
                self._urls.setdefault(_bare(entry.url), entry)
            if entry.id:
                self._names.setdefault(f"{entry.type}/{entry.id}", []).append(entry)
                self._ids.setdefault(entry.id.lower(), []).append(entry)

    def of(self, *types: str) -> list[Found]:
        """The resources of ``types``, in the order of the file within each type."""
        return [entry for name in types for entry in self._types.get(name, ())]

    def resolve(self, reference: Json, within: Found) -> Found | None:
        """The resource that ``reference`` names, seen from ``within``; None where none is here."""
        text = address(reference)
        if text is None:
            return None
        base, mark, fragment = text.partition("#")
        if not base:
            root = within.container or within
            return self._contained.get((id(root), fragment)) if fragment else root
        target = self._outer(base, within)
        if target is not None and mark and fragment:
            return self._contained.get((id(target), fragment), target)
        return target

    def _outer(self, base: str, within: Found) -> Found | None:
        base = _bare(base)
        if exact := self._urls.get(base):
            return exact
        if base.startswith("urn:"):
            return _only(self._ids.get(base.rpartition(":")[2], ()))
        parts = base.rsplit("/", 2)
        if len(parts) == 1:
            return _only(self._ids.get(base.lower(), ()))
        candidates = self._names.get("/".join(parts[-2:]), [])
        if len(candidates) > 1:
            root = within.container or within
            near = _server(root.url)
            candidates = [c for c in candidates if _server(c.url) == near] or candidates
        return candidates[0] if candidates else None


def _bare(url: str) -> str:
    """``url`` without version, query and a trailing slash; UUIDs in lower case."""
    url = url.strip().partition("/_history/")[0].partition("?")[0].partition("|")[0].rstrip("/")
    return url.lower() if url.lower().startswith("urn:") else url


def _server(url: str | None) -> str:
    return (url or "").rsplit("/", 2)[0]


def _only(candidates: Iterable[Found]) -> Found | None:
    known = list(candidates)
    return known[0] if len(known) == 1 else None
