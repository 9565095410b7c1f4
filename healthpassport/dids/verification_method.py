"""A verification method: a key, whose it is, and what its owner uses it for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthpassport.errors import DidError
from healthpassport.keys import PublicKey

ASSERTION_METHOD: Final = "assertionMethod"
AUTHENTICATION: Final = "authentication"
# Controlled Identifiers 1.0 section 2.3: the relationships, of which keyAgreement signs nothing.
SIGNING_RELATIONSHIPS: Final = (
    ASSERTION_METHOD,
    AUTHENTICATION,
    "capabilityDelegation",
    "capabilityInvocation",
)
RELATIONSHIPS: Final = (*SIGNING_RELATIONSHIPS, "keyAgreement")


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """A key under its absolute URL ``id``, controlled by the DID in it, ``controller``."""

    id: str
    controller: str
    public_key: PublicKey
    relationships: frozenset[str]

    def require(self, relationship: str) -> None:
        """Return only where the owner uses the key for ``relationship`` (section 3.3 step 11).

        Raises:
            DidError: ``did.relationship``.
        """
        if relationship not in self.relationships:
            raise DidError("did.relationship")
