"""Which systems are to be told of which transactions, and the messages that wait to be sent.

Rules: a change of state becomes a message once, whoever looks, since noting it is one conditional
statement; a message is claimed for a while by one process, and another takes it where that process
died; messages and watches leave when they are old. A message holds an id, a state and a time.
What is *not* here: signing and sending (``service.webhooks``), and secrets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

import sqlalchemy as sa

from healthpassport.errors import ServiceError

from .tables import TRANSACTIONS, WATCHES, WEBHOOKS
from .together import together

WAITING: Final = "waiting"
SENT: Final = "sent"
DEAD: Final = "dead"
KEEP_SENT: Final = timedelta(days=1)
KEEP_DEAD: Final = timedelta(days=30)
KEEP_WATCH: Final = timedelta(days=2)  # a transaction itself is kept for one
EXPIRED: Final = "expired"
_OPEN: Final = ("waiting", "fetched")
_LAST: Final = frozenset({"declined", "failed", EXPIRED, "closed"})

_T, _W, _M = TRANSACTIONS.c, WATCHES.c, WEBHOOKS.c

# Transaction id and state in, message id and body out.
Compose: TypeAlias = Callable[[str, str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``problem`` is the code of the last failure, ``since`` begins its age."""

    id: str
    desk: str
    url: str
    body: str
    state: str
    attempts: int
    since: datetime
    due_at: datetime
    problem: str | None


class Outbox:
    """The watches and messages of one organisation."""

    def __init__(self, engine: sa.Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant

    def watch(self, transaction_id: str, *, desk: str, url: str, told: str, now: datetime) -> None:
        """Tell ``url`` of every later state of a transaction; ``told`` is the state now."""
        row = sa.insert(WATCHES).values(
            tenant=self._tenant,
            id=transaction_id,
            desk=desk,
            url=url,
            told=told,
            created_at=_seconds(now),
        )
        with together(self._engine) as connection:
            connection.execute(row)

    def note_changes(self, *, now: datetime, compose: Compose) -> int:
        """Make a message of each state that nobody was told of; returns how many."""
        moment = _seconds(now)
        over = sa.and_(_T.progress.in_(_OPEN), _T.expires_at <= moment)
        state = sa.case((over, EXPIRED), else_=_T.progress)
        query = (
            sa.select(_W.id, _W.desk, _W.url, _W.told, state.label("state"))
            .join(TRANSACTIONS, sa.and_(_T.tenant == _W.tenant, _T.id == _W.id))
            .where(_W.tenant == self._tenant, state != _W.told)
        )
        with together(self._engine) as connection:
            changed = connection.execute(query).mappings().all()
        return sum(self._note(row, moment, compose) for row in changed)

    def _note(self, seen: sa.RowMapping, moment: int, compose: Compose) -> bool:
        """One change, in one transaction; False where another process was first."""
        mine = sa.and_(_W.tenant == self._tenant, _W.id == seen["id"], _W.told == seen["told"])
        step: sa.Update | sa.Delete = sa.update(WATCHES).where(mine).values(told=seen["state"])
        if seen["state"] in _LAST:
            step = sa.delete(WATCHES).where(mine)
        with together(self._engine) as connection:
            if connection.execute(step).rowcount != 1:
                return False
            name, body = compose(seen["id"], seen["state"])
            connection.execute(
                sa.insert(WEBHOOKS).values(
                    tenant=self._tenant,
                    id=name,
                    desk=seen["desk"],
                    url=seen["url"],
                    body=body,
                    state=WAITING,
                    attempts=0,
                    since=moment,
                    due_at=moment,
                )
            )
        return True

    def claim(self, *, now: datetime, lease: timedelta, limit: int) -> tuple[Message, ...]:
        """Up to ``limit`` messages that are due, for this process alone until ``lease`` is over."""
        moment = _seconds(now)
        free = sa.or_(_M.claimed_until.is_(None), _M.claimed_until <= moment)
        due = sa.and_(_M.tenant == self._tenant, _M.state == WAITING, _M.due_at <= moment, free)
        query = sa.select(WEBHOOKS).where(due).order_by(_M.due_at).limit(limit)
        with together(self._engine) as connection:
            found = connection.execute(query).all()
        until = _seconds(now + lease)
        return tuple(
            message
            for message in map(_message, found)
            if self._change(message.id, due, claimed_until=until)
        )

    def sent(self, message_id: str) -> None:
        """The receiver took it."""
        self._change(message_id, sa.true(), state=SENT, attempts=_M.attempts + 1, problem=None)

    def put_off(self, message_id: str, *, due_at: datetime, problem: str) -> None:
        """It failed, and is tried again at ``due_at``."""
        self._change(
            message_id,
            sa.true(),
            attempts=_M.attempts + 1,
            due_at=_seconds(due_at),
            claimed_until=None,
            problem=problem,
        )

    def give_up(self, message_id: str, *, problem: str) -> None:
        """It is not tried again unless somebody asks."""
        self._change(
            message_id,
            sa.true(),
            state=DEAD,
            attempts=_M.attempts + 1,
            claimed_until=None,
            problem=problem,
        )

    def retry(self, message_id: str, *, now: datetime) -> None:
        """Begin anew with a message that was given up, or that waits.

        Raises:
            ServiceError: ``not_found``.
        """
        moment = _seconds(now)
        fresh = {"state": WAITING, "attempts": 0, "since": moment, "due_at": moment}
        if not self._change(message_id, _M.state != SENT, claimed_until=None, **fresh):
            raise ServiceError("not_found", "no such message waits or was given up")

    def messages(self, *, state: str | None = None, limit: int = 200) -> tuple[Message, ...]:
        """The latest messages, newest first."""
        mine = [_M.tenant == self._tenant, *([_M.state == state] if state else [])]
        query = sa.select(WEBHOOKS).where(*mine).order_by(_M.since.desc(), _M.id).limit(limit)
        with together(self._engine) as connection:
            return tuple(map(_message, connection.execute(query).all()))

    def purge(self, *, now: datetime) -> None:
        """Let go of what is old."""
        with together(self._engine) as connection:
            for state, keep in ((SENT, KEEP_SENT), (DEAD, KEEP_DEAD)):
                old = _M.since < _seconds(now - keep)
                mine = sa.and_(_M.tenant == self._tenant, _M.state == state, old)
                connection.execute(sa.delete(WEBHOOKS).where(mine))
            gone = sa.and_(_W.tenant == self._tenant, _W.created_at < _seconds(now - KEEP_WATCH))
            connection.execute(sa.delete(WATCHES).where(gone))

    def _change(self, message_id: str, condition: sa.ColumnElement[bool], **values: object) -> bool:
        mine = sa.and_(_M.tenant == self._tenant, _M.id == message_id, condition)
        with together(self._engine) as connection:
            return connection.execute(sa.update(WEBHOOKS).where(mine).values(values)).rowcount == 1


def _message(row: sa.Row[tuple[object, ...]]) -> Message:
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's documented name
    return Message(
        id=found["id"],
        desk=found["desk"],
        url=found["url"],
        body=found["body"],
        state=found["state"],
        attempts=found["attempts"],
        since=datetime.fromtimestamp(found["since"], UTC),
        due_at=datetime.fromtimestamp(found["due_at"], UTC),
        problem=found["problem"],
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
