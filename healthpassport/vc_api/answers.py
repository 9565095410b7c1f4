"""How the adapter answers: a status, a JSON object, and refusals as problem objects.

A refusal bears the error name that its specification gives it as ``type`` (VC Data Model 2.0
section 7.2, VC Data Integrity 1.0 section 4.6), else the page of our own code. What is *not* here:
deciding anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import PassportError

OK: Final = 200
CREATED: Final = 201
REFUSED: Final = 400
MISSING: Final = 404
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"  # RFC 9457 section 3
_MODEL: Final = "https://www.w3.org/TR/vc-data-model#"
_SECURITY: Final = "https://w3id.org/security#"
_STATUS: Final = "https://www.w3.org/ns/credentials/status-list#"
_NAMES: Final = {
    "vcdm.parsing": _MODEL + "PARSING_ERROR",
    "vcdm.malformed_value": _MODEL + "MALFORMED_VALUE_ERROR",
    "vcdm.range": _MODEL + "RANGE_ERROR",
    "vcdm.digest": _MODEL + "CRYPTOGRAPHIC_SECURITY_ERROR",
    "vcdm.unsecured": _MODEL + "CRYPTOGRAPHIC_SECURITY_ERROR",
    "di.signature": _MODEL + "CRYPTOGRAPHIC_SECURITY_ERROR",
    "di.proof_value": _SECURITY + "PROOF_VERIFICATION_ERROR",
    "di.cryptosuite": _SECURITY + "PROOF_VERIFICATION_ERROR",
    "di.created": _SECURITY + "PROOF_VERIFICATION_ERROR",
    "di.expired": _SECURITY + "PROOF_VERIFICATION_ERROR",
    "jsonld.term_undefined": _SECURITY + "DATA_LOSS_DETECTION_ERROR",
    "jsonld.iri": _SECURITY + "DATA_LOSS_DETECTION_ERROR",
    "jsonld.value_dropped": _SECURITY + "DATA_LOSS_DETECTION_ERROR",
    "did.url": _SECURITY + "INVALID_VERIFICATION_METHOD_URL",
    "did.document": _SECURITY + "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT",
    "did.document_id": _SECURITY + "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID",
    "did.verification_method": _SECURITY + "INVALID_VERIFICATION_METHOD",
    "did.relationship": _SECURITY + "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD",
    "status.index": _STATUS + "RANGE_ERROR",
    "status.reference": _STATUS + "STATUS_RETRIEVAL_ERROR",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: the HTTP status, the body, its media type."""

    status: int
    body: JsonObject
    media_type: str = JSON


def verified(warnings: Sequence[JsonObject] = ()) -> Answer:
    """Everything that was asked for was verified."""
    return Answer(OK, {"verified": True, "checks": [], "warnings": list(warnings), "errors": []})


def refused(error: PassportError) -> Answer:
    """Why something was not verified, issued or derived: never a 200, and one status for all."""
    told = problem(error)
    members: dict[str, Json] = {"verified": False, "checks": [], "warnings": [], "errors": [told]}
    return Answer(REFUSED, {**told, **members}, PROBLEM)


def missing(error: PassportError) -> Answer:
    """There is nothing at this address."""
    return Answer(MISSING, {**problem(error), "status": MISSING}, PROBLEM)


def problem(error: PassportError) -> dict[str, Json]:
    """``error`` as a ProblemDetails object, with the name that its specification gives it."""
    told: dict[str, Json] = {**error.problem(), "status": REFUSED}
    if error.code.isupper():  # the names of VC Data Integrity 1.0 section 4.6 are codes of ours
        return told | {"type": _SECURITY + error.code}
    return told | {"type": _NAMES.get(error.code, told["type"])}
