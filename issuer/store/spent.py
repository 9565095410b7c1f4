"""Values that may be used once, and random values that survive a restart."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, delete, select

from .locking import add_new, is_new
from .tables import secrets, spent


def spend(connection: Connection, value_hash: str, expires_at: int) -> bool:
    """Use a value; False when it was used before (and must still be remembered)."""
    return is_new(connection, spent, {"value_hash": value_hash, "expires_at": expires_at})


def forget(connection: Connection, now: int) -> None:
    """Forget used values that would be refused for their age anyway."""
    connection.execute(delete(spent).where(spent.c.expires_at < now))


def secret(connection: Connection, name: str, make: Callable[[], bytes]) -> bytes:
    """The kept random value ``name``, made now if it is not there."""
    query = select(secrets.c.value).where(secrets.c.name == name)
    value = connection.execute(query).scalar()
    if value is None:
        add_new(connection, secrets, [{"name": name, "value": make()}])
        value = connection.execute(query).scalar_one()  # perhaps of a process that starts beside
    return bytes(value)
