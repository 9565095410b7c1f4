"""A second, post-quantum signature on an SD-JWT that a verifier of RFC 9901 alone still reads.

The signature stands in a disclosure of its own, the claim ``pq_signature``: to others it is one
more claim that may be shown or held back. A signature cannot cover its own digest, so what it
covers is the signing input of the issuer-signed JWT in which that one digest is replaced by 43
letters A. The protected header ``pq`` names algorithm and key, so that a verifier that asks tells a
signature that was held back from one that was never made. docs/adr/0025 has the reasons. What is
*not* here: which key to trust, and the holder's key binding, which stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport import suites
from healthpassport.encoding import Json, b64url_decode, b64url_encode, dump_json
from healthpassport.errors import CredentialError, EncodingError, JoseError
from healthpassport.formats.sd_jwt.disclosure import SD, Disclosure, digest, write_disclosure
from healthpassport.formats.sd_jwt.parsing import ParsedSdJwt
from healthpassport.keys import PublicKey, Signer

HEADER: Final = "pq"
CLAIM: Final = "pq_signature"
SALT_BYTES: Final = 18  # RFC 9901 section 9.3, as for every other disclosure
# In the place of the digest. A digest of 43 letters A is as likely as a broken hash.
BLANK: Final = "A" * 43
# What is signed is no JWS: it begins with a line that no base64url can be.
SEPARATION: Final = b"SD-JWT second signature\n"


def add(
    payload: Mapping[str, Json],
    *,
    header: Mapping[str, Json],
    signer: Signer,
    second: Signer,
    salt: bytes,
) -> tuple[dict[str, Json], bytes, str]:
    """Header and payload to be signed by ``signer``, and the disclosure to go with them.

    Args:
        payload: with digests, as it would be signed without a second signature.
        header: as it would be without.
        signer: the first signer, whose ``alg`` the second signature covers too.
        second: the ML-DSA-44 signer.
        salt: 18 random octets.

    Raises:
        CredentialError: ``pq.key`` where ``second`` signs with something else,
            ``sdjwt.claim_name_collision`` where the record has such a claim.
    """
    if second.algorithm not in suites.POST_QUANTUM:
        raise CredentialError("pq.key")
    if CLAIM in payload or HEADER in header:
        raise CredentialError("sdjwt.claim_name_collision")
    named: dict[str, Json] = {"alg": second.algorithm, "kid": second.public_key.thumbprint()}
    full = {**header, "alg": signer.algorithm, HEADER: named}
    digests = payload.get(SD, [])
    listed = digests if isinstance(digests, list) else []
    blank = dump_json({**payload, SD: [BLANK, *listed]})
    signature = second.sign(_covered(b64url_encode(dump_json(full)).encode("ascii"), blank))
    disclosure = write_disclosure(b64url_encode(salt), CLAIM, b64url_encode(signature))
    body = blank.replace(BLANK.encode("ascii"), digest(disclosure).encode("ascii"))
    return full, body, disclosure


def check(parsed: ParsedSdJwt, disclosure: Disclosure | None, *, key: PublicKey) -> None:
    """Check the second signature of ``parsed``, whose first signature was checked.

    Args:
        parsed: what ``parse`` gave.
        disclosure: that of the top-level claim ``pq_signature`` as ``verify`` found it, or None.
        key: the ML-DSA-44 key that the caller trusts for this issuer.

    Raises:
        CredentialError: ``pq.missing`` where the issuer says that it made none, ``pq.withheld``
            where it says that it did and none was sent, ``pq.key`` where it names another key,
            ``pq.signature``.
    """
    named = parsed.header.get(HEADER)
    if not isinstance(named, Mapping):
        raise CredentialError("pq.missing")
    if key.algorithm not in suites.POST_QUANTUM or named.get("alg") != key.algorithm:
        raise CredentialError("pq.key", "another algorithm is named")
    if named.get("kid") != key.thumbprint():
        raise CredentialError("pq.key", "another key is named")
    if disclosure is None:
        raise CredentialError("pq.withheld")
    body = parsed.issuer_jwt.payload
    embedded = digest(disclosure.text).encode("ascii")
    if body.count(embedded) != 1 or BLANK.encode("ascii") in body:
        raise CredentialError("pq.signature", "the digest does not stand in the payload once")
    first, _, _ = parsed.issuer_jwt.signing_input.partition(b".")
    covered = _covered(first, body.replace(embedded, BLANK.encode("ascii")))
    try:
        suites.verify(key, key.algorithm, _octets(disclosure.value), covered)
    except JoseError as error:
        raise CredentialError("pq.signature", error.detail) from error


def _covered(header: bytes, blank: bytes) -> bytes:
    return SEPARATION + header + b"." + b64url_encode(blank).encode("ascii")


def _octets(value: Json) -> bytes:
    if not isinstance(value, str):
        raise CredentialError("pq.signature", "it is no string")
    try:
        return b64url_decode(value)
    except EncodingError as error:
        raise CredentialError("pq.signature", "it is not base64url") from error
