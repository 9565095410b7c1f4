"""Where a client's own systems are told: addresses and kinds of events.

What is *not* here: messages (``messages``), what they are signed with (``webhook_secrets``), and
which hosts are allowed.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, insert, select

from . import webhook_secrets
from .api_tables import webhook_messages, webhook_receivers

_R = webhook_receivers.c


@dataclass(frozen=True, slots=True)
class Receiver:
    """One address of one client, and what it is told."""

    id: str
    client: str
    url: str
    events: tuple[str, ...]
    created_at: int


def add(connection: Connection, receiver: Receiver) -> None:
    """Keep ``receiver``."""
    connection.execute(
        insert(webhook_receivers).values(
            id=receiver.id,
            client=receiver.client,
            url=receiver.url,
            events=" ".join(receiver.events),
            secrets="",  # of the release before this one
            created_at=receiver.created_at,
        )
    )


def of_client(connection: Connection, client: str | None) -> tuple[Receiver, ...]:
    """The receivers of ``client``, or of all, the oldest first."""
    query = select(webhook_receivers).order_by(_R.created_at, _R.id)
    if client is not None:
        query = query.where(_R.client == client)
    return tuple(_receiver(row._mapping) for row in connection.execute(query))  # noqa: SLF001


def find(connection: Connection, receiver: str) -> Receiver | None:
    """The receiver with this id."""
    row = connection.execute(select(webhook_receivers).where(_R.id == receiver)).first()
    return None if row is None else _receiver(row._mapping)  # noqa: SLF001


def end(connection: Connection, receiver: str) -> None:
    """Forget a receiver, its secrets, and every message to it."""
    webhook_secrets.forget_of(connection, receiver)
    connection.execute(delete(webhook_messages).where(webhook_messages.c.receiver == receiver))
    connection.execute(delete(webhook_receivers).where(_R.id == receiver))


def _receiver(row: RowMapping) -> Receiver:
    return Receiver(
        id=row["id"],
        client=row["client"],
        url=row["url"],
        events=tuple(row["events"].split()),
        created_at=row["created_at"],
    )
