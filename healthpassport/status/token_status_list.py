"""Status List Tokens in JWT format: signed by an issuer, read with every check of section 8.3.

Draft-ietf-oauth-status-list-20. ``read`` is for a token that was just fetched or loaded again;
``HeldStatusList.require_current`` is for the moment of relying on it. Times are aware UTC. What is
*not* here: fetching, storing, and which keys may sign (the trust list says).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport.encoding import Json, b64_encode, b64url_decode, b64url_encode
from healthpassport.errors import EncodingError, JoseError, StatusError
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW, END_OF_TIME
from healthpassport.keys import PublicKey, Signer
from healthpassport.status.entries import (
    ALLOWED_BITS,
    REPLACED,
    SUSPENDED,
    VALID,
    WITHDRAWN,
    StatusList,
    build,
    compress,
    inflate,
)
from healthpassport.status.freshness import MAX_TTL, Freshness
from healthpassport.status.reference import (
    StatusReference,
    reference,
    require_valid,
    status_name,
)

__all__ = [
    "REPLACED",
    "SUSPENDED",
    "VALID",
    "WITHDRAWN",
    "HeldStatusList",
    "StatusList",
    "StatusReference",
    "build",
    "compress",
    "held_list",
    "inflate",
    "read",
    "reference",
    "refuse_rollback",
    "require_valid",
    "sign",
    "status_name",
]

TYP: Final = "statuslist+jwt"  # section 5.1
MEDIA_TYPE: Final = "application/statuslist+jwt"  # section 8.2
MAX_TOKEN_BYTES: Final = 1_048_576  # a list may be larger than other tokens: 2^20 entries
_BYTE: Final = 8
_MAX_SECONDS: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, the last second datetime can hold


@dataclass(frozen=True, slots=True)
class HeldStatusList(Freshness):
    """A status list that was verified, with what it says of its own age."""

    uri: str
    list: StatusList

    @property
    def bits(self) -> int:
        """Bits an entry."""
        return self.list.bits

    def get(self, index: object) -> int:
        """The status at ``index`` (``status.index`` when there is none)."""
        return self.list.get(index)


def sign(
    status_list: StatusList,
    *,
    uri: str,
    issuer: str,
    signer: Signer,
    issued_at: datetime,
    expires_at: datetime,
    ttl: timedelta,
    x5c: Sequence[bytes] = (),
    compressed: bytes | None = None,
) -> str:
    """The Status List Token for ``status_list`` at ``uri`` (section 5.1).

    ``x5c`` holds the signer's chain in DER, leaf first. ``kid`` is the key's thumbprint.
    ``compressed`` is what ``compress`` made of the list, where that was done before.
    """
    packed = compress(status_list.data) if compressed is None else compressed
    header: dict[str, Json] = {
        "alg": signer.algorithm,
        "typ": TYP,
        "kid": signer.public_key.thumbprint(),
    }
    if x5c:
        header["x5c"] = [b64_encode(der) for der in x5c]
    payload: dict[str, Json] = {
        "iss": issuer,
        "sub": uri,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "ttl": int(ttl.total_seconds()),
        "status_list": {
            "bits": status_list.bits,
            "lst": b64url_encode(packed),
        },
    }
    return jws.sign(header=header, payload=payload, signer=signer)


def read(
    token: str,
    *,
    expected_uri: str,
    keys: Sequence[PublicKey],
    now: datetime,
    max_age: timedelta | None = None,
) -> HeldStatusList:
    """The status list in ``token``, after every check of section 8.3 that concerns the token.

    Args:
        token: JWS Compact Serialization, as fetched.
        expected_uri: where it was fetched from, equal to the credential's ``status_list.uri``.
        keys: the keys that the trust list names for this issuer.
        now: the time of reading.
        max_age: how long ago it may have been issued; None leaves that to ``require_current``.

    Raises:
        StatusError: ``status.signer``, ``status.claims``, ``status.sub_mismatch``,
            ``status.not_yet``, ``status.expired``, ``status.stale``, ``status.ttl``,
            ``status.bits``, ``status.decode`` or ``status.too_large``.
        JoseError: ``jws.typ``, ``jws.alg_not_allowed`` or another refusal of the JWS itself.
    """
    claims = _verified_claims(token, keys)  # step 3a
    return held_list(claims, expected_uri=expected_uri, now=now, max_age=max_age)


def held_list(
    claims: Mapping[str, Json],
    *,
    expected_uri: str,
    now: datetime,
    max_age: timedelta | None = None,
) -> HeldStatusList:
    """The status list in ``claims`` whose signature was checked: steps 3b to 5 of section 8.3.

    Raises:
        StatusError: as ``read``, but for ``status.signer``.
    """
    if claims.get("sub") != expected_uri:  # steps 3b and 4a
        raise StatusError("status.sub_mismatch")
    issued_at = _time(claims.get("iat"))  # step 3b: `iat` is required
    if issued_at > now + CLOCK_SKEW:
        raise StatusError("status.not_yet")
    if "nbf" in claims and _time(claims["nbf"]) > now + CLOCK_SKEW:  # RFC 7519 section 4.1.5
        raise StatusError("status.not_yet")
    expires_at = _time(claims["exp"]) if "exp" in claims else None
    held = HeldStatusList(
        uri=expected_uri,
        list=_entries(claims.get("status_list")),  # step 5
        issued_at=issued_at,
        expires_at=expires_at,
        ttl=_ttl(claims),
    )
    held.require_current(now=now, max_age=max_age)  # steps 4b and 4c
    return held


def refuse_rollback(*, previous: HeldStatusList | None, current: HeldStatusList) -> None:
    """Return only if ``current`` is no older than what was already held for the same URI.

    Raises:
        StatusError: ``status.rollback``: somebody serves an older list to hide a withdrawal.
    """
    if previous is None or previous.uri != current.uri:
        return
    if current.issued_at < previous.issued_at:
        raise StatusError("status.rollback")


def _verified_claims(token: str, keys: Sequence[PublicKey]) -> Mapping[str, Json]:
    """Section 11.3: the key comes from the trust list, never from the token."""
    parsed = jws.parse(token, max_bytes=MAX_TOKEN_BYTES)
    algorithms = frozenset(key.algorithm for key in keys)
    for key in keys:
        try:
            verified = jws.verify(parsed, key=key, expected_typ=TYP, expected_algorithms=algorithms)
        except JoseError as error:
            if error.code not in WRONG_KEY:
                raise
        else:
            return verified.claims
    raise StatusError("status.signer")


# What a JWS says when it was signed by another key than the one tried.
WRONG_KEY: Final = frozenset({"jws.signature", "jws.key_alg_mismatch"})


def _time(value: Json) -> datetime:
    """A NumericDate (RFC 7519 section 2)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StatusError("status.claims")
    if not 0 <= value <= _MAX_SECONDS:
        raise StatusError("status.claims")
    return min(datetime.fromtimestamp(value, UTC), END_OF_TIME)


def _ttl(claims: Mapping[str, Json]) -> timedelta | None:
    """Section 5.1: a positive number of seconds, clamped here to what a consumer can use."""
    if "ttl" not in claims:
        return None
    value = claims["ttl"]
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise StatusError("status.ttl")
    return timedelta(seconds=min(value, MAX_TTL.total_seconds()))


def _entries(value: Json) -> StatusList:
    """Section 4.2: the members ``bits`` and ``lst``."""
    if not isinstance(value, Mapping):
        raise StatusError("status.claims")
    bits, lst = value.get("bits"), value.get("lst")
    if isinstance(bits, bool) or not isinstance(bits, int) or bits not in ALLOWED_BITS:
        raise StatusError("status.bits")
    if not isinstance(lst, str):
        raise StatusError("status.claims")
    try:
        compressed = b64url_decode(lst)
    except EncodingError as error:
        raise StatusError("status.decode") from error
    data = inflate(compressed)
    return StatusList(bits, len(data) * _BYTE // bits, data)
