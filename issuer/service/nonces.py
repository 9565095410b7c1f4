"""Nonces for key proofs (OpenID4VCI 1.0 section 7): signed when given, remembered when used.

Giving one writes nothing, so that nobody can fill the database by asking. One that was given before
the database was set back, and this was noticed, is none: it may have been used in the moments that
were lost (docs/adr/0086).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from sqlalchemy import Connection

from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.errors import EncodingError, ProtocolError
from issuer.store import spent

from .context import IssuerContext, digest

NONCE_PATH: Final = "/nonce"
LIFETIME: Final = 300  # seconds from asking to using
_RANDOM: Final = 16  # bytes: 128 random bits
_TIME: Final = 8  # bytes of the time of expiry
_TIMES: Final = 8  # bytes of how often the database was set back
_MAC: Final = 16  # bytes of the truncated HMAC-SHA256


def new_nonce(issuer: IssuerContext) -> str:
    """A nonce that is good for ``LIFETIME`` seconds and one credential request."""
    body = (issuer.now() + LIFETIME).to_bytes(_TIME, "big") + issuer.random(_RANDOM)
    return b64url_encode(body + _mac(issuer, body))


def next_nonce(issuer: IssuerContext) -> str | None:
    """A nonce that goes with records, for a wallet that does not ask for the next one."""
    return new_nonce(issuer) if issuer.settings.nonce_with_records else None


def check(issuer: IssuerContext, nonce: str) -> int:
    """When ``nonce`` expires, while it is ours and fresh; whether it was used is not looked at.

    Raises:
        ProtocolError: ``oid4vci.invalid_nonce``.
    """
    try:
        raw = b64url_decode(nonce)
    except EncodingError as error:
        raise ProtocolError("oid4vci.invalid_nonce") from error
    body, mac = raw[: _TIME + _RANDOM], raw[_TIME + _RANDOM :]
    if not hmac.compare_digest(_mac(issuer, body), mac):
        raise ProtocolError("oid4vci.invalid_nonce")
    expires_at = int.from_bytes(body[:_TIME], "big")
    if expires_at <= issuer.now():
        raise ProtocolError("oid4vci.invalid_nonce")
    return expires_at


def spend(issuer: IssuerContext, connection: Connection, nonce: str) -> None:
    """Use ``nonce`` in the transaction of ``connection``.

    Raises:
        ProtocolError: ``oid4vci.invalid_nonce`` when it is not ours, too old, or was used.
    """
    if not spent.spend(connection, digest(nonce), check(issuer, nonce)):
        raise ProtocolError("oid4vci.invalid_nonce")


def _mac(issuer: IssuerContext, body: bytes) -> bytes:
    set_back = issuer.store.set_back.times
    told = body + set_back.to_bytes(_TIMES, "big") if set_back else body
    return hmac.digest(issuer.nonce_key, told, hashlib.sha256)[:_MAC]
