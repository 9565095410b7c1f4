"""did:key (W3C CCG, did:key Method 0.9): the DID is the key, as Multikey text.

Each key is in the base that the Multikey table names for it. A DID with a version component is
refused: it would be a second name of the same key. No encryption key is derived from a signing key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from healthpassport.dids.url import DidUrl
from healthpassport.dids.verification_method import SIGNING_RELATIONSHIPS, VerificationMethod
from healthpassport.encoding import Json
from healthpassport.errors import DidError, KeyMaterialError
from healthpassport.keys import PublicKey
from healthpassport.keys.multikey import multikey, public_key_from_multikey

PREFIX: Final = "did:key:"
_RELATIONSHIPS: Final = frozenset(SIGNING_RELATIONSHIPS)  # "Create", steps 7 and 8


def did_key(public_key: PublicKey) -> str:
    """The DID of ``public_key``."""
    return PREFIX + multikey(public_key)


def method_url(public_key: PublicKey) -> str:
    """The DID URL of the one verification method of ``did_key(public_key)``."""
    text = multikey(public_key)
    return f"{PREFIX}{text}#{text}"


def resolve(
    url: DidUrl, _documents: Mapping[str, Json], _now: datetime | None
) -> VerificationMethod:
    """The key in the DID; its fragment is the same text ("Signature Method Creation").

    Raises:
        DidError: ``did.invalid`` when it holds no key of a known type, ``did.url`` for a fragment
            that is not the key.
    """
    try:
        public_key = public_key_from_multikey(url.specific)
    except KeyMaterialError as error:
        raise DidError("did.invalid", str(error)) from error
    if url.fragment != url.specific:
        raise DidError("did.url", "the fragment of a did:key is its key")
    return VerificationMethod(str(url), url.did, public_key, _RELATIONSHIPS)
