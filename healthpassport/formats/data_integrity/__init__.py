"""W3C Verifiable Credential Data Integrity 1.0: proofs added, derived and checked.

``add_proof`` signs, ``derive`` shows part of a document, ``verify_issued`` is the holder's check,
``verify_credential`` and ``verify_presentation`` are the verifier's; ``check_subject`` binds the
one to the other, ``check_plain`` says whether a verified document may be read as plain JSON. What
is *not* here: JSON-LD (``healthpassport.canonical``), DIDs, and the credential's data model.
"""

from __future__ import annotations

from healthpassport.formats.data_integrity.adding import add_proof
from healthpassport.formats.data_integrity.binding import (
    check_issuer,
    check_subject,
    holder_of,
    verify_credential,
    verify_presentation,
)
from healthpassport.formats.data_integrity.cryptosuites import CRYPTOSUITES, DEFAULT_ALLOWED
from healthpassport.formats.data_integrity.deriving import derive
from healthpassport.formats.data_integrity.methods import Resolve, VerificationMethod
from healthpassport.formats.data_integrity.plain import check_plain
from healthpassport.formats.data_integrity.verifying import (
    ASSERTION,
    AUTHENTICATION,
    VerifiedDocument,
    VerifiedProof,
    verify_issued,
    verify_proofs,
)

__all__ = [
    "ASSERTION",
    "AUTHENTICATION",
    "CRYPTOSUITES",
    "DEFAULT_ALLOWED",
    "Resolve",
    "VerificationMethod",
    "VerifiedDocument",
    "VerifiedProof",
    "add_proof",
    "check_issuer",
    "check_plain",
    "check_subject",
    "derive",
    "holder_of",
    "verify_credential",
    "verify_issued",
    "verify_presentation",
    "verify_proofs",
]
