"""Values that may be used once, and random values that survive a restart."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from .tables import secrets, spent


def spend(connection: Connection, value_hash: str, expires_at: int) -> bool:
    """Use a value; False when it was used before (and must still be remembered)."""
    try:
        with connection.begin_nested():
            connection.execute(insert(spent).values(value_hash=value_hash, expires_at=expires_at))
    except IntegrityError:
        return False
    return True


def forget(connection: Connection, now: int) -> None:
    """Forget used values that would be refused for their age anyway."""
    connection.execute(delete(spent).where(spent.c.expires_at < now))


def secret(connection: Connection, name: str, make: Callable[[], bytes]) -> bytes:
    """The kept random value ``name``, made now if it is not there."""
    value = connection.execute(select(secrets.c.value).where(secrets.c.name == name)).scalar()
    if value is None:
        value = make()
        connection.execute(insert(secrets).values(name=name, value=value))
    return value
