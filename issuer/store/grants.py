"""Grants: what a wallet may go on asking for, found by hashes of its refresh token alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from healthpassport.status.entries import SUSPENDED

from .locking import held, locked
from .tables import grants, issuances, offers


class GrantState(StrEnum):
    """The life of a grant; only an active one gives anything."""

    ACTIVE = "active"
    MOVED = "moved"  # to another device of the same patient
    REVOKED = "revoked"  # a refresh token was used twice
    ENDED = "ended"  # by the practice
    CLOSED = "closed"  # the source says that the person left or died
    LAPSED = "lapsed"  # not used for too long


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant.

    ``lasting_hash`` is of the part of the refresh token that stays, ``current_hash`` of the part
    that turns with each use; ``previous_hash`` of the one before, good until ``previous_until`` or
    for the attempt that hashes to ``attempt_hash``. ``sealed`` is where records are read, under the
    lasting part. ``root`` is the first grant of a line of devices.
    """

    id: str
    root: str
    client: str
    state: GrantState
    lasting_hash: str
    current_hash: str
    salt: bytes = field(repr=False)
    key_thumbprint: str
    client_id: str | None
    sealed: bytes | None = field(repr=False)
    created_at: int
    used_at: int
    expires_at: int
    previous_hash: str | None = None
    previous_until: int = 0
    attempt_hash: str | None = None
    moved_to: str | None = None


def add(connection: Connection, grant: Grant) -> None:
    """Keep ``grant``."""
    connection.execute(insert(grants).values(asdict(grant)))


def find(connection: Connection, grant: str) -> Grant | None:
    """The grant with this id."""
    row = connection.execute(held(connection, _BY_ID), {"this": grant}).first()
    return None if row is None else _grant(row)


def by_lasting(connection: Connection, lasting_hash: str) -> Grant | None:
    """The grant whose refresh tokens begin with what hashes to ``lasting_hash``."""
    return _first(connection, grants.c.lasting_hash == lasting_hash)


def change(connection: Connection, grant: str, **values: str | int | bytes | None) -> None:
    """Set columns of ``grant``."""
    connection.execute(update(grants).where(grants.c.id == grant).values(values))


def newest(connection: Connection, *, limit: int, client: str | None) -> tuple[Grant, ...]:
    """The newest grants, of one API client or of all."""
    query = select(grants).order_by(grants.c.created_at.desc(), grants.c.id).limit(limit)
    if client is not None:
        query = query.where(grants.c.client == client)
    return tuple(_grant(row) for row in connection.execute(query))


def unused(connection: Connection, now: int) -> tuple[Grant, ...]:
    """Active grants that nobody used for so long that they lapse."""
    late = (grants.c.state == GrantState.ACTIVE.value) & (grants.c.expires_at <= now)
    query = locked(connection, select(grants).where(late), others_pass=True)
    return tuple(_grant(row) for row in connection.execute(query))


def suspended_types(connection: Connection, root: str) -> frozenset[str]:
    """The record types (of any format) that are suspended in the line that begins with ``root``."""
    query = (
        select(issuances.c.record_type)
        .join(offers, offers.c.id == issuances.c.offer)
        .join(grants, grants.c.id == offers.c.grant)
        .where(grants.c.root == root, issuances.c.status == SUSPENDED)
    )
    return frozenset(name.partition(".")[0] for name in connection.execute(query).scalars())


def root_of_issuance(connection: Connection, issuance: str) -> str | None:
    """The root of the grant under which ``issuance`` was given."""
    query = (
        select(grants.c.root)
        .join(offers, offers.c.grant == grants.c.id)
        .join(issuances, issuances.c.offer == offers.c.id)
        .where(issuances.c.id == issuance)
    )
    return connection.execute(query).scalar()


_BY_ID: Final = select(grants).where(grants.c.id == bindparam("this", type_=grants.c.id.type))


def _first(connection: Connection, where: Any) -> Grant | None:  # noqa: ANN401 - an expression
    row = connection.execute(locked(connection, select(grants).where(where))).first()
    return None if row is None else _grant(row)


def _grant(row: Any) -> Grant:  # noqa: ANN401 - a row of the library
    values = dict(row._mapping)  # noqa: SLF001 - the library's documented accessor
    return Grant(**(values | {"state": GrantState(values["state"])}))
