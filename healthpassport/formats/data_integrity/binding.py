"""Whose a document is: the issuer's key on a credential, the holder's on a presentation.

What speaks for an identifier is a key in that identifier's own document which it controls
(``methods.owner``). Only proofs of an allowed cryptosuite count. What is *not* here: whether the
issuer is trusted (``healthpassport.trust``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from healthpassport.canonical import Contexts
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.methods import Resolve
from healthpassport.formats.data_integrity.verifying import (
    ASSERTION,
    AUTHENTICATION,
    VerifiedDocument,
    VerifiedProof,
    verify_proofs,
)


def verify_credential(
    document: JsonObject,
    *,
    resolve: Resolve,
    allowed: Collection[str],
    now: datetime,
    contexts: Contexts,
    expected_presentation_header: bytes | None = None,
) -> VerifiedDocument:
    """Check the proofs of a credential that was shown, and that its issuer made one that counts.

    Raises:
        CredentialError: as ``verify_proofs``, and ``trust.key_not_of_issuer``.
    """
    verified = verify_proofs(
        document,
        expected_purpose=ASSERTION,
        expected_challenge=None,
        expected_domain=None,
        expected_presentation_header=expected_presentation_header,
        resolve=resolve,
        allowed=allowed,
        now=now,
        contexts=contexts,
    )
    check_issuer(verified)
    return verified


def verify_presentation(
    document: JsonObject,
    *,
    expected_challenge: str,
    expected_domain: str | Collection[str],
    resolve: Resolve,
    allowed: Collection[str],
    now: datetime,
    contexts: Contexts,
) -> tuple[VerifiedDocument, str]:
    """Check the proofs of a presentation made for this request; who holds it is given back too.

    The credentials in it are not checked: each goes through ``verify_credential`` and
    ``check_subject``.

    Raises:
        CredentialError: as ``verify_proofs``, and ``match.holder_binding``.
    """
    verified = verify_proofs(
        document,
        expected_purpose=AUTHENTICATION,
        expected_challenge=expected_challenge,
        expected_domain=expected_domain,
        resolve=resolve,
        allowed=allowed,
        now=now,
        contexts=contexts,
    )
    return verified, holder_of(verified)


def check_issuer(verified: VerifiedDocument) -> VerifiedProof:
    """The proof with which the issuer that a credential names has signed it.

    Raises:
        CredentialError: ``trust.key_not_of_issuer`` where there is none.
    """
    issuer = identifier(verified.document.get("issuer"))
    for proof in verified.proofs:
        if proof.counts and issuer is not None and proof.owner == issuer:
            return proof
    raise CredentialError("trust.key_not_of_issuer")


def holder_of(verified: VerifiedDocument) -> str:
    """The identifier whose key signed a presentation, which is its ``holder`` if it names one.

    Raises:
        CredentialError: ``match.holder_binding``.
    """
    named = identifier(verified.document.get("holder"))
    if named is None and "holder" in verified.document:
        raise CredentialError("match.holder_binding", "the holder is not an identifier")
    for proof in verified.proofs:
        if proof.counts and proof.owner is not None and named in {None, proof.owner}:
            return proof.owner
    raise CredentialError("match.holder_binding", "the holder's key did not sign")


def check_subject(credential: JsonObject, *, expected_holder: str) -> None:
    """That every subject of ``credential`` is the holder who presents it.

    Raises:
        CredentialError: ``match.holder_binding``; a credential without a subject's id belongs to
            nobody and is refused too.
    """
    found = credential.get("credentialSubject")
    subjects = found if isinstance(found, list) else [found]
    if not subjects or any(identifier(subject) != expected_holder for subject in subjects):
        raise CredentialError("match.holder_binding")


def identifier(value: Json) -> str | None:
    """The identifier that ``value``, a text or an object with an id, stands for."""
    found = value.get("id") if isinstance(value, Mapping) else value
    return found if isinstance(found, str) and found else None
