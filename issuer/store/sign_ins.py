"""Sign-ins of patients that are under way, from a wallet's pushed request to its code."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from .locking import locked
from .sign_in_tables import authorizations


class Step(StrEnum):
    """How far a sign-in has come."""

    PUSHED = "pushed"  # the wallet asked
    BEGUN = "begun"  # the patient's browser is here
    SIGNED_IN = "signed_in"  # the patient is known, and is asked to agree
    GRANTED = "granted"  # the wallet has a code
    REDEEMED = "redeemed"  # and used it


@dataclass(frozen=True, slots=True)
class Authorization:
    """One sign-in; ``sealed`` is what it holds, under whichever secret its step is found by."""

    id: str
    state: Step
    created_at: int
    expires_at: int
    request_hash: str | None = None
    browser_hash: str | None = None
    upstream_hash: str | None = None
    code_hash: str | None = None
    sealed: bytes | None = field(default=None, repr=False)
    offer: str | None = None


def add(connection: Connection, row: Authorization) -> None:
    """Keep ``row``."""
    connection.execute(insert(authorizations).values(asdict(row)))


def by_request(connection: Connection, request_hash: str) -> Authorization | None:
    """The sign-in of a pushed request."""
    return _one(connection, authorizations.c.request_hash == request_hash)


def by_browser(connection: Connection, browser_hash: str) -> Authorization | None:
    """The sign-in of a browser."""
    return _one(connection, authorizations.c.browser_hash == browser_hash)


def by_upstream(connection: Connection, upstream_hash: str) -> Authorization | None:
    """The sign-in that went to the provider with a state."""
    return _one(connection, authorizations.c.upstream_hash == upstream_hash)


def by_code(connection: Connection, code_hash: str) -> Authorization | None:
    """The sign-in that a code was given for."""
    return _one(connection, authorizations.c.code_hash == code_hash)


def change(connection: Connection, row: str, **values: str | int | bytes | None) -> None:
    """Set columns of one sign-in."""
    connection.execute(update(authorizations).where(authorizations.c.id == row).values(values))


def end(connection: Connection, row: str) -> None:
    """Forget one sign-in."""
    connection.execute(delete(authorizations).where(authorizations.c.id == row))


def forget(connection: Connection, now: int) -> None:
    """Forget every sign-in whose time is over."""
    connection.execute(delete(authorizations).where(authorizations.c.expires_at <= now))


def under_way(connection: Connection) -> int:
    """How many wait for somebody."""
    waiting = authorizations.c.state.in_((Step.PUSHED.value, Step.BEGUN.value))
    found = connection.execute(select(func.count()).select_from(authorizations).where(waiting))
    return int(found.scalar_one())


def _one(connection: Connection, where: Any) -> Authorization | None:  # noqa: ANN401 - an expression
    # Locked before the grant and the offer that it leads to (``locking``).
    row = connection.execute(locked(connection, select(authorizations).where(where))).first()
    if row is None:
        return None
    values = dict(row._mapping)  # noqa: SLF001 - the library's documented accessor
    return Authorization(**(values | {"state": Step(values["state"])}))
