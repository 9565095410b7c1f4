"""The answer to a credential request, kept sealed until the wallet says that it has it.

A wallet that lost the answer gets the same one again for the very same request; any other request
never makes a second issuance.
"""

from __future__ import annotations

import hashlib
from typing import Final

from sqlalchemy import Connection

from healthpassport.encoding import b64url_encode, dump_json
from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import (
    CredentialRequest,
    CredentialResponse,
    parse_credential_response,
)
from issuer.store import Issuance, issuances

from .context import IssuerContext
from .sealing import seal, unseal
from .tokens import Access

_ANSWER: Final = "answer"


def keep(
    issuer: IssuerContext,
    tx: Connection,
    access: Access,
    issuance: Issuance,
    *,
    request: str,
    response: CredentialResponse,
) -> None:
    """Keep ``response`` to the request that hashes to ``request``, sealed under the token."""
    sealed = seal(
        dump_json(response.wire()), secret=access.token, purpose=_ANSWER, random=issuer.random
    )
    issuances.keep_answer(tx, issuance.id, request, sealed)


def again(tx: Connection, access: Access, done: Issuance, request: str) -> CredentialResponse:
    """The same answer to the same request; anything else has been issued already.

    Raises:
        ProtocolError: ``oid4vci.invalid_credential_request``.
    """
    sealed = issuances.answer(tx, done.id, request)
    if sealed is None:
        raise ProtocolError(
            "oid4vci.invalid_credential_request", "this record was collected already"
        )
    return parse_credential_response(unseal(sealed, secret=access.token, purpose=_ANSWER))


def request_hash(request: CredentialRequest) -> str:
    """What makes a request the very same: the same proofs, signed with the same keys."""
    return b64url_encode(hashlib.sha256("\n".join(request.proofs).encode()).digest())
