"""What patients report as wrong, sealed; erased once it is answered."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from . import outbox
from .locking import locked
from .prepared import Prepared
from .tables import grants, reports


class ReportState(StrEnum):
    """Whether the practice has answered."""

    OPEN = "open"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Report:
    """One report.

    ``sealed`` is for the practice's own key and gone once it is answered; ``answer`` is sealed for
    ``reply_key``, the public JWK of the wallet for this one report. ``root`` is its line of grants.
    """

    id: str
    root: str
    client: str
    record_type: str
    issuance: str | None
    state: ReportState
    made_at: int
    due_at: int
    sealed: str | None = field(repr=False)
    reply_key: str | None = field(repr=False)
    outcome: str | None = None
    answered_at: int | None = None
    answer: str | None = field(default=None, repr=False)


def add(connection: Connection, report: Report) -> None:
    """Keep ``report``."""
    connection.execute(insert(reports).values(asdict(report)))
    outbox.note_report(connection, report.id)


def find(connection: Connection, report: str) -> Report | None:
    """The report with this id."""
    query = locked(connection, select(reports).where(reports.c.id == report))
    row = connection.execute(query).first()
    return None if row is None else _report(row)


def of_line(connection: Connection, root: str) -> tuple[Report, ...]:
    """Every report of one line of grants, oldest first."""
    query = select(reports).where(reports.c.root == root).order_by(reports.c.made_at)
    return tuple(_report(row) for row in connection.execute(query))


def open_of_line(connection: Connection, root: str) -> int:
    """How many reports of one line wait for an answer."""
    mine = (reports.c.root == root) & (reports.c.state == ReportState.OPEN.value)
    return connection.execute(select(func.count()).where(mine)).scalar() or 0


def disputed_types(connection: Connection, root: str) -> frozenset[str]:
    """The record types of one line with a report that waits for an answer."""
    return frozenset(connection.execute(_DISPUTED, {"this": root}).scalars())


def disputed_types_of(connection: Connection, grant: str) -> frozenset[str]:
    """As ``disputed_types``, for the line that ``grant`` belongs to."""
    return frozenset(name for (name,) in _DISPUTED_OF.all(connection, {"this": grant}))


def waiting_first(
    connection: Connection, *, client: str | None, answered: bool
) -> tuple[Report, ...]:
    """Reports of one API client or of all, the soonest due first; answered ones if wanted."""
    query = select(reports).order_by(reports.c.state.desc(), reports.c.due_at, reports.c.id)
    if client is not None:
        query = query.where(reports.c.client == client)
    if not answered:
        query = query.where(reports.c.state == ReportState.OPEN.value)
    return tuple(_report(row) for row in connection.execute(query))


def change(connection: Connection, report: str, **values: str | int | None) -> None:
    """Set columns of ``report``."""
    connection.execute(update(reports).where(reports.c.id == report).values(values))


def forget_answered(connection: Connection, before: int) -> None:
    """Forget reports that were answered before ``before``."""
    connection.execute(delete(reports).where(reports.c.answered_at < before))


def _report(row: Any) -> Report:  # noqa: ANN401 - a row of the library
    values = dict(row._mapping)  # noqa: SLF001 - the library's documented accessor
    return Report(**(values | {"state": ReportState(values["state"])}))


# Made once, since each record that is issued asks: making it anew costs more than running it.
_DISPUTED: Final = (
    select(reports.c.record_type)
    .where(reports.c.root == bindparam("this", type_=reports.c.root.type))
    .where(reports.c.state == ReportState.OPEN.value)
    .distinct()
)
_DISPUTED_OF: Final = Prepared(
    select(reports.c.record_type)
    .join(grants, grants.c.root == reports.c.root)
    .where(grants.c.id == bindparam("this", type_=grants.c.id.type))
    .where(reports.c.state == ReportState.OPEN.value)
    .distinct()
)
