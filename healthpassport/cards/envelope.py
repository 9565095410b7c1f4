"""A card as the text of a QR code and back: COSE_Sign1, deflate, base45, and a prefix.

RFC 9052 section 4.2 with the algorithm and the key's name in the protected header, and an external
text (section 4.3) that no other message is signed with, so that nothing else passes for a card.
Reading believes nothing before ``verify``; every size is bounded before it is used. What is *not*
here: whose key is right (``healthpassport.verification.card``).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from healthpassport import cbor, suites
from healthpassport.cards import base45
from healthpassport.cards.content import read_claims, write_claims
from healthpassport.cards.values import CardClaims
from healthpassport.cbor import Cbor, Tagged
from healthpassport.encoding import b64url_decode
from healthpassport.errors import CardError, EncodingError
from healthpassport.keys import PublicKey, Signer
from schemas.cards import table

SIGN1: Final = 18  # RFC 9052 section 2: COSE_Sign1_Tagged
_ALG, _KID = 1, 4  # RFC 9052 section 3.1
ALGORITHMS: Final[Mapping[str, int]] = {"ES256": -7, "EdDSA": -8}  # RFC 9053 sections 2.1 and 2.2
SIGNATURE_OCTETS: Final = 64  # of both
_PARTS: Final = 4
_RAW: Final = -zlib.MAX_WBITS  # RFC 1951 alone, without the frame of RFC 1950


@dataclass(frozen=True, slots=True)
class ParsedCard:
    """A card taken apart and *not* verified: only good for choosing a key.

    ``key_name`` begins the thumbprint of the key that is said to have signed. ``octets`` counts
    what stands between deflate and base45, ``message`` is the COSE_Sign1 before deflate.
    """

    claims: CardClaims
    algorithm: str
    key_name: bytes
    octets: int
    message: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def key_name(thumbprint: str) -> bytes:
    """The name of a key on a card: the beginning of its thumbprint (RFC 7638)."""
    return b64url_decode(thumbprint)[: table().limits["keyNameOctets"]]


def issue(claims: CardClaims, *, signer: Signer) -> str:
    """The signed card, as the text of its QR code.

    Raises:
        CardError: ``card.too_large``, ``card.content``, ``card.no_allergies``; ``card.key`` for a
            signer whose algorithm no card bears.
    """
    if signer.algorithm not in ALGORITHMS:
        raise CardError("card.key")
    protected = cbor.encode(
        {_ALG: ALGORITHMS[signer.algorithm], _KID: key_name(signer.public_key.thumbprint())}
    )
    payload = write_claims(claims)
    signature = signer.sign(to_be_signed(protected, payload))
    text = _text(protected, payload, signature)
    if (excess := octets_of(text) - limit_octets()) > 0:
        raise CardError("card.too_large", f"{excess} bytes too many")
    return text


def sample(claims: CardClaims) -> str:
    """A card of ``claims`` as large as a signed one, and worth nothing: for measuring."""
    noise = bytes((at * 151 + 89) % 256 for at in range(SIGNATURE_OCTETS))
    name = noise[: table().limits["keyNameOctets"]][::-1]
    protected = cbor.encode({_ALG: ALGORITHMS["ES256"], _KID: name})
    return _text(protected, write_claims(claims), noise)


def octets_of(text: str) -> int:
    """How many bytes the card ``text`` holds between deflate and base45."""
    count, rest = divmod(len(text) - len(table().prefix), 3)
    return 2 * count + (rest == 2)  # noqa: PLR2004 - RFC 9285: two characters for one byte


def limit_octets() -> int:
    """The bytes that a card may hold: its own limit, and what the characters of a code carry."""
    limits = table().limits
    fitting = (limits["characters"] - len(table().prefix)) // 3 * 2
    return int(min(limits["octets"], fitting))


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure (RFC 9052 section 4.4) with the text that only cards have."""
    return cbor.encode(["Signature1", protected, table().external_aad, payload])


def parse(text: str) -> ParsedCard:
    """Take ``text`` apart without verifying it.

    Raises:
        CardError: ``card.prefix``, ``card.size``, ``card.base45``, ``card.deflate``,
            ``card.cbor``, ``card.cose``, ``card.claims``, ``card.content``, ``card.no_allergies``.
    """
    if not text.startswith(table().prefix):
        raise CardError("card.prefix")
    if len(text) > table().limits["characters"]:
        raise CardError("card.size")
    packed = base45.decode(text.removeprefix(table().prefix))
    message = _inflate(packed)
    protected, payload, signature = _parts(message)
    algorithm, name = _header(protected)
    return ParsedCard(
        claims=read_claims(payload),
        algorithm=algorithm,
        key_name=name,
        octets=len(packed),
        message=message,
        signed=to_be_signed(protected, payload),
        signature=signature,
    )


def verify(parsed: ParsedCard, *, issuer_key: PublicKey) -> CardClaims:
    """The claims of ``parsed``, once ``issuer_key`` is shown to have signed them.

    The algorithm is that of the key, and the header must name the same (RFC 8725 section 3.1).

    Raises:
        JoseError: ``jws.key_alg_mismatch`` or ``jws.signature``.
    """
    suites.verify(issuer_key, parsed.algorithm, parsed.signature, parsed.signed)
    return parsed.claims


def _text(protected: bytes, payload: bytes, signature: bytes) -> str:
    message = cbor.encode(Tagged(SIGN1, [protected, {}, payload, signature]))
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW)
    return table().prefix + base45.encode(packer.compress(message) + packer.flush())


def _inflate(packed: bytes) -> bytes:
    """RFC 1951, one whole stream, never beyond the limit."""
    limit = table().limits["inflatedOctets"]
    unpacker = zlib.decompressobj(_RAW)
    try:
        found = unpacker.decompress(packed, limit + 1)
    except zlib.error as error:
        raise CardError("card.deflate") from error
    if len(found) > limit:
        raise CardError("card.size", "it unpacks to more than a card may hold")
    if not unpacker.eof or unpacker.unused_data:
        raise CardError("card.deflate", "it is cut short, or something follows")
    return found


def _parts(message: bytes) -> tuple[bytes, bytes, bytes]:
    """Protected header, payload and signature (section 4.2); the unprotected header is empty."""
    found = _decoded(message)
    parts = found.value if isinstance(found, Tagged) and found.tag == SIGN1 else ()
    if not isinstance(parts, list) or len(parts) != _PARTS or parts[1] != {}:
        raise CardError("card.cose")
    protected, _, payload, signature = parts
    octets = (protected, payload, signature)
    if any(not isinstance(one, bytes) for one in octets) or cbor.encode(found) != message:
        raise CardError("card.cose")
    return protected, payload, signature


def _header(protected: bytes) -> tuple[str, bytes]:
    """Algorithm and key name, and nothing else: an unknown parameter is none to pass over."""
    found = _decoded(protected)
    if not isinstance(found, Mapping) or found.keys() != {_ALG, _KID}:
        raise CardError("card.cose", "the header holds alg and kid, and nothing else")
    name = found[_KID]
    algorithm = next((n for n, number in ALGORITHMS.items() if number == found[_ALG]), None)
    if algorithm is None or not isinstance(name, bytes):
        raise CardError("card.cose", "the header names no algorithm or key of a card")
    if len(name) != table().limits["keyNameOctets"]:
        raise CardError("card.cose", "the key's name is of another length")
    return algorithm, name


def _decoded(data: bytes) -> Cbor:
    try:
        return cbor.decode(data, max_bytes=table().limits["inflatedOctets"])
    except EncodingError as error:
        raise CardError("card.cbor", error.detail) from error
