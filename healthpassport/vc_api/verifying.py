"""Verifying for the adapter: a conforming document, every proof, and the issuer's own key.

A credential whose issuer does not control the key is refused, whatever a suite may say. What is
*not* here: trust in an issuer; whoever holds the key of the DID passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from healthpassport.dids import resolve
from healthpassport.encoding import JsonObject
from healthpassport.errors import CredentialError, ProtocolError
from healthpassport.formats.data_integrity import (
    ASSERTION,
    AUTHENTICATION,
    CRYPTOSUITES,
    VerifiedDocument,
    check_issuer,
    holder_of,
    verify_proofs,
)
from healthpassport.formats.vcdm import (
    READABLE,
    CheckedCredential,
    check_credential,
    check_presentation,
)
from healthpassport.vc_api.bodies import Request, document
from healthpassport.vc_api.surroundings import Surroundings

_ENVELOPED: Final = ("EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the caller expects of the proofs, and when it asks."""

    purpose: str
    now: datetime
    challenge: str | None = None
    domain: str | None = None


def verified_credential(request: Request, around: Surroundings) -> int:
    """Verify a credential; returns how many of its statuses are in lists of others.

    Raises:
        PassportError: for anything that is not verified.
    """
    given = document(request, "verifiableCredential")
    _refuse_enveloped(given)
    expected = _expected(request, ASSERTION, around.clock())
    checked = check_credential(given, now=expected.now, models=READABLE, resources=around.resources)
    return _verified(given, checked, expected, around)


def verified_presentation(request: Request, around: Surroundings) -> int:
    """Verify a presentation and every credential in it; returns as ``verified_credential``.

    Raises:
        PassportError: for anything that is not verified.
    """
    given = document(request, "verifiablePresentation")
    _refuse_enveloped(given)
    expected = _expected(request, AUTHENTICATION, around.clock())
    checked = check_presentation(
        given, now=expected.now, models=READABLE, resources=around.resources
    )
    holder = holder_of(_verify_proofs(given, expected, around))
    inner = Expected(ASSERTION, expected.now)
    unseen = 0
    for entry, content in zip(_credentials(given), checked.contents, strict=True):
        if not isinstance(content, CheckedCredential):
            raise ProtocolError("vcapi.enveloped")
        if content.proofs:
            unseen += _verified(entry, content, inner, around)
        elif content.issuer != holder:  # VC Data Model 2.0 section 4.13.4
            raise CredentialError("vcdm.unsecured")
    return unseen


def _expected(request: Request, purpose: str, now: datetime) -> Expected:
    return Expected(purpose, now, request.text("challenge"), request.text("domain"))


def _verified(
    given: JsonObject, checked: CheckedCredential, expected: Expected, around: Surroundings
) -> int:
    check_issuer(_verify_proofs(given, expected, around))
    return sum(not around.statuses.check(status) for status in checked.statuses)


def _verify_proofs(given: JsonObject, expected: Expected, around: Surroundings) -> VerifiedDocument:
    return verify_proofs(
        given,
        expected_purpose=expected.purpose,
        expected_challenge=expected.challenge,
        expected_domain=expected.domain,
        resolve=partial(resolve, now=expected.now),
        allowed=CRYPTOSUITES,
        now=expected.now,
        contexts=around.contexts,
    )


def _refuse_enveloped(given: JsonObject) -> None:
    kinds = given.get("type")
    if any(kind in _ENVELOPED for kind in (kinds if isinstance(kinds, list) else [kinds])):
        raise ProtocolError("vcapi.enveloped")


def _credentials(given: JsonObject) -> list[JsonObject]:
    """The credentials of a checked presentation, in their order."""
    found = given.get("verifiableCredential", [])
    entries = found if isinstance(found, list) else [found]
    return [entry for entry in entries if isinstance(entry, Mapping)]
