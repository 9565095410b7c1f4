"""Staff who are signed in, and sign-ins under way: nothing of a patient.

Rules: of a session and of a sign-in stands a digest alone, so that a copy of the database signs
nobody in; a state is taken by one statement. What is *not* here: what a role may do (``service``).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from healthpassport.sign_in import SessionRow, SignInRow

from .staff_tables import staff_sessions, staff_sign_ins

_S = staff_sessions.c
_B = staff_sign_ins.c


def begin(connection: Connection, row: SignInRow, *, now: int, limit: int) -> bool:
    """Keep a sign-in that begins; False where too many are under way."""
    connection.execute(delete(staff_sign_ins).where(_B.ends_at <= now))
    count = select(func.count()).select_from(staff_sign_ins)
    if connection.execute(count).scalar_one() >= limit:
        return False
    connection.execute(insert(staff_sign_ins).values(_seconds(asdict(row))))
    return True


def take(connection: Connection, state: str, *, now: int) -> SignInRow | None:
    """The sign-in with that state, which then is gone; None where there is none."""
    mine = _B.state == state
    row = connection.execute(select(staff_sign_ins).where(mine)).one_or_none()
    # Of two answers with one state the one whose DELETE finds the row goes on.
    taken = connection.execute(delete(staff_sign_ins).where(mine)).rowcount == 1
    if row is None or not taken or row.ends_at <= now:
        return None
    return SignInRow(**_moments(row))


def add_session(connection: Connection, row: SessionRow, *, now: int) -> None:
    """Keep a session, and let go of those that are over."""
    connection.execute(delete(staff_sessions).where(_S.ends_at <= now))
    connection.execute(insert(staff_sessions).values(_seconds(asdict(row))))


def session(connection: Connection, digest: str) -> SessionRow | None:
    """The session with that digest, whether or not it is over."""
    row = connection.execute(select(staff_sessions).where(_S.id == digest)).one_or_none()
    return None if row is None else SessionRow(**_moments(row))


def seen(connection: Connection, digest: str, *, now: int) -> None:
    """Note that somebody looked."""
    connection.execute(update(staff_sessions).where(_S.id == digest).values(seen_at=now))


def end_session(connection: Connection, digest: str) -> None:
    """Forget a session."""
    connection.execute(delete(staff_sessions).where(_S.id == digest))


def _seconds(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: int(value.timestamp()) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _moments(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of the library
    values = dict(row._mapping)  # noqa: SLF001 - the library's documented accessor
    return {
        name: datetime.fromtimestamp(value, UTC) if name.endswith("_at") else value
        for name, value in values.items()
    }
