"""Messages that wait to be sent to clients' systems, and events that are to become messages.

Rules: an event becomes messages once, whoever looks, since whoever deletes it makes them; a message
is claimed for a while by one process, and another takes it where that one died; what is old leaves.
What is *not* here: signing and sending (``issuer.service.telling``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, true, update

from .api_tables import webhook_events, webhook_messages

WAITING: Final = "waiting"
SENT: Final = "sent"
DEAD: Final = "dead"
KEEP_SENT: Final = int(timedelta(days=1).total_seconds())
KEEP_DEAD: Final = int(timedelta(days=30).total_seconds())
_M = webhook_messages.c


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a thing of ``client``; ``subject`` is its id."""

    seq: int
    client: str
    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``problem`` is the code of the last failure, ``since`` begins its age."""

    id: str
    client: str
    receiver: str
    body: str
    state: str
    attempts: int
    since: int
    due_at: int
    claimed_until: int | None = None
    problem: str | None = None


Compose: TypeAlias = Callable[[Event], Sequence[Message]]


def take_events(connection: Connection, compose: Compose, *, limit: int) -> int:
    """Turn up to ``limit`` events into messages; returns how many messages."""
    c = webhook_events.c
    found = connection.execute(select(c.seq).order_by(c.seq).limit(limit)).scalars().all()
    if not found:
        return 0
    taken = delete(webhook_events).where(c.seq.in_(found)).returning(webhook_events)
    events = [Event(**row._mapping) for row in connection.execute(taken)]  # noqa: SLF001
    made = [asdict(one) for event in sorted(events, key=lambda e: e.seq) for one in compose(event)]
    if made:
        connection.execute(insert(webhook_messages), made)
    return len(made)


def due(connection: Connection, *, now: int, limit: int) -> tuple[Message, ...]:
    """Up to ``limit`` messages that wait and are due, the longest due first."""
    query = select(webhook_messages).where(_free(now)).order_by(_M.due_at, _M.id).limit(limit)
    return tuple(Message(**row._mapping) for row in connection.execute(query))  # noqa: SLF001


def claim(connection: Connection, message: str, *, now: int, until: int) -> bool:
    """Whether ``message`` is this process's alone until then."""
    return _change(connection, message, _free(now), claimed_until=until)


def sent(connection: Connection, message: str) -> None:
    """The receiver took it."""
    _change(connection, message, true(), state=SENT, attempts=_M.attempts + 1, problem=None)


def put_off(connection: Connection, message: str, *, due_at: int, problem: str) -> None:
    """It failed, and is tried again at ``due_at``."""
    values = {"due_at": due_at, "claimed_until": None, "problem": problem}
    _change(connection, message, true(), attempts=_M.attempts + 1, **values)


def give_up(connection: Connection, message: str, *, problem: str) -> None:
    """It is not tried again unless somebody asks."""
    values = {"state": DEAD, "claimed_until": None, "problem": problem}
    _change(connection, message, true(), attempts=_M.attempts + 1, **values)


def retry(connection: Connection, message: str, *, now: int, client: str | None) -> bool:
    """Begin anew with a message that waits or was given up; False where there is none."""
    mine = _M.state != SENT if client is None else (_M.state != SENT) & (_M.client == client)
    fresh = {"state": WAITING, "attempts": 0, "since": now, "due_at": now, "claimed_until": None}
    return _change(connection, message, mine, **fresh)


def latest(
    connection: Connection, *, client: str | None, dead: bool, limit: int
) -> tuple[Message, ...]:
    """The latest messages of one client or of all, newest first."""
    query = select(webhook_messages).order_by(_M.since.desc(), _M.id).limit(limit)
    if client is not None:
        query = query.where(_M.client == client)
    if dead:
        query = query.where(_M.state == DEAD)
    return tuple(Message(**row._mapping) for row in connection.execute(query))  # noqa: SLF001


def purge(connection: Connection, now: int) -> None:
    """Let go of what is old."""
    for state, keep in ((SENT, KEEP_SENT), (DEAD, KEEP_DEAD)):
        old = (_M.state == state) & (_M.since < now - keep)
        connection.execute(delete(webhook_messages).where(old))


def _free(now: int) -> ColumnElement[bool]:
    unclaimed = or_(_M.claimed_until.is_(None), _M.claimed_until <= now)
    return (_M.state == WAITING) & (_M.due_at <= now) & unclaimed


def _change(
    connection: Connection, message: str, condition: ColumnElement[bool], **values: object
) -> bool:
    changing = update(webhook_messages).where(_M.id == message, condition).values(values)
    return connection.execute(changing).rowcount == 1


def backlog(connection: Connection) -> tuple[int, int, int | None]:
    """How many messages wait and how many are dead, and since when the oldest waits."""
    query = select(_M.state, func.count(), func.min(_M.since)).where(_M.state.in_([WAITING, DEAD]))
    found = {row[0]: (row[1], row[2]) for row in connection.execute(query.group_by(_M.state))}
    waiting, oldest = found.get(WAITING, (0, None))
    return waiting, found.get(DEAD, (0, None))[0], oldest
