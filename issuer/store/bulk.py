"""Bulk runs and their lines. Whom a line is about stands here sealed, and only while it waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from .job_tables import bulk_lines, bulks, jobs
from .jobs import JobState
from .locking import locked
from .offers import OfferState
from .tables import offers


class BulkState(StrEnum):
    """The life of a run."""

    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


class LineState(StrEnum):
    """The life of a line.

    ``told`` is an offer whose link and PIN the operator has, ``expired`` one whose were erased.
    """

    WAITING = "waiting"
    OFFERED = "offered"
    TOLD = "told"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Bulk:
    """One run; ``wanted`` are record types as JSON, ``recipient`` a public JWK as JSON."""

    id: str
    client: str
    state: BulkState
    source: str | None
    wanted: str
    days: int
    recipient: str
    created_at: int
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class BulkLine:
    """One line; ``result`` is a JWE for the run's recipient until it was told."""

    bulk: str
    line: int
    state: LineState
    sealed: bytes | None = field(default=None, repr=False)
    problem: str | None = None
    offer: str | None = None
    result: str | None = field(default=None, repr=False)


def add(connection: Connection, bulk: Bulk, lines: Sequence[BulkLine]) -> None:
    """Keep a new run with its lines."""
    connection.execute(insert(bulks).values(asdict(bulk)))
    connection.execute(insert(bulk_lines), [asdict(line) for line in lines])


def find(connection: Connection, bulk: str) -> Bulk | None:
    """The run with this id."""
    row = connection.execute(select(bulks).where(bulks.c.id == bulk)).first()
    return None if row is None else _bulk(row)


@dataclass(frozen=True, slots=True)
class StaleResult:
    """A result that stood too long, and how its offer stands."""

    bulk: str
    line: int
    offer: str
    state: OfferState


def newest(connection: Connection, limit: int, *, client: str | None = None) -> tuple[Bulk, ...]:
    """The newest runs, of one client or of all."""
    query = select(bulks).order_by(bulks.c.created_at.desc(), bulks.c.id).limit(limit)
    if client is not None:
        query = query.where(bulks.c.client == client)
    return tuple(_bulk(row) for row in connection.execute(query))


def line(connection: Connection, bulk: str, number: int) -> BulkLine | None:
    """One line of a run."""
    query = select(bulk_lines).where(bulk_lines.c.bulk == bulk, bulk_lines.c.line == number)
    row = connection.execute(query).first()
    return None if row is None else _line(row)


def lines(
    connection: Connection, bulk: str, *, state: LineState | None = None
) -> tuple[BulkLine, ...]:
    """The lines of a run, in order, of one state or all."""
    query = select(bulk_lines).where(bulk_lines.c.bulk == bulk).order_by(bulk_lines.c.line)
    if state is not None:
        query = query.where(bulk_lines.c.state == state.value)
    return tuple(_line(row) for row in connection.execute(query))


def counts(connection: Connection, bulk: str) -> dict[str, int]:
    """How many lines of a run are in each state."""
    query = (
        select(bulk_lines.c.state, func.count().label("number"))
        .where(bulk_lines.c.bulk == bulk)
        .group_by(bulk_lines.c.state)
    )
    return {row.state: row.number for row in connection.execute(query)}


def settle(connection: Connection, bulk: str, number: int, **values: str | bytes | None) -> bool:
    """Set columns of a line that waits, and forget whom it is about; False where it does not."""
    mine = (bulk_lines.c.bulk == bulk) & (bulk_lines.c.line == number)
    waits = bulk_lines.c.state == LineState.WAITING.value
    statement = update(bulk_lines).where(mine, waits).values(sealed=None, **values)
    return connection.execute(statement).rowcount == 1


def settle_offered(connection: Connection, bulk: str, made: Sequence[BulkLine]) -> bool:
    """Keep the offers of lines that wait; False where one of them does not, and all is undone."""
    mine = (bulk_lines.c.bulk == bulk) & (bulk_lines.c.line == bindparam("number"))
    waits = bulk_lines.c.state == LineState.WAITING.value
    statement = (
        update(bulk_lines)
        .where(mine, waits)
        .values(
            state=LineState.OFFERED.value,
            sealed=None,
            offer=bindparam("made"),
            result=bindparam("told"),
        )
    )
    rows = [{"number": one.line, "made": one.offer, "told": one.result} for one in made]
    return connection.execute(statement, rows).rowcount == len(rows)


def numbered(connection: Connection, bulk: str, numbers: Sequence[int]) -> tuple[BulkLine, ...]:
    """Those lines of a run, in order."""
    mine = (bulk_lines.c.bulk == bulk) & bulk_lines.c.line.in_(numbers)
    query = select(bulk_lines).where(mine).order_by(bulk_lines.c.line)
    return tuple(_line(row) for row in connection.execute(query))


