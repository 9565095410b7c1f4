"""Checking the proofs of a document (VC Data Integrity 1.0 sections 4.4 and 4.5).

Policy where a document carries several proofs: every one that is there must verify, and at least
one must be of an allowed cryptosuite. A proof that cannot be checked is therefore a refusal, and
taking the strong proof away leaves nothing that counts. A proof of an experimental suite that is
not allowed is not computed but refused. What is *not* here: who may sign what (``binding``), and
every rule of the data model.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.canonical import Contexts
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.cryptosuites import CRYPTOSUITES, suite_named
from healthpassport.formats.data_integrity.cryptosuites.values import Checking, Cryptosuite
from healthpassport.formats.data_integrity.methods import Resolve, method_of, owner
from healthpassport.formats.data_integrity.previous import check_order, secured_by
from healthpassport.formats.data_integrity.proofs import Proof, read_proofs, unsecured
from healthpassport.formats.values import Place
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.keys import PublicKey

ASSERTION: Final = "assertionMethod"
AUTHENTICATION: Final = "authentication"


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """A proof that verified.

    ``owner`` is the identifier that the key speaks for, None where identifier and controller
    differ. ``counts`` says that its cryptosuite is allowed. ``selective`` names the places of the
    document that its holder could have withheld.
    """

    cryptosuite: str
    verification_method: str
    owner: str | None
    public_key: PublicKey
    purpose: str
    created: datetime | None
    expires: datetime | None
    counts: bool
    selective: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """A document all of whose proofs verified, without them, with the context that was signed."""

    document: JsonObject
    proofs: tuple[VerifiedProof, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a verifier expects of every proof; None where it expects nothing in particular."""

    purpose: str
    now: datetime
    challenge: str | None = None
    domain: frozenset[str] | None = None
    presentation_header: bytes | None = None


def verify_proofs(
    document: JsonObject,
    *,
    expected_purpose: str,
    expected_challenge: str | None,
    expected_domain: str | Collection[str] | None,
    resolve: Resolve,
    allowed: Collection[str],
    now: datetime,
    contexts: Contexts,
    expected_presentation_header: bytes | None = None,
) -> VerifiedDocument:
    """Check every proof of ``document`` as a verifier to whom it was shown.

    Raises:
        CredentialError: ``PROOF_VERIFICATION_ERROR``, ``INVALID_DOMAIN_ERROR``,
            ``INVALID_CHALLENGE_ERROR``, ``di.cryptosuite``, ``di.proof_value``, ``di.signature``,
            ``di.created``, ``di.expired``, ``di.policy``.
        DidError: ``did.relationship``; and what ``resolve`` and the canonical form refuse.
    """
    domain = {expected_domain} if isinstance(expected_domain, str) else expected_domain
    expected = Expected(
        purpose=expected_purpose,
        now=now,
        challenge=expected_challenge,
        domain=None if domain is None else frozenset(domain),
        presentation_header=expected_presentation_header,
    )
    return _verify(document, expected, resolve, frozenset(allowed), contexts, base=False)


def verify_issued(
    document: JsonObject,
    *,
    resolve: Resolve,
    allowed: Collection[str],
    now: datetime,
    contexts: Contexts,
) -> VerifiedDocument:
    """Check every proof of a credential as the holder to whom it was issued.

    A proof of a suite with selective disclosure must be the issuer's base proof. Errors as
    ``verify_proofs``.
    """
    expected = Expected(purpose=ASSERTION, now=now)
    return _verify(document, expected, resolve, frozenset(allowed), contexts, base=True)


def _verify(
    document: JsonObject,
    expected: Expected,
    resolve: Resolve,
    allowed: frozenset[str],
    contexts: Contexts,
    *,
    base: bool,
) -> VerifiedDocument:
    proofs = read_proofs(document)  # section 4.4 steps 1 to 4, of each
    check_order(proofs)  # section 4.5 step 3.2
    _check_policy(proofs, allowed)  # before anything is computed
    for proof in proofs:
        _check_expected(proof, expected)
    verified = []
    for proof in proofs:
        method = method_of(proof, resolve)
        suite = suite_named(proof.cryptosuite, key_algorithm=method.public_key.algorithm)
        checking = Checking(
            document=secured_by(document, proof, proofs),  # section 4.5 steps 3.1 to 3.3
            options=proof.options,
            value=proof.value,
            key=method.public_key,
            contexts=contexts,
            presentation_header=expected.presentation_header,
        )
        selective = _check(suite, checking, base=base)  # section 4.4 step 8
        verified.append(
            VerifiedProof(
                cryptosuite=suite.name,
                verification_method=method.id,
                owner=owner(method),
                public_key=method.public_key,
                purpose=proof.purpose,
                created=proof.created,
                expires=proof.expires,
                counts=suite.name in allowed,
                selective=selective,
            )
        )
    return VerifiedDocument(_signed(document, proofs), tuple(verified))


def _check(suite: Cryptosuite, checking: Checking, *, base: bool) -> frozenset[Place]:
    if base and suite.selective is not None:
        suite.selective.check_base(checking)
        return frozenset()
    return suite.check(checking) or frozenset()


def _check_expected(proof: Proof, expected: Expected) -> None:
    """Section 4.4 steps 5 to 7, and the times of section 2.1."""
    if proof.purpose != expected.purpose:  # step 5
        raise CredentialError("PROOF_VERIFICATION_ERROR", "it was made for another purpose")
    if expected.domain is not None and proof.domain != expected.domain:  # step 6
        raise CredentialError("INVALID_DOMAIN_ERROR")
    if expected.challenge is not None and (  # step 7; an empty challenge matches nothing
        proof.challenge != expected.challenge or not expected.challenge
    ):
        raise CredentialError("INVALID_CHALLENGE_ERROR")
    if proof.created is not None and proof.created > expected.now + CLOCK_SKEW:
        raise CredentialError("di.created")
    if proof.expires is not None and proof.expires + CLOCK_SKEW <= expected.now:
        raise CredentialError("di.expired")


def _check_policy(proofs: Collection[Proof], allowed: frozenset[str]) -> None:
    """The policy of this module's head, as far as the names of the suites decide it."""
    for proof in proofs:
        suite = CRYPTOSUITES.get(proof.cryptosuite)
        if suite is None:
            raise CredentialError("di.cryptosuite", "it is not in the table")
        if suite.experimental and suite.name not in allowed:
            raise CredentialError("di.policy", "an experimental cryptosuite is not allowed here")
    if allowed.isdisjoint(proof.cryptosuite for proof in proofs):
        raise CredentialError("di.policy")


def _signed(document: JsonObject, proofs: Collection[Proof]) -> JsonObject:
    """The document with the context that every proof signed.

    A -jcs- proof may have been made before a context was appended (vc-di-eddsa 1.0 section 3.3.2
    step 4); the shortest of them is what all signed.
    """
    bare: dict[str, Json] = unsecured(document)
    signed = [proof.options["@context"] for proof in proofs if "@context" in proof.options]
    if signed:
        bare["@context"] = min(signed, key=lambda c: len(c) if isinstance(c, list) else 1)
    return bare
