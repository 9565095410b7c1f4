"""Jobs: work that waits in the database, done at least once, by one at a time.

A job is claimed in a transaction of its own and belongs to its claim until a time; whoever is
killed holds it no longer than that. What a job does and that it is done are written in one
transaction (``settle``). What is *not* here: what the kinds do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from .job_tables import jobs
from .locking import add_new, locked


class JobState(StrEnum):
    """The life of a job; ``dead`` waits for a person to look at it."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job as it is kept; ``payload`` is JSON."""

    id: str
    kind: str
    payload: str
    key: str | None
    state: JobState
    attempts: int
    run_at: int
    claim: str | None
    claimed_until: int | None
    problem: str | None
    created_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who claims, when, and until when it holds."""

    token: str
    now: int
    until: int


def add(connection: Connection, rows: Sequence[JobRow]) -> int:
    """Keep new jobs; one whose key is there already is left out. How many were added."""
    return len(add_new(connection, jobs, [asdict(row) for row in rows])) if rows else 0


def is_due(connection: Connection, now: int) -> bool:
    """Whether a job could be claimed."""
    return connection.execute(select(jobs.c.id).where(_due(now)).limit(1)).first() is not None


def claim(
    connection: Connection, claim: Claim, *, several: Collection[str], limit: int
) -> tuple[JobRow, ...]:
    """The job that is due longest, ``claim``'s from now on; none where none is due.

    Of the kinds ``several``, up to ``limit`` jobs that nobody has tried yet.
    """
    columns = select(jobs.c.id, jobs.c.kind, jobs.c.attempts).where(_due(claim.now))
    query = columns.order_by(jobs.c.run_at, jobs.c.id).limit(1)
    first = connection.execute(locked(connection, query, others_pass=True)).first()
    if first is None:
        return ()
    found: Sequence[str] = [first.id]
    if first.kind in several and first.attempts == 0:
        fresh = (jobs.c.kind == first.kind) & (jobs.c.attempts == 0)
        waits = (jobs.c.state == JobState.WAITING.value) & (jobs.c.run_at <= claim.now)
        more = select(jobs.c.id).where(fresh, waits).order_by(jobs.c.run_at, jobs.c.id).limit(limit)
        found = connection.execute(locked(connection, more, others_pass=True)).scalars().all()
    taken = (
        update(jobs)
        .where(jobs.c.id.in_(found))
        .values(
            state=JobState.RUNNING.value,
            attempts=jobs.c.attempts + 1,
            claim=claim.token,
            claimed_until=claim.until,
        )
        .returning(*jobs.c)
    )
    got = tuple(_row(row) for row in connection.execute(taken))
    return tuple(sorted(got, key=lambda row: (row.run_at, row.id)))


def end(connection: Connection, done: Sequence[str], token: str, now: int) -> bool:
    """End running jobs as done; False where one of them is no longer ``token``'s."""
    values = {"state": JobState.DONE.value, "ended_at": now, "problem": None}
    statement = update(jobs).where(_held(done, token)).values(values)
    return connection.execute(statement).rowcount == len(done)


def give_back(connection: Connection, untried: Sequence[str], token: str) -> None:
    """Let jobs wait again as if ``token`` had never claimed them."""
    values = {"state": JobState.WAITING.value, "attempts": jobs.c.attempts - 1, "claim": None}
    connection.execute(update(jobs).where(_held(untried, token)).values(values))


def settle(connection: Connection, job: str, token: str, /, **values: str | int | None) -> bool:
    """Set columns of the running ``job``; False where it is no longer ``token``'s."""
    mine = (jobs.c.id == job) & (jobs.c.claim == token) & (jobs.c.state == JobState.RUNNING.value)
    return connection.execute(update(jobs).where(mine).values(values)).rowcount == 1


def revive(connection: Connection, job: str, now: int) -> bool:
    """Let a dead job run again from the start; False where it is not dead."""
    dead = (jobs.c.id == job) & (jobs.c.state == JobState.DEAD.value)
    fresh = {"state": JobState.WAITING.value, "attempts": 0, "run_at": now, "ended_at": None}
    return connection.execute(update(jobs).where(dead).values(**fresh)).rowcount == 1


def find(connection: Connection, job: str) -> JobRow | None:
    """The job with this id."""
    row = connection.execute(select(jobs).where(jobs.c.id == job)).first()
    return None if row is None else _row(row)


def newest(connection: Connection, *, state: JobState | None, limit: int) -> tuple[JobRow, ...]:
    """The newest jobs, of one state or of all."""
    query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(limit)
    if state is not None:
        query = query.where(jobs.c.state == state.value)
    return tuple(_row(row) for row in connection.execute(query))


def counts(connection: Connection) -> dict[str, int]:
    """How many jobs there are in each state."""
    query = select(jobs.c.state, func.count().label("number")).group_by(jobs.c.state)
    return {row.state: row.number for row in connection.execute(query)}


def forget(connection: Connection, before: int) -> None:
    """Forget jobs that ended before ``before``; dead ones stay until somebody looks."""
    ended = jobs.c.state.in_([JobState.DONE.value, JobState.CANCELLED.value])
    connection.execute(delete(jobs).where(ended, jobs.c.ended_at < before))


def _held(ids: Sequence[str], token: str) -> ColumnElement[bool]:
    running = jobs.c.state == JobState.RUNNING.value
    return and_(jobs.c.id.in_(ids), jobs.c.claim == token, running)


def _due(now: int) -> ColumnElement[bool]:
    return or_(
        and_(jobs.c.state == JobState.WAITING.value, jobs.c.run_at <= now),
        and_(jobs.c.state == JobState.RUNNING.value, jobs.c.claimed_until <= now),
    )


def _row(row: Any) -> JobRow:  # noqa: ANN401 - a row of the library
    values = dict(row._mapping)  # noqa: SLF001 - the library's documented accessor
    return JobRow(**(values | {"state": JobState(values["state"])}))
