"""Verification methods: the key that a proof names, what it may be used for, whose it is.

Controlled Identifiers 1.0 section 3.3 and VC Data Integrity 1.0 section 5.9. Resolving is the
caller's: a function from the URL to the method, which has read the document of the URL's own
identifier and nothing else. What is *not* here: whether the controller is trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.proofs import Proof
from healthpassport.keys import PublicKey


class VerificationMethod(Protocol):
    """What a resolver gives back."""

    @property
    def id(self) -> str:
        """The absolute URL of the method."""
        ...

    @property
    def controller(self) -> str:
        """Who controls the key, as the identifier's document says."""
        ...

    @property
    def public_key(self) -> PublicKey:
        """The key."""
        ...

    def require(self, relationship: str, /) -> None:
        """Return only where the key is listed for ``relationship``."""
        ...


Resolve: TypeAlias = Callable[[str], VerificationMethod]


def method_of(proof: Proof, resolve: Resolve) -> VerificationMethod:
    """The method of ``proof``, listed for the proof's purpose.

    Raises:
        CredentialError: ``PROOF_VERIFICATION_ERROR`` where another method was found.
        DidError: ``did.relationship``, and what ``resolve`` raises for a URL that is relative, of
            another scheme or leads nowhere.
    """
    method = resolve(proof.verification_method)
    if method.id != proof.verification_method:
        raise CredentialError("PROOF_VERIFICATION_ERROR", "the URL leads to another key")
    method.require(proof.purpose)
    return method


def owner(method: VerificationMethod) -> str | None:
    """Who speaks with this key: the identifier whose document holds it, if it controls it.

    A document can name anybody as controller of its keys, and anybody can name a key of others;
    only where both agree does the key speak for the identifier.
    """
    document = method.id.partition("#")[0]
    return document if document == method.controller else None
