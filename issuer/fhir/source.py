"""From bytes to resources: whatever carries them, every resource is found once, with its address.

Bundles of any type, bundles in bundles, Parameters, contained resources, lists of resources and
foreign wrappers (a SMART Health Card's payload) are opened. What is *not* here: what a resource
means, and following references (references.py).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Final

from healthpassport.encoding import Json, JsonObject, parse_source_json
from healthpassport.errors import EncodingError, SourceError

from .values import objs, seq, string

MAX_SOURCE_BYTES: Final = 32 * 1_048_576  # eight times the largest summary of the performance goals
MAX_SOURCE_DEPTH: Final = 64  # FHIR's deepest published examples reach about twenty levels
_TYPE: Final = re.compile(r"[A-Z][A-Za-z]+\Z")
DOUBLED_MEMBER: Final = "doubled_member"
UNREAD: Final = "resource_unreadable"
# The members of Bundle.entry without its resource (FHIR R4 section 2.36).
_BARE_ENTRY: Final = frozenset(
    {"id", "extension", "link", "fullUrl", "resource", "search", "request", "response"}
)
MAX_PLACES: Final = 20  # places named for each kind of defect; the count goes on


@dataclass(slots=True)
class Defects:
    """What was wrong in a source, by kind, with the first places where it stood."""

    places: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, place: str) -> None:
        """Note one defect of ``kind`` at ``place``."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        known = self.places.setdefault(kind, [])
        if len(known) < MAX_PLACES:
            known.append(place)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One resource with its address: the Bundle's fullUrl, its container, its path in the file."""

    resource: JsonObject
    type: str
    id: str | None
    url: str | None
    container: Found | None
    path: str

    @property
    def place(self) -> str:
        """The words with which a defect names this resource."""
        return f"{self.path} {self.type}/{self.id or '-'}"


def resource_type(value: JsonObject) -> str | None:
    """The resourceType of ``value`` where it has the form of one."""
    found = value.get("resourceType")
    if not isinstance(found, str) or not _TYPE.match(found.strip()):
        return None
    return found.strip()


def read_json(data: bytes, defects: Defects) -> Json:
    """The JSON of ``data``; a byte order mark is dropped, UTF-16 with its mark is read.

    A member that is named twice is a defect: the last stands in the report, and nothing is issued.

    Raises:
        SourceError: ``fhir.not_json`` or ``fhir.too_large``.
    """
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            data = data.decode("utf-16").encode("utf-8")
        data = data.removeprefix(codecs.BOM_UTF8)
        document, doubled = parse_source_json(
            data, max_bytes=MAX_SOURCE_BYTES, max_depth=MAX_SOURCE_DEPTH
        )
    except UnicodeError as error:
        raise SourceError("fhir.not_json", "the bytes are not Unicode") from error
    except EncodingError as error:
        if error.code == "limit.size":
            raise SourceError("fhir.too_large") from error
        raise SourceError("fhir.not_json", error.detail or error.title) from error
    for _ in range(doubled):
        defects.add(DOUBLED_MEMBER, "$")
    return document


def find_resources(document: Json, defects: Defects) -> list[Found]:
    """Every resource of ``document`` in the order of the file, containers before their contents.

    Raises:
        SourceError: ``fhir.no_resource``.
    """
    found: list[Found] = []
    if isinstance(document, dict) and resource_type(document):
        _collect(document, "$", found, defects)
    else:
        _search(document, "$", found, defects)
    if not found:
        raise SourceError("fhir.no_resource")
    return found


def _search(
    node: Json, path: str, found: list[Found], defects: Defects, container: Found | None = None
) -> None:
    """Look for resources below a wrapper that is not FHIR itself."""
    if isinstance(node, dict):
        if resource_type(node):
            _collect(node, path, found, defects, container=container)
        else:
            for name, value in node.items():
                _search(value, f"{path}.{name}", found, defects, container)
    elif isinstance(node, list):
        for position, value in enumerate(node):
            _search(value, f"{path}[{position}]", found, defects, container)


def _collect(
    resource: JsonObject,
    path: str,
    found: list[Found],
    defects: Defects,
    *,
    url: str | None = None,
    container: Found | None = None,
) -> None:
    kind = resource_type(resource) or ""
    here = Found(resource, kind, string(resource.get("id")), url, container, path)
    found.append(here)
    if kind == "Bundle":
        _open_bundle(resource, path, found, defects)
    elif kind == "Parameters":
        _open_parameters(resource.get("parameter"), path, found, defects)
    for position, inner in enumerate(seq(resource.get("contained"))):
        place = f"{path}.contained[{position}]"
        if isinstance(inner, dict) and resource_type(inner):
            _collect(inner, place, found, defects, container=container or here)
        elif inner:
            defects.add("contained_without_type", place)
            _unwrap(inner, place, found, defects, container or here)


def _open_bundle(bundle: JsonObject, path: str, found: list[Found], defects: Defects) -> None:
    urls: set[str] = set()
    seen: dict[tuple[str, str], JsonObject] = {}
    history = bundle.get("type") == "history"
    for position, entry in enumerate(seq(bundle.get("entry"))):
        place = f"{path}.entry[{position}]"
        held = entry.get("resource") if isinstance(entry, dict) else None
        resource = held if isinstance(held, dict) else entry
        kind = resource_type(resource) if isinstance(resource, dict) else None
        if kind is None or not isinstance(entry, dict) or not isinstance(resource, dict):
            defects.add("entry_without_resource", place)
            _unwrap(held or entry, place, found, defects)
            continue
        url = string(entry.get("fullUrl"))
        if url is not None and url in urls and not history:
            defects.add("duplicate_full_url", place)
        urls.add(url or "")
        if (own := string(resource.get("id"))) is not None:
            key = (kind, own)
            if history and key in seen:
                # FHIR R4 section 3.1.0.13: newest first, so what follows is an older version.
                defects.add("older_version", place)
                continue
            if resource == seen.get(key):
                defects.add("duplicate_resource", place)
                continue
            if key in seen:
                defects.add("duplicate_id", place)
            seen[key] = resource
        _collect(resource, place, found, defects, url=url)


def _unwrap(
    value: Json, path: str, found: list[Found], defects: Defects, container: Found | None = None
) -> None:
    """Find the resources of ``value``, which stands where one resource belongs and is none.

    What names no resource but is more than a response or an address may be an entry that nobody
    could read, so that no section may say that there is none.
    """
    known = len(found)
    _search(value, path, found, defects, container)
    bare = isinstance(value, dict) and value.keys() <= _BARE_ENTRY
    if value and not bare and len(found) == known:
        defects.add(UNREAD, path)


def _open_parameters(value: Json, path: str, found: list[Found], defects: Defects) -> None:
    for position, parameter in enumerate(objs(value)):
        place = f"{path}.parameter[{position}]"
        inner = parameter.get("resource")
        if isinstance(inner, dict) and resource_type(inner):
            _collect(inner, place, found, defects)
        else:
            _unwrap(inner, place, found, defects)
        _open_parameters(parameter.get("part"), place, found, defects)
