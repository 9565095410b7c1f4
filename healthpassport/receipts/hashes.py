"""What a receipt points at: SHA-256 in base64url, over bytes that both sides can make again.

JSON is hashed in its canonical form (RFC 8785), so that spelling and order of members do not
matter. What is *not* here: keyed digests for a desk's database (the desk's own).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from healthpassport.encoding import Json, b64url_encode, dump_text, jcs, parse_json

# OpenID4VP 1.0 section 5.10: a desk signs its question anew each time that it is fetched, with
# the nonce of that wallet in it. What was asked is the same without it.
NOT_ASKED: Final = "wallet_nonce"
# The query is nine tenths of a question and the same for every patient of a template: canonical
# form of 77 kB takes 10 ms, more than all else that a desk does for a receipt.
QUERY: Final = "dcql_query"
REMEMBERED: Final = 32  # queries, of a hospital's templates and formats


def request_hash(claims: Mapping[str, Json], *, canonical_query: bytes | None = None) -> str:
    """The hash of a request object's ``claims``, without the nonce of the wallet that fetched it.

    Args:
        claims: those of the request object.
        canonical_query: ``jcs`` of their query, where somebody who asks it often has that at hand.

    Raises:
        EncodingError: ``json.number_invalid`` or ``json.text`` for what has no canonical form.
    """
    members = [
        jcs(name)
        + b":"
        + ((canonical_query or _canonical(dump_text(value))) if name == QUERY else jcs(value))
        for name, value in sorted(claims.items(), key=lambda member: _utf16(member[0]))
        if name != NOT_ASKED
    ]
    return _hash(b"{" + b",".join(members) + b"}")


def vp_token_hash(vp_token: Json) -> str:
    """The hash of a ``vp_token`` (OpenID4VP 1.0 section 8.1), or of one of its members."""
    return _hash(jcs(vp_token))


def card_hash(card: bytes) -> str:
    """The hash of an emergency card: the octets of its COSE_Sign1, inflated."""
    return _hash(card)


def text_hash(token: str) -> str:
    """The hash of a compact token as it stands."""
    return _hash(token.encode())


@lru_cache(maxsize=REMEMBERED)
def _canonical(text: str) -> bytes:
    """The canonical form of the JSON ``text``."""
    return jcs(parse_json(text))


def _utf16(name: str) -> bytes:
    """RFC 8785 section 3.2.3: what members are sorted by."""
    return name.encode("utf-16-be", "surrogatepass")


def _hash(data: bytes) -> str:
    return b64url_encode(hashlib.sha256(data).digest())
