"""Where a record system is told of what happens to its offers: added, renewed, ended.

Rules: https alone, to hosts that PASSPORT_ISSUER_WEBHOOK_HOSTS names; the secret is told once.
What is *not* here: secrets (``webhook_secrets``) and sending (``telling``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import ServiceError
from healthpassport.webhooks import require_allowed
from issuer.store import messages
from issuer.store import receivers as rows
from issuer.store.messages import Message
from issuer.store.outbox import KINDS
from issuer.store.receivers import Receiver

from .context import IssuerContext
from .webhook_secrets import OVERLAP_DAYS, made_secret, renewed_secret

SETTING: Final = "PASSPORT_ISSUER_WEBHOOK_HOSTS"
MAX_RECEIVERS: Final = 10  # of one client
MAX_MESSAGES: Final = 200  # in a list
_ID_LENGTH: Final = 22


@dataclass(frozen=True, slots=True)
class NewReceiver:
    """A receiver with its secret, which is told once."""

    receiver: Receiver
    secret: str = field(repr=False)


def add_receiver(
    issuer: IssuerContext, *, client: str, url: str, events: Collection[str] = ()
) -> NewReceiver:
    """Tell ``url`` of ``events`` from now on, or of all.

    Raises:
        ServiceError: ``webhook.host``, ``api.webhook_events``, ``api.webhook_many``.
        SettingsError: ``issuer.queue_key``.
    """
    require_allowed(url, issuer.settings.webhook_hosts, setting=SETTING)
    if not set(events) <= KINDS:
        raise ServiceError("api.webhook_events")
    made = Receiver(
        id=issuer.secret()[:_ID_LENGTH],
        client=client,
        url=url,
        events=tuple(sorted(set(events) or KINDS)),
        created_at=issuer.now(),
    )
    with issuer.store.writing() as tx:
        if len(rows.of_client(tx, client)) >= MAX_RECEIVERS:
            raise ServiceError("api.webhook_many")
        rows.add(tx, made)
        return NewReceiver(made, made_secret(issuer, tx, made.id))


def renew_secret(
    issuer: IssuerContext,
    receiver: str,
    *,
    client: str | None,
    overlap_days: int = OVERLAP_DAYS,
) -> str:
    """A new secret; those before sign for ``overlap_days`` more, or not at all for 0.

    Raises:
        ServiceError: ``api.webhook_unknown``. SettingsError: ``issuer.queue_key``.
    """
    with issuer.store.writing() as tx:
        _own(tx, receiver, client)
        return renewed_secret(issuer, tx, receiver, overlap_days=overlap_days)


def all_receivers(issuer: IssuerContext, *, client: str | None = None) -> tuple[Receiver, ...]:
    """The receivers of one client, or of all."""
    with issuer.store.reading() as tx:
        return rows.of_client(tx, client)


def end_receiver(issuer: IssuerContext, receiver: str, *, client: str | None) -> None:
    """Tell this receiver nothing more.

    Raises:
        ServiceError: ``api.webhook_unknown``.
    """
    with issuer.store.writing() as tx:
        _own(tx, receiver, client)
        rows.end(tx, receiver)


def latest_messages(
    issuer: IssuerContext, *, client: str | None = None, dead: bool = False
) -> tuple[Message, ...]:
    """The latest messages of one client or of all, or those that were given up."""
    with issuer.store.reading() as tx:
        return messages.latest(tx, client=client, dead=dead, limit=MAX_MESSAGES)


def retry_message(issuer: IssuerContext, message: str, *, client: str | None) -> None:
    """Begin anew with a message that waits or was given up.

    Raises:
        ServiceError: ``api.webhook_unknown``.
    """
    with issuer.store.writing() as tx:
        if not messages.retry(tx, message, now=issuer.now(), client=client):
            raise ServiceError("api.webhook_unknown")


def _own(tx: Connection, receiver: str, client: str | None) -> Receiver:
    found = rows.find(tx, receiver)
    if found is None or client not in (None, found.client):
        raise ServiceError("api.webhook_unknown")
    return found
