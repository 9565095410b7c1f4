"""What a receipt points at: SHA-256 in base64url, over bytes that both sides can make again.

JSON is hashed in its canonical form (RFC 8785), so that spelling and order of members do not
matter. What is *not* here: keyed digests for a desk's database (the desk's own).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from healthpassport.encoding import Json, b64url_encode, jcs

# OpenID4VP 1.0 section 5.10: a desk signs its question anew each time that it is fetched, with
# the nonce of that wallet in it. What was asked is the same without it.
NOT_ASKED: Final = "wallet_nonce"


def request_hash(claims: Mapping[str, Json]) -> str:
    """The hash of a request object's ``claims``, without the nonce of the wallet that fetched it.

    Raises:
        EncodingError: ``json.number_invalid`` or ``json.text`` for what has no canonical form.
    """
    return _hash(jcs({name: value for name, value in claims.items() if name != NOT_ASKED}))


def vp_token_hash(vp_token: Json) -> str:
    """The hash of a ``vp_token`` (OpenID4VP 1.0 section 8.1), or of one of its members."""
    return _hash(jcs(vp_token))


def card_hash(card: bytes) -> str:
    """The hash of an emergency card: the octets of its COSE_Sign1, inflated."""
    return _hash(card)


def text_hash(token: str) -> str:
    """The hash of a compact token as it stands."""
    return _hash(token.encode())


def _hash(data: bytes) -> str:
    return b64url_encode(hashlib.sha256(data).digest())
