"""JSON pointers, and the part of a document that they reveal.

RFC 6901, and "Data Integrity ECDSA Cryptosuites 1.0" section 3.4.11 to 3.4.14 (jsonPointerToPaths
to selectJsonLd). Escapes (``~0``, ``~1``) are read as RFC 6901 has them, since a member's name may
be an IRI; what names nothing is refused, so that nobody believes a part is shown that is not. What
is *not* here: which statements the part makes (selection.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError

MAX_POINTERS: Final = 10_000  # pointers in one selection
MAX_TOKENS: Final = 64  # parts of one pointer; documents are at most half as deep

_BAD_ESCAPE: Final = re.compile(r"~(?![01])")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_LIKE_INDEX: Final = re.compile(r"[0-9]+")
_SELECTED: Final = ("id", "@id", "type", "@type")  # what goes along with every object on the way

Path = tuple[str | int, ...]


def refused(detail: str) -> CredentialError:
    """The error of a pointer that cannot be followed."""
    return CredentialError("di.pointer", detail)


def parse_pointer(text: str) -> Path:
    """The names and indices of JSON pointer ``text``.

    Raises:
        CredentialError: ``di.pointer`` for the empty pointer (the whole document is no part of it,
            and selectPaths step 8 has no last path then), one that does not begin with ``/``, a
            ``~`` that is neither ``~0`` nor ``~1``, ``-``, an index with a leading zero, or too
            many parts.
    """
    if not isinstance(text, str) or not text.startswith("/"):
        raise refused("a pointer begins with a slash and names something")
    parts = text.split("/")[1:]
    if len(parts) > MAX_TOKENS:
        raise refused("a pointer has too many parts")
    if "~" in text and _BAD_ESCAPE.search(text):
        raise refused("a pointer has an escape that does not exist (RFC 6901 section 3)")
    return tuple(_part(part) for part in parts)


def _part(part: str) -> str | int:
    if part == "-":
        raise refused("a pointer names the element after the last one (RFC 6901 section 4)")
    if _INDEX.fullmatch(part):
        return int(part)
    if _LIKE_INDEX.fullmatch(part):
        raise refused("an index has a leading zero or is too large (RFC 6901 section 4)")
    return part.replace("~1", "/").replace("~0", "~") if "~" in part else part


def resolved(document: JsonObject, pointers: Iterable[str]) -> list[Path]:
    """The paths of ``pointers`` in ``document``: indices where lists stand, names where objects do.

    Raises:
        CredentialError: ``di.pointer``; see ``parse_pointer``; for one that names nothing here; for
            more than ``MAX_POINTERS``.
    """
    found = []
    for number, pointer in enumerate(pointers):
        if number >= MAX_POINTERS:
            raise refused("there are too many pointers")
        found.append(_followed(document, parse_pointer(pointer)))
    return found


def _followed(document: Json, path: Path) -> Path:
    value: Any = document
    names: list[str | int] = []
    for part in path:
        if isinstance(value, Mapping):
            name: str | int = str(part)
            if name not in value:
                raise refused("a pointer names a member that is not there")
            value = value[str(name)]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            name = part
            if not isinstance(name, int) or name >= len(value):
                raise refused("a pointer names an element that is not there")
            value = value[name]
        else:
            raise refused("a pointer goes into a value that has no parts")
        names.append(name)
    return tuple(names)


def reveal(document: JsonObject, pointers: Iterable[str]) -> JsonObject:
    """The part of ``document`` that ``pointers`` name (section 3.4.14, selectJsonLd).

    With each named part come the objects around it with their id and type, and the @context. Lists
    hold only what was chosen, in the order of the document. Without pointers it is empty.

    Raises:
        CredentialError: ``di.pointer``.
    """
    wanted = tree(resolved(document, pointers))
    if not wanted:
        return {}
    found = _members(document, wanted)
    return {"@context": document["@context"], **found} if "@context" in document else found


def tree(paths: Iterable[Path]) -> dict[str | int, Any]:
    """``paths`` as a tree; True is the end of a path, and stands for all below it."""
    root: dict[str | int, Any] = {}
    for path in paths:
        node = root
        for part in path[:-1]:
            below = node.setdefault(part, {})
            if below is True:
                break
            node = below
        else:
            node[path[-1]] = True
    return root


def _part_of(value: Json, wanted: Mapping[str | int, Any]) -> Json:
    if isinstance(value, Mapping):
        return _members(value, wanted)
    elements: Any = value  # a list, as ``resolved`` has seen
    return [
        element if wanted[index] is True else _part_of(element, wanted[index])
        for index, element in enumerate(elements)
        if index in wanted
    ]


def _members(value: JsonObject, wanted: Mapping[str | int, Any]) -> JsonObject:
    found: dict[str, Json] = {}
    for name, member in value.items():
        along = name in _SELECTED and _along(name, member)
        if wanted.get(name) is True or along:
            found[name] = member
        elif name in wanted:
            found[name] = _part_of(member, wanted[name])
    return found


def _along(name: str, member: Json) -> bool:
    """Section 3.4.12: types, and ids that are no blank node's name."""
    return "type" in name or not (isinstance(member, str) and member.startswith("_:"))
