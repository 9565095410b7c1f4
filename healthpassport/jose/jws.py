"""JSON Web Signatures in compact serialization (RFC 7515 section 7.1).

``parse`` splits and decodes strictly and trusts nothing. ``verify`` checks with a key, a type and
algorithms that the caller expects. What is *not* here: where a key comes from; a header's own key
(``jwk``) is refused unless the caller says that the protocol binds it otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from healthpassport import suites
from healthpassport.encoding import (
    MAX_TOKEN_BYTES,
    Json,
    b64_decode,
    b64url_decode,
    b64url_encode,
    dump_json,
    parse_json_object,
)
from healthpassport.errors import JoseError
from healthpassport.jose.header import check_kid, read_header
from healthpassport.keys import PublicKey
from healthpassport.keys.signer import SignsMessages

PARTS: Final = 3
REMEMBERED_HEADERS: Final = 128  # some hundred issuers with their certificates, at most 1 MB
REMEMBERED_CHARACTERS: Final = 8_192  # an x5c of two certificates takes some 2,500
MAX_CERTIFICATES: Final = 8  # a leaf and its intermediates; longer paths are no issuer's of ours


@dataclass(frozen=True, slots=True)
class ParsedJws:
    """A JWS as received: decoded, and *not* verified."""

    header: Mapping[str, Json]
    payload: bytes
    signing_input: bytes
    signature: bytes

    def certificates(self) -> tuple[bytes, ...]:
        """The DER certificates of ``x5c``, leaf first (RFC 7515 section 4.1.6); not judged here.

        Raises:
            JoseError: ``jws.x5c`` when the member is there and is not a list of certificates.
        """
        chain = self.header.get("x5c", [])
        if not isinstance(chain, list) or len(chain) > MAX_CERTIFICATES:
            raise JoseError("jws.x5c")
        if "x5c" in self.header and not chain:
            raise JoseError("jws.x5c", "the chain is empty")
        texts = [text for text in chain if isinstance(text, str)]
        if len(texts) != len(chain):
            raise JoseError("jws.x5c")
        return tuple(b64_decode(text) for text in texts)


@dataclass(frozen=True, slots=True)
class VerifiedJws:
    """A JWS whose signature, type and algorithm were checked: its header and its claims."""

    header: Mapping[str, Json]
    claims: Mapping[str, Json]


def sign(
    *, header: Mapping[str, Json], payload: bytes | Mapping[str, Json], signer: SignsMessages
) -> str:
    """The compact JWS over ``payload``; ``alg`` is the signer's and cannot be chosen otherwise."""
    protected = dump_json({**header, "alg": signer.algorithm})
    body = payload if isinstance(payload, bytes) else dump_json(payload)
    text = f"{b64url_encode(protected)}.{b64url_encode(body)}"
    return f"{text}.{b64url_encode(signer.sign(text.encode('ascii')))}"


def parse(
    token: str, *, max_bytes: int = MAX_TOKEN_BYTES, embedded_key_allowed: bool = False
) -> ParsedJws:
    """Split and decode ``token`` without verifying it.

    Args:
        token: three base64url parts.
        max_bytes: the limit on its length.
        embedded_key_allowed: whether a header may carry ``jwk`` (DPoP and key proofs do).

    Raises:
        JoseError: ``jws.syntax`` and the refusals of ``read_header``.
        EncodingError: for what is not strict base64url or JSON, or too large.
    """
    if len(token) > max_bytes:
        raise JoseError("limit.size")
    parts = token.split(".")
    if len(parts) != PARTS or not parts[0] or not parts[1]:
        raise JoseError("jws.syntax")
    header = _remembered(parts[0]) if len(parts[0]) <= REMEMBERED_CHARACTERS else _read(parts[0])
    if "jwk" in header and not embedded_key_allowed:
        raise JoseError("jws.key_source_not_allowed", "a message cannot bring its own key")
    payload, signature = b64url_decode(parts[1]), b64url_decode(parts[2])
    signing_input = token[: len(parts[0]) + 1 + len(parts[1])].encode("ascii")
    return ParsedJws(header, payload, signing_input, signature)


def _read(text: str) -> Mapping[str, Json]:
    return read_header(b64url_decode(text))


# All records of an issuer, and all proofs of wallets, carry the same header: it is read once, with
# every check, and nobody changes what was read.
_remembered: Final = lru_cache(maxsize=REMEMBERED_HEADERS)(_read)


def check_signature(
    parsed: ParsedJws,
    *,
    key: PublicKey,
    expected_typ: str | None,
    expected_algorithms: Collection[str],
) -> None:
    """Check algorithm, type and signature of ``parsed``; the payload may be of any kind.

    Args:
        parsed: what ``parse`` gave.
        key: the key that the caller trusts for this message.
        expected_typ: the exact ``typ``; None only where a specification names none.
        expected_algorithms: what the caller allows, whatever the header says.

    Raises:
        JoseError: ``jws.alg_not_allowed``, ``jws.typ``, ``jws.key_alg_mismatch``,
            ``jws.signature``.
    """
    algorithm = parsed.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in expected_algorithms:
        raise JoseError("jws.alg_not_allowed")  # RFC 8725 sections 3.1 and 3.2
    if expected_typ is not None and parsed.header.get("typ") != expected_typ:
        raise JoseError("jws.typ")  # RFC 8725 section 3.11
    suites.verify(key, algorithm, parsed.signature, parsed.signing_input)


def verify(
    token: str | ParsedJws,
    *,
    key: PublicKey,
    expected_typ: str | None,
    expected_algorithms: Collection[str],
    known_kids: Collection[str] | None = None,
) -> VerifiedJws:
    """The header and claims of ``token`` after every check of ``check_signature``.

    Args:
        token: the compact JWS, or what ``parse`` made of it.
        key: the key that the caller trusts for this message.
        expected_typ: see ``check_signature``.
        expected_algorithms: see ``check_signature``.
        known_kids: names of ``key``; with None a ``kid`` is not looked at.

    Raises:
        JoseError: see ``parse``, ``check_signature`` and ``check_kid``.
        EncodingError: when the payload is not a strict JSON object.
    """
    parsed = parse(token) if isinstance(token, str) else token
    if known_kids is not None:
        check_kid(parsed.header, known_kids)
    check_signature(
        parsed, key=key, expected_typ=expected_typ, expected_algorithms=expected_algorithms
    )
    return VerifiedJws(parsed.header, parse_json_object(parsed.payload))
