"""What the result page says of differences: between sources, and from the person admitted.

What is *not* here: finding them (``service.reconciliation``, ``service.matching``), and HTML.
"""

from __future__ import annotations

from dataclasses import dataclass

from healthpassport.credential import VerifiedSection, VerifiedSummary
from healthpassport.summary import FieldDefinition, Item, RecordDefinition, definition
from verifier.service import Comparison, TransactionView, comparisons, contradictions
from verifier.service.acting import person_cautions
from verifier.service.export import DIFFERENCES
from verifier.service.reconciliation import Alignment
from verifier.service.words import day, joined

from .values import plain, shown

NOT_ON_LIST = "Not on this list"
NOT_SHOWN = "Not shown here (list incomplete)"


@dataclass(frozen=True, slots=True)
class Side:
    """One entry of one source: its words, what must not be missed, and what is said of it."""

    text: str
    alerts: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]


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


def compared(summary: VerifiedSummary) -> tuple[Table, ...]:
    """A table for each record type that more than one source tells."""
    return tuple(_table(found) for found in comparisons(summary))


def cautions(view: TransactionView) -> tuple[str, ...]:
    """Who shows it, and each difference in who the person is (clinical.md rules 11 and 13)."""
    if view.summary is None:
        return ()
    admitted = [
        f"The {DIFFERENCES.get(name, name)} is not that of the person admitted, or is not shown."
        for name in view.differences or ()
    ]
    between = [
        f"The sources differ in the {DIFFERENCES.get(name, 'given names')}."
        for name in contradictions(view.summary)
    ]
    return (*person_cautions(view.summary, said=view.acting), *admitted, *between)


def _table(found: Comparison) -> Table:
    kind = definition(found.record_type)
    return Table(
        heading=kind.labels["en"].clinical,
        sources=tuple(_source(section) for section in found.sources),
        rows=tuple(_row(row, kind) for row in found.rows),
    )


def _source(section: VerifiedSection) -> str:
    name = section.issuer.name if section.issuer else "Source not known"
    return f"{name}, as of {day(section.as_of)}" if section.as_of else name


def _row(row: Alignment, kind: RecordDefinition) -> Row:
    labels = (_label(kind.unit_fields.get(name), name) for name in row.differing)
    told = joined(labels)
    words = [f"Differs: {told}" if told else ""]
    if row.missing:
        words.append("Not in every list" if row.certain else "Not shown by every source")
    return Row(
        cells=tuple(tuple(_side(item, kind) for item in cell) for cell in row.cells),
        difference="; ".join(word for word in words if word),
        missing=NOT_ON_LIST if row.certain else NOT_SHOWN,
    )


def _side(item: Item, kind: RecordDefinition) -> Side:
    alerts = []
    if item.unit.get("doNotPerform") is True:
        alerts.append("Do not give")
    if item.unit.get("notGiven") is True:
        alerts.append("Not given")
    lines = tuple(
        (_label(kind.unit_fields.get(name), name), shown(kind.unit_fields.get(name), value))
        for name, value in item.unit.items()
        if name not in {"text", "coding"}
    )
    return Side(plain(item.unit.get("text")), tuple(alerts), lines)


def _label(field: FieldDefinition | None, name: str) -> str:
    return field.labels["en"].clinical if field else name
