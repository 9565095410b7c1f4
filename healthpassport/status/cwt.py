"""Status List Tokens in CWT format (draft-ietf-oauth-status-list-20 section 5.2), made and read.

The same checks as for a JWT (section 8.3) on a COSE_Sign1 message (RFC 9052 section 4.2). A CWT
holds the compressed list as it is, where a JWT encodes it in base64url twice: it is three fifths as
long. What is *not* here: MACs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from healthpassport import cbor, suites
from healthpassport.cbor import Cbor, Tagged, encode
from healthpassport.encoding import Json, b64url_encode
from healthpassport.errors import EncodingError, JoseError, StatusError
from healthpassport.keys import PublicKey, Signer
from healthpassport.status.entries import StatusList, compress
from healthpassport.status.token_status_list import (
    MAX_TOKEN_BYTES,
    WRONG_KEY,
    HeldStatusList,
    held_list,
)

MEDIA_TYPE: Final = "application/statuslist+cwt"  # sections 5.2 and 8.2
_SIGN1: Final = 18  # RFC 9052 section 2: COSE_Sign1_Tagged
_ALG, _CRIT, _TYPE = 1, 2, 16  # RFC 9052 section 3.1, RFC 9596 section 2
_KID, _X5CHAIN = 4, 33  # RFC 9052 section 3.1, RFC 9360 section 2
_ALGORITHMS: Final[Mapping[Cbor, str]] = {-7: "ES256", -35: "ES384", -8: "EdDSA"}  # RFC 9053
# RFC 8392 section 4 and section 5.2 of the draft: claim keys, by the names of their JWT twins.
_CLAIMS: Final[Mapping[int, str]] = {2: "sub", 4: "exp", 5: "nbf", 6: "iat", 65_534: "ttl"}
_TTL, _STATUS_LIST = 65_534, 65_533
_PARTS: Final = 4


def can_sign(signer: Signer) -> bool:
    """Whether COSE has a name for the algorithm of ``signer``."""
    return signer.algorithm in _ALGORITHMS.values()


def sign(
    status_list: StatusList,
    *,
    uri: str,
    signer: Signer,
    issued_at: datetime,
    expires_at: datetime,
    ttl: timedelta,
    x5c: Sequence[bytes] = (),
    compressed: bytes | None = None,
) -> bytes:
    """The Status List Token for ``status_list`` at ``uri``; arguments as for a JWT.

    Raises:
        JoseError: ``jws.alg_not_allowed`` for a signer whose algorithm COSE has no name for.
    """
    numbers = {name: number for number, name in _ALGORITHMS.items()}
    if signer.algorithm not in numbers:
        raise JoseError("jws.alg_not_allowed")
    header: dict[Cbor, Cbor] = {_ALG: numbers[signer.algorithm], _TYPE: MEDIA_TYPE}
    header[_KID] = signer.public_key.thumbprint().encode()
    if x5c:  # RFC 9360 section 2: one certificate stands alone, several in an array
        header[_X5CHAIN] = x5c[0] if len(x5c) == 1 else list(x5c)
    claims: dict[Cbor, Cbor] = {
        2: uri,
        4: int(expires_at.timestamp()),
        6: int(issued_at.timestamp()),
        _TTL: int(ttl.total_seconds()),
        _STATUS_LIST: {
            "bits": status_list.bits,
            "lst": compress(status_list.data) if compressed is None else compressed,
        },
    }
    protected, payload = encode(header), encode(claims)
    signature = signer.sign(encode(["Signature1", protected, b"", payload]))
    return encode(Tagged(_SIGN1, [protected, {}, payload, signature]))


def read(
    token: bytes,
    *,
    expected_uri: str,
    keys: Sequence[PublicKey],
    now: datetime,
    max_age: timedelta | None = None,
) -> HeldStatusList:
    """The status list in the CWT ``token``; arguments and refusals as for a JWT.

    Raises:
        StatusError: ``status.cbor`` and what ``token_status_list.held_list`` refuses.
        JoseError: ``jws.typ``, ``jws.alg_not_allowed``, ``jws.crit_unsupported``.
    """
    claims = _claims(_verified(token, keys))
    return held_list(claims, expected_uri=expected_uri, now=now, max_age=max_age)


def _verified(token: bytes, keys: Sequence[PublicKey]) -> Cbor:
    """The payload of a COSE_Sign1 that one of ``keys`` signed (RFC 9052 section 4.4)."""
    if len(token) > MAX_TOKEN_BYTES:
        raise StatusError("status.too_large")
    message = _decoded(token)
    parts = message.value if isinstance(message, Tagged) and message.tag == _SIGN1 else ()
    if not isinstance(parts, list) or len(parts) != _PARTS:
        raise StatusError("status.cbor", "this is not a tagged COSE_Sign1 message")
    protected, _, payload, signature = parts
    if not (isinstance(protected, bytes) and isinstance(payload, bytes)):
        raise StatusError("status.cbor", "header and payload are byte strings")
    if not isinstance(signature, bytes):
        raise StatusError("status.cbor", "the signature is a byte string")
    algorithm = _algorithm(_decoded(protected))
    signed = encode(["Signature1", protected, b"", payload])
    for key in keys:
        try:
            suites.verify(key, algorithm, signature, signed)
        except JoseError as error:
            if error.code not in WRONG_KEY:
                raise
        else:
            return _decoded(payload)
    raise StatusError("status.signer")


def _decoded(data: bytes) -> Cbor:
    try:
        return cbor.decode(data)
    except EncodingError as error:
        raise StatusError("status.cbor", error.detail) from error


def _algorithm(header: Cbor) -> str:
    """What the protected header says; nothing is read from the unprotected one."""
    if not isinstance(header, Mapping):
        raise StatusError("status.cbor", "the header is a map")
    if _CRIT in header:
        raise JoseError("jws.crit_unsupported")
    if header.get(_TYPE) != MEDIA_TYPE:
        raise JoseError("jws.typ")
    algorithm = header.get(_ALG)
    if not isinstance(algorithm, int) or algorithm not in _ALGORITHMS:
        raise JoseError("jws.alg_not_allowed")
    return _ALGORITHMS[algorithm]


def _claims(payload: Cbor) -> dict[str, Json]:
    """The claims under the names of their JWT twins (section 5.2)."""
    if not isinstance(payload, Mapping):
        raise StatusError("status.cbor", "the claims are a map")
    claims: dict[str, Json] = {}
    for key, name in _CLAIMS.items():
        value = payload.get(key)
        if isinstance(value, int | str):
            claims[name] = value
        elif value is not None:
            raise StatusError("status.claims")
    status_list = payload.get(_STATUS_LIST)
    if not isinstance(status_list, Mapping):
        raise StatusError("status.claims")
    bits, lst = status_list.get("bits"), status_list.get("lst")
    if not isinstance(bits, int) or not isinstance(lst, bytes):
        raise StatusError("status.claims")
    claims["status_list"] = {"bits": bits, "lst": b64url_encode(lst)}
    return claims
