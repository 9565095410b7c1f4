"""A package: copies of records with their keys, signed by the owner, sealed to one invitation.

Rules: the owner signs first (a JWS that names invitation and recipient), then all of it is sealed
with HPKE (RFC 9180 section 6.1, base mode: X25519, HKDF-SHA256, ChaCha20-Poly1305), so that nobody
sees who gave what, and nobody can hand a signed package on as their own. The length says little: it
is filled up in steps. What is *not* here: whether records are sound (``wallet.client.checking``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from healthpassport.encoding import (
    Json,
    b64url_decode,
    b64url_encode,
    parse_json_object,
)
from healthpassport.errors import EncodingError, JoseError, KeyMaterialError, ServiceError
from healthpassport.formats import FORMATS
from healthpassport.jose import jws
from healthpassport.keys import (
    PublicKey,
    Signer,
    SoftwareSigner,
    public_key_from_jwk,
    signer_from_private_jwk,
)

from .invitation import Invitation, OpenInvitation

PREFIX: Final = "hp-helper-package:"
TYP: Final = "hp-helper-package+jwt"
ALGORITHM: Final = "ES256"
VERSION: Final = 1
MAX_PACKAGE: Final = 1_048_576  # characters; as much as a body may hold (security.md, limits)
MAX_RECORDS: Final = 30
MAX_COPIES: Final = 10
STEP: Final = 16_384  # bytes to which the content is filled up
_LENGTH_BYTES: Final = 4
_INFO: Final = b"health-passport helper package\x01"
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_MEMBERS: Final = frozenset({"v", "invitation", "to", "from", "made", "until", "records"})


@dataclass(frozen=True, slots=True)
class HandedCopy:
    """One copy and the private key that it is bound to."""

    text: str
    key: SoftwareSigner = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandedRecord:
    """The copies of one record, in one format."""

    format: str
    copies: tuple[HandedCopy, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What a package holds; ``owner`` is the key that signed it."""

    owner: PublicKey
    made: datetime
    until: datetime
    records: tuple[HandedRecord, ...]


def seal_package(
    records: Sequence[HandedRecord],
    *,
    invitation: Invitation,
    owner: Signer,
    made: datetime,
    until: datetime,
) -> str:
    """The package for ``invitation``, as text.

    Raises:
        ServiceError: ``helper.too_much`` for more than a package may hold, ``helper.invitation``
            for a key that nobody can agree a secret with.
    """
    content: dict[str, Json] = {
        "v": VERSION,
        "invitation": b64url_encode(invitation.id),
        "to": b64url_encode(invitation.key),
        "from": owner.public_key.jwk(),
        "made": int(made.timestamp()),
        "until": int(until.timestamp()),
        "records": [
            {
                "format": record.format,
                "copies": [
                    {"text": copy.text, "key": copy.key.private_jwk()} for copy in record.copies
                ],
            }
            for record in records
        ],
    }
    signed = jws.sign(header={"typ": TYP}, payload=content, signer=owner).encode("ascii")
    plain = len(signed).to_bytes(_LENGTH_BYTES, "big") + signed
    plain += bytes(-len(plain) % STEP)
    try:
        key = X25519PublicKey.from_public_bytes(invitation.key)
        sealed = _SUITE.encrypt(plain, key, _INFO + invitation.id)
    except ValueError as error:  # RFC 9180 section 7.1.4: an all-zero secret
        raise ServiceError("helper.invitation", "its key cannot be used") from error
    text = PREFIX + b64url_encode(invitation.id + sealed)
    if len(text) > MAX_PACKAGE:
        raise ServiceError("helper.too_much")
    return text


