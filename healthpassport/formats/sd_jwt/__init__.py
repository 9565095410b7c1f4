"""SD-JWT as RFC 9901 has it, for any type and any application.

``parse`` takes a token apart, ``verify`` is the numbered list of section 7.1, ``issue`` writes one.
Profiles stand on it (``formats.sd_jwt_vc``). What is *not* here: times, types of credential, and
which issuer's key to trust.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from healthpassport.encoding import Json
from healthpassport.errors import CredentialError, JoseError
from healthpassport.formats.sd_jwt import second_signature
from healthpassport.formats.sd_jwt.disclosure import DEFAULT_HASH, SD_ALG, Disclosure
from healthpassport.formats.sd_jwt.issuing import (
    NO_DECOYS,
    ClaimPath,
    Decoys,
    Frame,
    Randomness,
    pack,
)
from healthpassport.formats.sd_jwt.parsing import ParsedSdJwt, parse
from healthpassport.formats.sd_jwt.processing import ALLOWED_HASHES, Place, process
from healthpassport.jose import jws
from healthpassport.keys import PublicKey, Signer

__all__ = [
    "ClaimPath",
    "Decoys",
    "Disclosure",
    "ParsedSdJwt",
    "Place",
    "ProcessedSdJwt",
    "issue",
    "parse",
    "verify",
]


@dataclass(frozen=True, slots=True)
class ProcessedSdJwt:
    """What section 7.1 leaves: header, processed payload, disclosures by their places, and gaps."""

    header: Mapping[str, Json]
    payload: Mapping[str, Json]
    places: Mapping[Place, Disclosure]
    gaps: frozenset[Place]


def verify(
    parsed: ParsedSdJwt,
    *,
    issuer_key: PublicKey,
    expected_typ: str | None,
    expected_algorithms: Collection[str],
    allowed_hashes: Collection[str] = ALLOWED_HASHES,
) -> ProcessedSdJwt:
    """Verify an SD-JWT, received directly or as part of an SD-JWT+KB (section 7.1).

    Args:
        parsed: what ``parse`` gave (step 1).
        issuer_key: the key that the caller trusts for this issuer (step 2.c is the caller's).
        expected_typ: the application's type (section 9.11); None only for an untyped one.
        expected_algorithms: which algorithms are deemed secure (step 2.a).
        allowed_hashes: which ``_sd_alg`` are deemed secure (step 2.d).

    Raises:
        CredentialError: ``sdjwt.issuer_signature`` and the refusals of ``processing``.
        JoseError: for an algorithm or type that is not expected.
    """
    try:
        # Steps 2.a and 2.b.
        jws.check_signature(
            parsed.issuer_jwt,
            key=issuer_key,
            expected_typ=expected_typ,
            expected_algorithms=expected_algorithms,
        )
    except JoseError as error:
        if error.code == "jws.signature":
            raise CredentialError("sdjwt.issuer_signature", error.detail) from error
        raise
    # Steps 2.d, 3, 4 and 5. Step 6, the validity claims, is the profile's.
    processed = process(parsed.payload, parsed.disclosures, allowed_hashes=allowed_hashes)
    return ProcessedSdJwt(parsed.header, *processed)


def issue(
    claims: Mapping[str, Json],
    *,
    disclosable: Iterable[ClaimPath],
    header: Mapping[str, Json],
    signer: Signer,
    salts: Randomness,
    decoys: Decoys = NO_DECOYS,
    second_signer: Signer | None = None,
) -> str:
    """The SD-JWT over ``claims`` with a disclosure for each of the paths ``disclosable``.

    With ``second_signer`` it carries its post-quantum signature too (``second_signature``).
    """
    packed, disclosures = pack(claims, Frame.of(tuple(disclosable)), salts=salts, decoys=decoys)
    claimed: dict[str, Json] = {**packed, SD_ALG: DEFAULT_HASH}
    payload: Mapping[str, Json] | bytes = claimed
    if second_signer is not None:
        header, payload, disclosure = second_signature.add(
            claimed,
            header=header,
            signer=signer,
            second=second_signer,
            salt=salts(second_signature.SALT_BYTES),
        )
        disclosures = [*disclosures, disclosure]
    signed = jws.sign(header=header, payload=payload, signer=signer)
    return "~".join([signed, *disclosures, ""])
