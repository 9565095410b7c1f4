"""Secrets that webhooks are signed with: made, sealed under the queue's key, renewed with overlap.

Rules: the database never holds one in clear; a new one signs beside the one before until that ends;
one that cannot be opened is told as such, and a new one can be made all the same. What is *not*
here: signing (``healthpassport.webhooks``).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import ServiceError
from healthpassport.webhooks import new_secret
from issuer.store import webhook_secrets as rows
from issuer.store.again import tried_again
from issuer.store.webhook_secrets import SealedSecret

from .context import IssuerContext
from .queue_key import queue_key
from .sealing import seal, unseal

OVERLAP_DAYS: Final = 7
MAX_OVERLAP_DAYS: Final = 90
MAX_SIGNING: Final = 4  # secrets of one receiver at once, so that a header stays short
_DAY: Final = 86_400  # seconds
_ID_LENGTH: Final = 22


def made_secret(issuer: IssuerContext, tx: Connection, receiver: str) -> str:
    """A first secret for ``receiver``, kept sealed.

    Raises:
        SettingsError: ``issuer.queue_key``.
    """
    secret = new_secret(issuer.random)
    _keep(issuer, tx, receiver, secret)
    return secret


def renewed_secret(
    issuer: IssuerContext, tx: Connection, receiver: str, *, overlap_days: int
) -> str:
    """A new secret; those before sign for ``overlap_days`` more, or not at all for 0.

    Raises:
        SettingsError: ``issuer.queue_key``.
    """
    now, secret = issuer.now(), new_secret(issuer.random)
    kept = _keep(issuer, tx, receiver, secret)
    rows.end_others(tx, receiver, but=kept, ends_at=now + overlap_days * _DAY)
    standing = rows.of_receiver(tx, receiver, now=now)
    for one in standing[MAX_SIGNING:]:
        rows.end_one(tx, one.id, ends_at=now)
    rows.forget(tx, now)
    return secret


def signing_secrets(issuer: IssuerContext, receiver: str) -> tuple[str, ...]:
    """What a message to ``receiver`` is signed with now, the newest first.

    Raises:
        ServiceError: ``api.webhook_sealed`` where none of them can be opened here.
        SettingsError: ``issuer.queue_key``.
    """
    with issuer.store.reading() as tx:
        found = rows.of_receiver(tx, receiver, now=issuer.now())
    key = queue_key(issuer)
    opened = tuple(text for one in found if (text := _opened(one, key)))
    if not opened:
        raise ServiceError("api.webhook_sealed")
    return opened


def seal_plain(issuer: IssuerContext) -> int:
    """Seal what a release before left in clear; how many secrets.

    Raises:
        SettingsError: ``issuer.queue_key``.
    """
    with issuer.store.reading() as tx:
        if not rows.stands_plain(tx):
            return 0
    sealed = _sealed_plain(issuer)
    issuer.store.wipe()
    return sealed


@tried_again
def _sealed_plain(issuer: IssuerContext) -> int:
    with issuer.store.writing() as tx:
        found = rows.take_plain(tx)
        for receiver, secrets in found.items():
            for place, secret in enumerate(secrets):
                older = None if place == 0 else issuer.now() + OVERLAP_DAYS * _DAY
                _keep(issuer, tx, receiver, secret, ends_at=older)
    return sum(map(len, found.values()))


def _keep(
    issuer: IssuerContext,
    tx: Connection,
    receiver: str,
    secret: str,
    *,
    ends_at: int | None = None,
) -> str:
    made = issuer.secret()[:_ID_LENGTH]
    sealed = seal(
        secret.encode(),
        secret=queue_key(issuer),
        purpose=_purpose(receiver, made),
        random=issuer.random,
    )
    rows.add(tx, SealedSecret(made, receiver, sealed, issuer.now(), ends_at))
    return made


def _opened(one: SealedSecret, key: str) -> str:
    try:
        return unseal(one.sealed, secret=key, purpose=_purpose(one.receiver, one.id)).decode()
    except ServiceError:
        return ""


def _purpose(receiver: str, secret: str) -> str:
    return f"webhook {receiver} {secret}"
