"""did:jwk (the method of github.com/quartzjer/did-jwk): the DID is a JWK in base64url.

One key has many such DIDs, one for each way to write its JWK: a DID is compared as a text, never
through its key. ``use`` and ``key_ops`` of the JWK count; an encryption key is of no use here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from healthpassport.dids.url import DidUrl
from healthpassport.dids.verification_method import SIGNING_RELATIONSHIPS, VerificationMethod
from healthpassport.encoding import (
    Json,
    b64url_decode,
    b64url_encode,
    dump_json,
    parse_json_object,
)
from healthpassport.errors import DidError, EncodingError, KeyMaterialError
from healthpassport.keys import PublicKey, public_key_from_jwk

PREFIX: Final = "did:jwk:"
FRAGMENT: Final = "0"  # the one verification method of a did:jwk
MAX_DEPTH: Final = 4  # of a JWK: its members are texts, key_ops a list of them
_RELATIONSHIPS: Final = frozenset(SIGNING_RELATIONSHIPS)


def did_jwk(public_key: PublicKey) -> str:
    """The DID of ``public_key``, written with its required members alone."""
    return PREFIX + b64url_encode(dump_json(public_key.jwk()))


def resolve(
    url: DidUrl, _documents: Mapping[str, Json], _now: datetime | None
) -> VerificationMethod:
    """The key in the DID ("Read", steps 1 to 5).

    Raises:
        DidError: ``did.invalid`` when it holds no public signing key, ``did.url`` for another
            fragment than 0.
    """
    try:
        jwk = parse_json_object(b64url_decode(url.specific), max_depth=MAX_DEPTH)
        public_key = public_key_from_jwk(jwk)
    except (EncodingError, KeyMaterialError) as error:
        raise DidError("did.invalid", str(error)) from error
    if url.fragment != FRAGMENT:
        raise DidError("did.url", "the fragment of a did:jwk is 0")
    return VerificationMethod(str(url), url.did, public_key, _RELATIONSHIPS)
