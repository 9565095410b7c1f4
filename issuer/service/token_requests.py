"""The token endpoint: whichever grant a wallet brings, and how it proves who it is there.

What is *not* here: the grants themselves (``tokens``, ``codes``, ``grants``).
"""

from __future__ import annotations

from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import (
    CodeRequest,
    RefreshRequest,
    TokenRequest,
    TokenResponse,
)
from healthpassport.protocols.oid4vci.tokens import GrantedDetail
from issuer.store import identity_checks, offers

from .codes import redeem_code
from .configurations import configurations
from .context import IssuerContext, digest
from .grants import grant_of_token, refresh
from .tokens import redeem
from .wallet_clients import SentAttestation, attested_client, needs_attestation


def give(
    issuer: IssuerContext,
    request: TokenRequest | CodeRequest | RefreshRequest,
    *,
    sent: SentAttestation,
    proof: str | None,
) -> TokenResponse:
    """The token for ``request``.

    Raises:
        ProtocolError, ServiceError: as the grants; ``oid4vci.invalid_client`` and those of
            ``wallet_clients``.
    """
    if isinstance(request, CodeRequest):
        return redeem_code(issuer, request, sent=sent, proof=proof)
    needed = needs_attestation(issuer, signs_in=False)
    if isinstance(request, RefreshRequest):
        needed = needed or _was_attested(issuer, request.refresh_token)
    if needed or sent:
        found = attested_client(issuer, sent, client_id=request.client_id, needed=needed)
        if found is not None and request.client_id is None:
            request = request.model_copy(update={"client_id": found.client_id})
    if isinstance(request, RefreshRequest):
        _check_details(issuer, request)
        return _by_identifiers(issuer, request, refresh(issuer, request, proof=proof))
    return redeem(issuer, request, proof=proof)


def _was_attested(issuer: IssuerContext, refresh_token: str) -> bool:
    """Whether the wallet that got this token had to prove who it is (RFC 6749 section 6)."""
    if issuer.patients is None:
        return False
    with issuer.store.reading() as tx:
        grant = grant_of_token(tx, refresh_token)
        return grant is not None and identity_checks.is_attested(tx, grant.root)


def _check_details(issuer: IssuerContext, request: RefreshRequest) -> None:
    """Before the refresh token turns: each name is one that records have here."""
    known = configurations(issuer.settings).keys()
    if not {d.credential_configuration_id for d in request.authorization_details} <= known:
        raise ProtocolError("oid4vci.invalid_authorization_details")


def _by_identifiers(
    issuer: IssuerContext, request: RefreshRequest, given: TokenResponse
) -> TokenResponse:
    """OpenID4VCI 1.0 section 6.2: who names credentials in a token request gets identifiers."""
    if not request.authorization_details:
        return given
    named = (detail.credential_configuration_id for detail in request.authorization_details)
    details = tuple(
        GrantedDetail(credential_configuration_id=name, credential_identifiers=(name,))
        for name in dict.fromkeys(named)
    )
    with issuer.store.writing() as tx:
        session = offers.by_token(tx, digest(given.access_token))
        if session is not None:
            offers.change(tx, session.id, by_identifier=True)
    return given.model_copy(update={"authorization_details": details})
