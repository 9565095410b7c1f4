"""Whether anything of what was issued is left: every value is looked for in every place.

A value is a text that a record tells of a person. It is looked for as it stands, as JSON may write
it, and inside base64 wherever it begins, since signed records hold it so. Rules: only places and
counts are told, never a value. Not looked for is what proves nothing: short texts, recent dates,
and words that the product's own files hold. What is *not* here: the places (``erasure_places``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from healthpassport.encoding import Json, b64url_encode, dump_text
from healthpassport.summary import PatientSummary

from .reading import Rules, read_bundle

LEAST: Final = 6  # characters that do not meet by chance
LEAST_DIGITS: Final = 8  # of a number: shorter ones stand inside times
RECENT: Final = timedelta(days=400)  # dates that any line of a log may bear
LONGEST: Final = 160  # bytes of a value that are looked for; the rest follows from them
PREFIX: Final = LEAST  # bytes by which a value is first noticed
FEW: Final = 200  # beginnings of values up to which each is looked for by itself
PACKAGES: Final = ("issuer", "healthpassport", "schemas")
_DATE: Final = re.compile(r"(\d{4})-(\d{2})(-\d{2})?\b")
_QUOTED: Final = re.compile(r"[\"']([^\"'\\\n]{6,200})[\"']")
_ADDRESS: Final = ("http://", "https://", "urn:")


@dataclass(frozen=True, slots=True)
class Values:
    """What is looked for, and how many values prove nothing and are not."""

    wanted: frozenset[str]
    passed_over: int

    @classmethod
    def of(cls, texts: Iterable[str], *, own: Iterable[str], now: datetime) -> Values:
        """``texts`` without what proves nothing; ``own`` is what the issuer says of itself."""
        every, known = frozenset(texts), frozenset(own) | words_of_the_product()
        # A number in the product's examples may be somebody's in the notes.
        strange = (one for one in every if one.isdigit() or one not in known)
        wanted = frozenset(one for one in strange if _proves(one, now))
        return cls(wanted, len(every) - len(wanted))


def values_told(summary: PatientSummary) -> frozenset[str]:
    """Every text that the records of ``summary`` tell of the person."""
    found: set[str] = set()
    for record in summary.records:
        found.update(_texts(dict(record.subject)))
        for item in (*record.items, *record.negations):
            found.update(_texts(dict(item.unit)))
            found.update(_texts(dict(item.fields)))
    return frozenset(found)


def values_of(bundle: bytes, *, rules: Rules, subject: str | None, now: datetime) -> frozenset[str]:
    """Every text that records of the FHIR ``bundle`` would tell.

    Raises:
        SourceError: as ``read_bundle``.
    """
    return values_told(read_bundle(bundle, rules=rules, subject=subject, now=now).summary)


class Hunt:
    """Looks for many values at once."""

    def __init__(self, values: Values) -> None:
        self._by_prefix: dict[bytes, list[tuple[bytes, str]]] = {}
        for value in values.wanted:
            for form in _forms(value):
                self._by_prefix.setdefault(form[:PREFIX], []).append((form, value))
        self.longest = max(
            (len(form) for rows in self._by_prefix.values() for form, _ in rows), default=0
        )

    def found_in(self, pieces: Iterable[bytes]) -> tuple[int, int]:
        """How many of the values stand in ``pieces``, and how many bytes were looked through."""
        found: set[str] = set()
        size = 0
        for piece in pieces:
            size += len(piece)
            found.update(self._values_in(piece))
        return len(found), size

    def _values_in(self, piece: bytes) -> Iterator[str]:
        known = self._by_prefix
        if len(known) <= FEW:
            yield from (v for rows in known.values() for form, v in rows if form in piece)
            return
        noticed = [at for at in range(len(piece)) if piece[at : at + PREFIX] in known]
        for at in noticed:
            for form, value in known[piece[at : at + PREFIX]]:
                if piece.startswith(form, at):
                    yield value


@cache
def words_of_the_product() -> frozenset[str]:
    """Every text that stands in quotes in the product's own files."""
    found: set[str] = set()
    for package in PACKAGES:
        for file in _source_files(files(package)):
            found.update(_QUOTED.findall(file.read_text(encoding="utf-8")))
    return frozenset(found)


def _source_files(folder: Traversable) -> Iterator[Traversable]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _source_files(one)
        elif one.name.endswith((".py", ".json")):
            yield one


def _proves(text: str, now: datetime) -> bool:
    if len(text) < LEAST or text.startswith(_ADDRESS):
        return False
    if text.isdecimal():
        return len(text) >= LEAST_DIGITS
    date = _DATE.match(text)
    if date is None:
        return True
    return f"{date[1]}-{date[2]}" < (now - RECENT).strftime("%Y-%m")


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _texts(member)


def _forms(value: str) -> set[bytes]:
    """The bytes in which ``value`` may stand; each is cut to ``LONGEST`` or what it becomes."""
    quoted = dump_text(value)[1:-1]
    plain = {text.encode()[:LONGEST] for text in (value, quoted, _in_ascii(quoted))}
    forms = set(plain)
    if value.isdecimal():  # an NHS number as people write it
        forms.add(f"{value[:3]} {value[3:6]} {value[6:]}".encode())
    for text in plain:
        for before in range(3):
            coded = b64url_encode(b"\0" * before + text)
            inner = coded[-(-8 * before // 6) : 8 * (before + len(text)) // 6]
            forms |= {inner.encode(), inner.replace("-", "+").replace("_", "/").encode()}
    return {form for form in forms if len(form) >= LEAST}


def _in_ascii(text: str) -> str:
    """``text`` as JSON that keeps to ASCII has it: every UTF-16 unit beyond it by its number."""
    units = (c if c.isascii() else "".join(f"\\u{u:04x}" for u in _utf16(c)) for c in text)
    return "".join(units)


def _utf16(character: str) -> Iterator[int]:
    data = character.encode("utf-16-be")
    return (int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))
