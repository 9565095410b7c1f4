"""Signed heads: the keeper's word on how many entries there are, and which is the last.

A JWS (``typ`` hp-audit-head+jwt, the keeper's ``x5c``) over trail, tenant, number and hash. Whoever
holds one, outside the keeper's reach, notices a trail that was cut or written anew. What is *not*
here: when a head is signed (an app's matter), and whether a trail fits it (``check``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json, b64_encode, parse_json_object
from healthpassport.errors import PassportError, ServiceError
from healthpassport.jose import jws
from healthpassport.keys import PublicKey, Signer, public_key_from_certificate
from healthpassport.suites import SUITES

from .entries import VERSION, written

TYP: Final = "hp-audit-head+jwt"
_MEMBERS: Final[Mapping[str, type]] = {
    "version": int,
    "tenant": str,
    "trail": str,
    "seq": int,
    "hash": str,
    "at": str,
}


@dataclass(frozen=True, slots=True)
class Head:
    """What a head says: the entry ``seq`` of this trail has this hash. ``key`` is who signed."""

    tenant: str
    trail: str
    seq: int
    hash: str
    at: str
    key: str


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A signed head over all entries up to ``seq``; a ``base`` stands where older ones were cut."""

    seq: int
    at: datetime
    token: str
    base: bool = False


def sign_head(
    *,
    tenant: str,
    trail: str,
    seq: int,
    entry_hash: str,
    at: datetime,
    signer: Signer,
    chain: Sequence[bytes],
) -> str:
    """The head over all entries up to ``seq``."""
    payload: dict[str, Json] = {
        "version": VERSION,
        "tenant": tenant,
        "trail": trail,
        "seq": seq,
        "hash": entry_hash,
        "at": written(at),
    }
    header: dict[str, Json] = {"typ": TYP, "x5c": [b64_encode(der) for der in chain]}
    return jws.sign(header=header, payload=payload, signer=signer)


def read_head(token: str, *, expected_keys: Sequence[PublicKey]) -> Head:
    """What ``token`` says, signed with one of ``expected_keys``.

    Raises:
        ServiceError: ``audit.head``.
    """
    try:
        parsed = jws.parse(token)
        key = _key(parsed.certificates(), expected_keys)
        jws.check_signature(parsed, key=key, expected_typ=TYP, expected_algorithms=SUITES)
        claims = parse_json_object(parsed.payload)
    except ServiceError:
        raise
    except PassportError as error:
        raise ServiceError("audit.head", error.title) from error
    return _head(claims, key.thumbprint())


def _key(chain: Sequence[bytes], expected: Sequence[PublicKey]) -> PublicKey:
    """The one of the keys expected that the certificate names; a head never brings its own."""
    if not chain:
        raise ServiceError("audit.head", "it names no certificate")
    named = public_key_from_certificate(chain[0]).thumbprint()
    for key in expected:
        if key.thumbprint() == named:
            return key
    raise ServiceError("audit.head", f"it is signed with another key, {named}")


def _head(claims: Mapping[str, Json], key: str) -> Head:
    wrong = [n for n, kind in _MEMBERS.items() if type(claims.get(n)) is not kind]
    if wrong or set(claims) != set(_MEMBERS) or claims["version"] != VERSION:
        raise ServiceError("audit.head", "it does not have the members of a head")
    tenant, trail, seq, found, at = (
        claims[name] for name in ("tenant", "trail", "seq", "hash", "at")
    )
    return Head(str(tenant), str(trail), int(str(seq)), str(found), str(at), key)
