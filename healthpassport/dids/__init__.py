"""Decentralized identifiers: METHODS, one file a method, and the key that a DID URL names.

Retrieving follows Controlled Identifiers 1.0 section 3.3: the URL is of one DID and names a key by
its fragment, the document is that of the very DID, the method in it has the very URL and is
controlled by the DID. Nothing is ever fetched: did:key and did:jwk hold their key, and a did:web
document is handed in. What is *not* here: whether a DID is trusted (``healthpassport.trust``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from healthpassport.dids import jwk, key, web
from healthpassport.dids.documents import did_document
from healthpassport.dids.url import DidUrl, parse_did, parse_did_url
from healthpassport.dids.verification_method import VerificationMethod
from healthpassport.encoding import Json
from healthpassport.errors import DidError

__all__ = [
    "METHODS",
    "DidUrl",
    "VerificationMethod",
    "did_document",
    "parse_did",
    "parse_did_url",
    "resolve",
]

Resolver: TypeAlias = Callable[[DidUrl, Mapping[str, Json], "datetime | None"], VerificationMethod]

METHODS: Final[Mapping[str, Resolver]] = MappingProxyType(
    {"jwk": jwk.resolve, "key": key.resolve, "web": web.resolve}
)
_NONE: Final[Mapping[str, Json]] = MappingProxyType({})


def resolve(
    did_url: str, *, documents: Mapping[str, Json] = _NONE, now: datetime | None = None
) -> VerificationMethod:
    """The verification method that ``did_url`` names.

    Args:
        did_url: a DID and a fragment, as ``proof.verificationMethod`` holds it.
        documents: DID documents by their DID, strictly parsed, for did:web.
        now: the time of relying on it; without one, a method that expires or was revoked is
            refused whatever its date.

    Raises:
        DidError: ``did.url`` for a URL that is relative, of another scheme, without fragment or
            leads to no method; ``did.unsupported`` for another DID method; ``did.invalid`` for a
            DID that breaks the rules of its own; ``did.unresolved`` where no document was handed
            in; ``did.document``, ``did.document_id``, ``did.verification_method``, ``did.expired``.
    """
    url = parse_did_url(did_url)
    method = METHODS.get(url.method)
    if method is None:
        raise DidError("did.unsupported")
    return method(url, documents, now)
