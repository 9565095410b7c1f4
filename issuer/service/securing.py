"""Data Integrity proofs by the issuer's own key, for what it publishes as W3C credentials.

The key decides the cryptosuite, and the proof names it in the issuer's DID document. What is *not*
here: proofs on records, which a format makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.dids.documents import method_url
from healthpassport.dids.verification_method import ASSERTION_METHOD
from healthpassport.encoding import Json, JsonObject

from .context import IssuerContext
from .identity import issuer_did

CRYPTOSUITES: Final[Mapping[str, str]] = MappingProxyType(
    {"ES256": "ecdsa-rdfc-2019", "ES384": "ecdsa-rdfc-2019", "EdDSA": "eddsa-rdfc-2022"}
)


def secured(issuer: IssuerContext, document: JsonObject) -> dict[str, Json]:
    """``document`` with the issuer's proof, for the purpose of asserting.

    Raises:
        ServiceError: ``not_found`` where the issuer has no DID.
    """
    # Most commands sign no credential, and these take a tenth of a second to load.
    from healthpassport.canonical import bundled  # noqa: PLC0415
    from healthpassport.formats.data_integrity import add_proof  # noqa: PLC0415

    key = issuer.signer.public_key
    return add_proof(
        document,
        cryptosuite=CRYPTOSUITES[key.algorithm],
        signer=issuer.signer,
        verification_method=method_url(issuer_did(issuer), key),
        purpose=ASSERTION_METHOD,
        created=issuer.clock(),
        contexts=bundled(),
        randomness=issuer.random,
    )
