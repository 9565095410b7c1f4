"""The names of issuer and holder in a W3C credential, and what they stand for.

An issuer is the did:web of the https address under which the trust list knows it; its keys are
named by their thumbprints, and the trust list says whether one is its. A holder is the did:key of
the one key that a copy is bound to. What is *not* here: fetching a DID document, which nobody does.
"""

from __future__ import annotations

from healthpassport.dids import VerificationMethod, parse_did_url, resolve
from healthpassport.dids.key import did_key, method_url
from healthpassport.dids.verification_method import ASSERTION_METHOD
from healthpassport.dids.web import did_web, document_url
from healthpassport.errors import DidError
from healthpassport.formats.data_integrity import Resolve
from healthpassport.keys.public import PublicKey

__all__ = [
    "did_key",
    "did_web",
    "issuer_address",
    "issuer_method",
    "key_of",
    "method_url",
    "only_key",
    "resolve_holder",
]

_DOCUMENT = "/did.json"
_WELL_KNOWN = "/.well-known"


def issuer_address(did: str) -> str | None:
    """The https address that the did:web ``did`` is made of; None for any other text.

    An address has one DID: another spelling of it (``%3a``, ``:.well-known``) is nobody's.
    """
    try:
        address = document_url(did).removesuffix(_DOCUMENT).removesuffix(_WELL_KNOWN)
        return address if did_web(address) == did else None
    except DidError:
        return None


def issuer_method(did: str, key: PublicKey) -> str:
    """The URL of an issuer's ``key``, which its DID document publishes under its thumbprint."""
    return f"{did}#{key.thumbprint()}"


def only_key(did: str, key: PublicKey) -> Resolve:
    """A resolver that knows one key of one issuer: the one that the trust list vouches for."""
    expected = issuer_method(did, key)

    def found(url: str) -> VerificationMethod:
        if url != expected:
            raise DidError("did.unresolved", "the trust list vouches for another key")
        return VerificationMethod(expected, did, key, frozenset({ASSERTION_METHOD}))

    return found


def resolve_holder(url: str) -> VerificationMethod:
    """The key that a holder's DID URL holds: did:key or did:jwk, which need no document.

    Raises:
        DidError: for every other URL.
    """
    if parse_did_url(url).method not in {"key", "jwk"}:
        raise DidError("did.unsupported", "a holder is named by a key")
    return resolve(url)


def key_of(did: str) -> PublicKey | None:
    """The key of a holder's ``did``, or None where it is of another method or no DID."""
    fragment = {"key": did.rpartition(":")[2], "jwk": "0"}
    try:
        return resolve_holder(f"{did}#{fragment[did.split(':')[1]]}").public_key
    except (DidError, KeyError, IndexError):
        return None
