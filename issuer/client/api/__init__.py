"""The client of an issuer's API, for record systems: ``from issuer.client.api import connect``.

It needs no web server and no database. docs/api.md shows it at work. What is *not* here: wallets.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from healthpassport.errors import FetchError, ServiceError
from healthpassport.fetch import HttpsFetcher
from healthpassport.keys import Signer
from healthpassport.webhooks import is_genuine

from .bulk import Opened
from .bulk_models import BulkLineAsked, BulkPlan, BulkSeen
from .calls import IssuerApi
from .models import (
    AuditHead,
    CardAsked,
    CardMade,
    Change,
    Issued,
    MessageSeen,
    OfferAsked,
    OfferMade,
    OffersCancelled,
    OfferSeen,
    OfferStanding,
    PersonAsked,
    Reason,
    ReceiverAsked,
    ReceiverMade,
    ReceiverSeen,
    Reminder,
    ReportAnswer,
    ReportSealed,
    ReportSeen,
    SourceSeen,
)
from .sign_in import Dpop, Key, Secret, SignIn

__all__ = [
    "AuditHead",
    "BulkLineAsked",
    "BulkPlan",
    "BulkSeen",
    "CardAsked",
    "CardMade",
    "Change",
    "Dpop",
    "FetchError",
    "Issued",
    "IssuerApi",
    "Key",
    "MessageSeen",
    "OfferAsked",
    "OfferMade",
    "OfferSeen",
    "OfferStanding",
    "OffersCancelled",
    "Opened",
    "PersonAsked",
    "Reason",
    "ReceiverAsked",
    "ReceiverMade",
    "ReceiverSeen",
    "Reminder",
    "ReportAnswer",
    "ReportSealed",
    "ReportSeen",
    "Secret",
    "ServiceError",
    "SignIn",
    "SourceSeen",
    "connect",
    "is_genuine",
]

TIMEOUT: Final = 30.0  # seconds: a source may take its time


def connect(
    address: str,
    *,
    client: str,
    secret: str = "",
    signer: Signer | None = None,
    scope: str = "",
    dpop: Signer | None = None,
    ca_file: Path | None = None,
    private_hosts: frozenset[str] = frozenset(),
) -> IssuerApi:
    """The API of the issuer at ``address``.

    Args:
        address: https address of the issuer, without a slash at its end.
        client: the name that `passport-issuer clients add` was given.
        secret: what that command told, or
        signer: the key whose public half it was given (``healthpassport.keys.load_signer``).
        scope: scopes to ask for, separated by spaces; all without it.
        dpop: a key that tokens are bound to (``generate_signer()`` of ``healthpassport.keys``
            makes one), so that a token that gets out opens nothing.
        ca_file: PEM file of the only authorities to believe.
        private_hosts: HOST:PORT whose address may be private or loopback.
    """

    def clock() -> datetime:
        return datetime.now(UTC)

    fetcher = HttpsFetcher(ca_file=ca_file, allowed_private_hosts=private_hosts, timeout=TIMEOUT)
    proof = Secret(client, secret) if signer is None else Key(client, signer, secrets.token_bytes)
    bound = None if dpop is None else Dpop(dpop, secrets.token_bytes)
    sign_in = SignIn(address, proof, fetcher, clock, scope, bound)
    return IssuerApi(address, sign_in, fetcher, secrets.token_bytes, time.sleep)