def forget_results(connection: Connection, bulk: str, numbers: Sequence[int]) -> None:
    """The operator has the links and PINs of these lines: nobody else will get them."""
    mine = (bulk_lines.c.bulk == bulk) & bulk_lines.c.line.in_(numbers)
    told = {"state": LineState.TOLD.value, "result": None}
    connection.execute(update(bulk_lines).where(mine).values(**told))


def waits(connection: Connection, bulk: str) -> bool:
    """Whether a line of a run still waits."""
    mine = (bulk_lines.c.bulk == bulk) & (bulk_lines.c.state == LineState.WAITING.value)
    return connection.execute(select(bulk_lines.c.line).where(mine).limit(1)).first() is not None


def open_offers(connection: Connection, bulk: str, *, limit: int) -> dict[int, str]:
    """Offers of a run that nobody has begun to collect, by their lines; at most ``limit``."""
    made = bulk_lines.c.state.in_([LineState.OFFERED.value, LineState.TOLD.value])
    query = (
        select(bulk_lines.c.line, offers.c.id)
        .join(offers, offers.c.id == bulk_lines.c.offer)
        .where(bulk_lines.c.bulk == bulk, made, offers.c.state == OfferState.OPEN.value)
        .order_by(bulk_lines.c.line)
        .limit(limit)
    )
    return {row.line: row.id for row in connection.execute(locked(connection, query))}


def take_back(connection: Connection, bulk: str, numbers: Sequence[int]) -> None:
    """The offers of these lines were taken back: nobody gets their links or PINs."""
    mine = (bulk_lines.c.bulk == bulk) & bulk_lines.c.line.in_(numbers)
    gone = {"state": LineState.CANCELLED.value, "result": None}
    connection.execute(update(bulk_lines).where(mine).values(**gone))


def stale_results(connection: Connection, *, before: int, limit: int) -> tuple[StaleResult, ...]:
    """Results of offers that were made before then, or are over by now; at most ``limit``."""
    over = (offers.c.created_at < before) | (offers.c.state != OfferState.OPEN.value)
    query = (
        select(bulk_lines.c.bulk, bulk_lines.c.line, offers.c.id, offers.c.state)
        .join(offers, offers.c.id == bulk_lines.c.offer)
        .where(bulk_lines.c.state == LineState.OFFERED.value, over)
        .order_by(offers.c.id)
        .limit(limit)
    )
    found = connection.execute(locked(connection, query, others_pass=True))
    return tuple(StaleResult(row.bulk, row.line, row.id, OfferState(row.state)) for row in found)


def expire_results(connection: Connection, stale: Sequence[StaleResult]) -> None:
    """Nobody gets these links and PINs any more."""
    gone = {"state": LineState.EXPIRED.value, "result": None}
    for one in stale:
        mine = (bulk_lines.c.bulk == one.bulk) & (bulk_lines.c.line == one.line)
        connection.execute(update(bulk_lines).where(mine).values(**gone))


def end(connection: Connection, bulk: str, state: BulkState, now: int) -> bool:
    """End a run that goes on; False where it has ended already."""
    runs = (bulks.c.id == bulk) & (bulks.c.state == BulkState.RUNNING.value)
    ended = update(bulks).where(runs).values(state=state.value, ended_at=now)
    return connection.execute(ended).rowcount == 1


def cancel_waiting(connection: Connection, bulk: str, keys: Sequence[str], now: int) -> None:
    """Let no line of a run be done any more that was not yet."""
    mine = (bulk_lines.c.bulk == bulk) & (bulk_lines.c.state == LineState.WAITING.value)
    gone = {"state": LineState.CANCELLED.value, "sealed": None}
    connection.execute(update(bulk_lines).where(mine).values(**gone))
    waiting = jobs.c.key.in_(keys) & (jobs.c.state == JobState.WAITING.value)
    ended = {"state": JobState.CANCELLED.value, "ended_at": now}
    connection.execute(update(jobs).where(waiting).values(**ended))


def _bulk(row: Any) -> Bulk:  # noqa: ANN401 - a row of the library
    values = dict(row._mapping)  # noqa: SLF001 - the library's documented accessor
    return Bulk(**(values | {"state": BulkState(values["state"])}))


def _line(row: Any) -> BulkLine:  # noqa: ANN401 - as above
    values = dict(row._mapping)  # noqa: SLF001 - as above
    return BulkLine(**(values | {"state": LineState(values["state"])}))
