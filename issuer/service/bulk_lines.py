"""The list that a bulk run is made of, in CSV or JSON: one person a line.

A line names somebody by NHS number (``nhs_number``), or by a name in the source (``source``, and
``subject`` where that holds several). Rules: read whole or refused whole; a refusal names a line's
number, never its words. What is *not* here: whether the person can be found.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import EncodingError, SourceError
from issuer.client import Person

MAX_LINES: Final = 10_000
MAX_BYTES: Final = 2 * 1_048_576
MAX_FIELD: Final = 200  # characters
FIELDS: Final = frozenset({"nhs_number", "source", "subject"})


@dataclass(frozen=True, slots=True)
class Line:
    """One person: ``number`` counts from 1 without the heading."""

    number: int
    nhs_number: str = field(default="", repr=False)
    source: str = field(default="", repr=False)
    subject: str = field(default="", repr=False)

    def wire(self) -> bytes:
        """The line as it is sealed."""
        return dump_json(
            {"nhs_number": self.nhs_number, "source": self.source, "subject": self.subject}
        )

    @classmethod
    def parse(cls, number: int, data: bytes) -> Line:
        """What ``wire`` made."""
        return cls(number, **{name: str(value) for name, value in parse_json_object(data).items()})

    @property
    def person(self) -> Person | None:
        """Whom to look for, where no name in the source is given."""
        return Person(nhs_number=self.nhs_number) if self.nhs_number else None


def parse_lines(data: bytes) -> tuple[Line, ...]:
    """The lines of a list: CSV with a heading, or ``{"lines": [{...}]}`` in JSON.

    Raises:
        SourceError: ``bulk.list`` with the number of the first line that is wrong.
    """
    if len(data) > MAX_BYTES:
        raise SourceError("bulk.list", f"it has more than {MAX_BYTES} bytes")
    rows = _from_json(data) if data.lstrip()[:1] == b"{" else _from_csv(data)
    lines = tuple(_line(number, row) for number, row in enumerate(rows, start=1))
    if not 0 < len(lines) <= MAX_LINES:
        raise SourceError("bulk.list", f"it needs 1 to {MAX_LINES} lines")
    seen: dict[tuple[str, str, str], int] = {}
    for line in lines:
        first = seen.setdefault((line.nhs_number, line.source, line.subject), line.number)
        if first != line.number:
            raise SourceError("bulk.list", f"line {line.number} repeats line {first}")
    return lines


def _from_csv(data: bytes) -> Iterable[Mapping[str, object]]:
    try:
        text = data.decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        heading = reader.fieldnames or []
        if not set(heading) & {"nhs_number", "source"} or not set(heading) <= FIELDS:
            raise SourceError("bulk.list", f"the heading has other words than {sorted(FIELDS)}")
        return list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError("bulk.list", "it is not CSV in UTF-8") from error


def _from_json(data: bytes) -> Iterable[Mapping[str, object]]:
    try:
        rows: Json = parse_json_object(data).get("lines")
    except EncodingError as error:
        raise SourceError("bulk.list", error.code) from error
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise SourceError("bulk.list", "lines is a list of objects")
    return [row for row in rows if isinstance(row, Mapping)]


def _line(number: int, row: Mapping[str, object]) -> Line:
    if not set(row) <= FIELDS:
        raise SourceError("bulk.list", f"line {number} holds something else")
    values = {name: "" if value is None else value for name, value in row.items()}
    texts = {name: v.strip() for name, v in values.items() if isinstance(v, str)}
    if len(texts) != len(values) or any(len(text) > MAX_FIELD for text in texts.values()):
        raise SourceError("bulk.list", f"line {number} is not made of short texts")
    line = Line(number, **texts)
    if bool(line.nhs_number) is bool(line.source):
        raise SourceError("bulk.list", f"line {number} needs nhs_number or source")
    if line.person is None:
        return line
    try:
        return Line(number, line.person.checked().nhs_number, subject=line.subject)
    except SourceError as error:
        raise SourceError("bulk.list", f"line {number}: {error.code}") from error
