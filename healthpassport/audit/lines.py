"""A trail as lines of a file, written and read: JSON Lines, each in its one spelling.

The first line may be ``{"base": HEAD}``, where older entries were let go; then one line an entry,
``{"entry": {...}, "hash": ...}``; the last is ``{"head": HEAD}``. docs/audit.md has the format.
What is *not* here: whether the lines belong together (``check``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, jcs, parse_json_object
from healthpassport.errors import PassportError, ServiceError

from .entries import VERSION, digest

MAX_LINE: Final = 16_384  # bytes; an entry has some 600, a head with two certificates some 3,000
_TEXTS: Final = ("tenant", "trail", "prev", "at", "event", "about")
_WHO: Final = {"organisation", "desk", "subject", "role"}
_MEMBERS: Final = {*_TEXTS, "version", "seq", "who", "facts"}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it stands in a file or a database; ``where`` counts from 1.

    ``stated`` is the hash that stands beside it, ``found`` the one that it has.
    """

    where: int
    tenant: str
    trail: str
    seq: int
    previous: str
    stated: str
    found: str


@dataclass(frozen=True, slots=True)
class Token:
    """A line with a signed head; ``is_base`` says that older entries stood in its place."""

    head: str
    is_base: bool


def read_line(data: bytes, where: int) -> Line | Token:
    """One line of a file, without its end.

    Raises:
        ServiceError: ``audit.form``.
    """
    line = _object(data)
    if set(line) == {"entry", "hash"} and isinstance(line["hash"], str):
        entry = line["entry"]
        if isinstance(entry, Mapping):
            return read_entry(jcs(entry), line["hash"], where)
    for name in ("base", "head"):
        token = line.get(name)
        if set(line) == {name} and isinstance(token, str):
            return Token(token, is_base=name == "base")
    raise ServiceError("audit.form", "it is neither an entry nor a head")


def read_entry(data: bytes, stated: str, where: int) -> Line:
    """The entry ``data``, in its one spelling, and the hash that stands beside it.

    Raises:
        ServiceError: ``audit.form``.
    """
    entry = _object(data)
    if set(entry) != _MEMBERS or type(entry["version"]) is not int or entry["version"] != VERSION:
        raise ServiceError("audit.form", "it does not have the members of an entry")
    seq, who, facts = entry["seq"], entry["who"], entry["facts"]
    texts = [entry[name] for name in _TEXTS]
    if type(seq) is not int or seq < 1 or not all(isinstance(text, str) for text in texts):
        raise ServiceError("audit.form", "a member is of another type")
    if not isinstance(who, Mapping) or set(who) != _WHO or not isinstance(facts, Mapping):
        raise ServiceError("audit.form", "a member is of another type")
    parts = (*who.values(), *facts.values())
    if any(isinstance(part, Mapping | list) or part is None for part in parts):
        raise ServiceError("audit.form", "a member is of another type")
    return Line(
        where=where,
        tenant=str(entry["tenant"]),
        trail=str(entry["trail"]),
        seq=seq,
        previous=str(entry["prev"]),
        stated=stated,
        found=digest(data),
    )


def lines_of(data: Iterable[bytes]) -> Iterator[bytes]:
    """The lines without their ends; each must have one, also the last.

    Raises:
        ServiceError: ``audit.form``.
    """
    for line in data:
        if not line.endswith(b"\n"):
            raise ServiceError("audit.form", "the last line has no end")
        yield line[:-1]


def _object(data: bytes) -> Mapping[str, Json]:
    try:
        found = parse_json_object(data, max_bytes=MAX_LINE)
        canonical = jcs(found)
    except PassportError as error:
        raise ServiceError("audit.form", error.title) from error
    if canonical != data:
        raise ServiceError("audit.form", "it is not canonical JSON (RFC 8785)")
    return found