def open_package(text: str, own: Sequence[OpenInvitation]) -> tuple[OpenInvitation, Content]:
    """What ``text`` holds, and which of one's ``own`` open invitations it answers.

    Raises:
        ServiceError: ``helper.package`` for what is no sound package, ``helper.not_for_you`` for
            one that answers none of them, ``helper.not_signed`` where the owner's signature does
            not hold, ``limit.size`` codes as ``helper.too_much``.
    """
    answered, sealed = _addressed(text, own)
    key = X25519PrivateKey.from_private_bytes(answered.private_key)
    try:
        plain = _SUITE.decrypt(sealed, key, _INFO + answered.invitation.id)
    except (InvalidTag, ValueError) as error:
        raise ServiceError("helper.package", "it was altered, or is not whole") from error
    length = int.from_bytes(plain[:_LENGTH_BYTES], "big")
    signed = plain[_LENGTH_BYTES : _LENGTH_BYTES + length]
    if len(signed) != length or any(plain[_LENGTH_BYTES + length :]):
        raise ServiceError("helper.package", "it is not filled up as it should be")
    return answered, _verified(signed, answered.invitation)


def _addressed(text: str, own: Sequence[OpenInvitation]) -> tuple[OpenInvitation, bytes]:
    """The invitation that a package names, and what is sealed. Nothing is decrypted yet."""
    if len(text) > MAX_PACKAGE + MAX_PACKAGE // 8:  # with the line ends of a mail program
        raise ServiceError("helper.too_much")
    cleaned = "".join(text.split())
    if not cleaned.startswith(PREFIX):
        raise ServiceError("helper.package", "this is no package of a wallet")
    if len(cleaned) > MAX_PACKAGE:
        raise ServiceError("helper.too_much")
    try:
        octets = b64url_decode(cleaned.removeprefix(PREFIX))
    except EncodingError as error:
        raise ServiceError("helper.package", "it is damaged") from error
    for one in own:
        size = len(one.invitation.id)
        if octets[:size] == one.invitation.id:
            return one, octets[size:]
    raise ServiceError("helper.not_for_you")


def _verified(signed: bytes, invitation: Invitation) -> Content:
    try:
        parsed = jws.parse(signed.decode("ascii"), max_bytes=MAX_PACKAGE)
        claimed = parse_json_object(parsed.payload)
        owner = claimed.get("from")
        key = public_key_from_jwk(owner if isinstance(owner, Mapping) else {})
        claims = jws.verify(
            parsed, key=key, expected_typ=TYP, expected_algorithms={ALGORITHM}
        ).claims
    except JoseError as error:
        raise ServiceError("helper.not_signed", error.code) from error
    except (EncodingError, KeyMaterialError, UnicodeDecodeError) as error:
        raise ServiceError("helper.package", "it cannot be read") from error
    if claims.keys() != _MEMBERS or claims["v"] != VERSION:
        raise ServiceError("helper.package", "it is of a newer kind")
    # What was sealed for somebody else and passed on does not name this invitation or its key.
    named = (claims["invitation"], claims["to"])
    if named != (b64url_encode(invitation.id), b64url_encode(invitation.key)):
        raise ServiceError("helper.not_for_you")
    return Content(
        owner=key,
        made=_moment(claims["made"]),
        until=_moment(claims["until"]),
        records=tuple(_record(entry) for entry in _list(claims["records"], MAX_RECORDS)),
    )


def _record(entry: Json) -> HandedRecord:
    if not isinstance(entry, Mapping) or entry.keys() != {"format", "copies"}:
        raise ServiceError("helper.package", "a record in it cannot be read")
    named = entry["format"]
    if not isinstance(named, str) or named not in FORMATS:
        raise ServiceError("helper.package", "a record in it is of a newer kind")
    return HandedRecord(named, tuple(map(_copy, _list(entry["copies"], MAX_COPIES))))


def _copy(entry: Json) -> HandedCopy:
    if not isinstance(entry, Mapping) or entry.keys() != {"text", "key"}:
        raise ServiceError("helper.package", "a copy in it cannot be read")
    text, key = entry["text"], entry["key"]
    if not isinstance(text, str) or not isinstance(key, Mapping):
        raise ServiceError("helper.package", "a copy in it cannot be read")
    try:
        return HandedCopy(text, signer_from_private_jwk(key))
    except KeyMaterialError as error:
        raise ServiceError("helper.package", "a key in it cannot be used") from error


def _list(value: Json, most: int) -> Sequence[Json]:
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise ServiceError("helper.package", "it holds nothing, or too much")
    return value


def _moment(value: Json) -> datetime:
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ServiceError("helper.package", "a date in it cannot be read") from error
    raise ServiceError("helper.package", "a date in it cannot be read")
