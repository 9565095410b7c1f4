"""What the result page says of differences: between sources, and from the person admitted.

What is *not* here: finding them (``service.reconciliation``, ``service.matching``), and HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthpassport.credential import VerifiedSection, VerifiedSummary
from healthpassport.languages import ENGLISH, Words, msg
from healthpassport.summary import Item, RecordDefinition, definition
from verifier.service import Comparison, TransactionView, comparisons, contradictions
from verifier.service.acting import person_cautions
from verifier.service.reconciliation import Alignment
from verifier.service.words import day, joined

from .sections import alerts, label
from .values import is_ours, plain, shown

NOT_ON_LIST: Final = msg("Not on this list")
NOT_SHOWN: Final = msg("Not shown here (list incomplete)")
NOT_THAT_OF: Final = {
    "familyName": msg("The family name is not that of the person admitted, or is not shown."),
    "birthDate": msg("The date of birth is not that of the person admitted, or is not shown."),
    "nhsNumber": msg("The NHS number is not that of the person admitted, or is not shown."),
}
DIFFER: Final = {
    "familyName": msg("The sources differ in the family name."),
    "givenNames": msg("The sources differ in the given names."),
    "birthDate": msg("The sources differ in the date of birth."),
    "nhsNumber": msg("The sources differ in the NHS number."),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One entry of one source: its words, what must not be missed, and what is said of it."""

    text: str
    alerts: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    issued: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; ``missing`` is what an empty cell says."""

    cells: tuple[tuple[Side, ...], ...]
    difference: str
    missing: str


@dataclass(frozen=True, slots=True)
class Table:
    """One record type, a column for each source."""

    heading: str
    sources: tuple[str, ...]
    rows: tuple[Row, ...]


def compared(summary: VerifiedSummary, say: Words = ENGLISH) -> tuple[Table, ...]:
    """A table for each record type that more than one source tells."""
    return tuple(_table(found, say) for found in comparisons(summary))


def cautions(view: TransactionView, say: Words = ENGLISH) -> tuple[str, ...]:
    """Who shows it, and each difference in who the person is (clinical.md rules 11 and 13)."""
    if view.summary is None:
        return ()
    admitted = [say(NOT_THAT_OF[name]) for name in view.differences or ()]
    between = [say(DIFFER[name]) for name in contradictions(view.summary)]
    return (*person_cautions(view.summary, said=view.acting, say=say), *admitted, *between)


def _table(found: Comparison, say: Words) -> Table:
    kind = definition(found.record_type)
    return Table(
        heading=say.of(kind.labels).clinical,
        sources=tuple(_source(section, say) for section in found.sources),
        rows=tuple(_row(row, kind, say) for row in found.rows),
    )


def _source(section: VerifiedSection, say: Words) -> str:
    name = section.issuer.name if section.issuer else say(msg("Source not known"))
    if not section.as_of:
        return name
    return say(msg("%(name)s, as of %(day)s"), name=name, day=day(section.as_of, say))


def _row(row: Alignment, kind: RecordDefinition, say: Words) -> Row:
    told = joined(label(kind.unit_fields.get(name), name, say) for name in row.differing)
    words = [say(msg("Differs: %(fields)s"), fields=told)] if told else []
    if row.missing:
        certain, open_ = msg("Not in every list"), msg("Not shown by every source")
        words.append(say(certain if row.certain else open_))
    return Row(
        cells=tuple(tuple(_side(item, kind, say) for item in cell) for cell in row.cells),
        difference="; ".join(words),
        missing=say(NOT_ON_LIST if row.certain else NOT_SHOWN),
    )


def _side(item: Item, kind: RecordDefinition, say: Words) -> Side:
    lines, issued = [], set()
    for name, value in item.unit.items():
        if name in {"text", "coding"}:
            continue
        field = kind.unit_fields.get(name)
        own = label(field, name, say)
        lines.append((own, shown(field, value, say)))
        if not is_ours(field, value):
            issued.add(own)
    text = plain(item.unit.get("text"))
    return Side(text, alerts(item, say), tuple(lines), frozenset(issued))
