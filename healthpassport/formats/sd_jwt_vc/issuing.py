"""Issuing an SD-JWT VC (draft-ietf-oauth-sd-jwt-vc-19 section 2.2; HAIP 1.0 section 6.1).

What is *not* here: what a record holds and which of its claims are disclosable; both arrive from
``healthpassport.summary`` (``to_payload`` and ``disclosure_tree``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from healthpassport.encoding import Json, b64_encode
from healthpassport.errors import CredentialError
from healthpassport.formats import sd_jwt
from healthpassport.formats.sd_jwt import ClaimPath, Decoys
from healthpassport.formats.sd_jwt.issuing import Randomness
from healthpassport.formats.sd_jwt_vc.claims import PROTECTED, TYP
from healthpassport.jose.times import to_numeric_date
from healthpassport.keys.public import PublicKey, read_public_key
from healthpassport.keys.signer import Signer

KEPT_CHAINS: Final = 16  # of some 2 kB
# Up to four optional fields and eight entries look alike (docs/verification.md, decoys).
DEFAULT_DECOYS: Final = Decoys(members=4, elements=4)


def issue(
    *,
    payload: Mapping[str, Json],
    disclosable: Iterable[ClaimPath],
    signer: Signer,
    iss: str,
    holder_jwk: PublicKey | Mapping[str, Json] | None,
    issued_at: datetime,
    expires_at: datetime,
    salts: Randomness,
    x5c: Sequence[bytes] = (),
    status: Mapping[str, Json] | None = None,
    decoys: Decoys = DEFAULT_DECOYS,
    second_signer: Signer | None = None,
) -> str:
    """A signed record as ``<issuer-signed JWT>~<disclosure>~...~``.

    Args:
        payload: the record in plain form, with ``vct``, without the registered claims below.
        disclosable: the paths that become disclosures; None in a path is every array element.
        signer: the issuer's key.
        iss: the issuer's https address.
        holder_jwk: the public key of the wallet, read or not, or None to bind it to nobody.
        issued_at: goes out in whole seconds.
        expires_at: goes out in whole seconds.
        salts: a source of cryptographic randomness.
        x5c: the DER certificates, leaf first and without the anchor; without any, ``kid`` names
            the signer's key by its thumbprint.
        status: the ``status`` claim, ``{"status_list": {"idx": ..., "uri": ...}}``.
        decoys: how digests are padded.
        second_signer: an ML-DSA-44 key, for a post-quantum signature beside the first.

    Raises:
        CredentialError: ``sdjwtvc.vct``, ``sdjwtvc.protected_claim_disclosed``,
            ``sdjwt.claim_name_collision``, ``sdjwt.claim_name_reserved``, ``pq.key``.
        KeyMaterialError: for a ``holder_jwk`` that is no public key.
    """
    paths = tuple(disclosable)
    if not isinstance(payload.get("vct"), str):
        raise CredentialError("sdjwtvc.vct")
    if not PROTECTED.isdisjoint([path[0] for path in paths]):
        raise CredentialError("sdjwtvc.protected_claim_disclosed")
    registered: dict[str, Json] = {
        "iss": iss,
        "iat": to_numeric_date(issued_at),
        "exp": to_numeric_date(expires_at),
    }
    if holder_jwk is not None:
        registered["cnf"] = {"jwk": read_public_key(holder_jwk).jwk()}
    if status is not None:
        registered["status"] = status
    if not payload.keys().isdisjoint(registered):
        raise CredentialError("sdjwt.claim_name_collision")
    header: dict[str, Json] = {"alg": signer.algorithm, "typ": TYP}
    if x5c:
        header["x5c"] = _written(tuple(x5c))
    else:
        header["kid"] = signer.public_key.thumbprint()
    return sd_jwt.issue(
        {**registered, **payload},
        disclosable=paths,
        header=header,
        signer=signer,
        salts=salts,
        decoys=decoys,
        second_signer=second_signer,
    )


@lru_cache(maxsize=KEPT_CHAINS)
def _written(x5c: tuple[bytes, ...]) -> list[Json]:
    """The chain as the header has it; an issuer has one for months, and nobody changes it."""
    return [b64_encode(der) for der in x5c]
