"""Codes become tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9449 section 10).

Rules: a code is shown once, rightly or wrongly; shown again it ends all that it gave (RFC 6749
section 4.1.2); verifier, redirect URI, client and key are those of the request. What is *not* here:
the tokens themselves (``tokens``).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import CodeRequest, TokenResponse
from healthpassport.protocols.oidc import code_challenge
from issuer.store import (
    Authorization,
    GrantState,
    IdentityCheck,
    OfferState,
    Step,
    grants,
    identity_checks,
    offers,
    sign_ins,
)
from issuer.store.again import tried_again

from .configurations import configurations, scope_of
from .context import IssuerContext, digest
from .dpop import accepted_proof
from .grants import TOKEN_PATH, close_grant
from .status_journal import bring_in_here, note_use
from .tokens import Redeemed, give_token
from .under_way import UnderWay
from .wallet_clients import SentAttestation, attested_client, needs_attestation

REMEMBERED_SECONDS: Final = 86_400  # a used code, so that its second use is noticed


@dataclass(frozen=True, slots=True)
class _Shown:
    """A code as it was shown: by whom, and with which key."""

    request: CodeRequest
    client_id: str | None
    attested: bool
    thumbprint: str

    def fits(self, asked: UnderWay) -> bool:
        """Whether client, redirect URI, key and verifier are those of the request."""
        challenge = code_challenge(self.request.code_verifier)
        return (
            self.client_id == asked.client_id
            and (self.attested or not asked.attested)
            and self.request.redirect_uri == asked.redirect_uri
            and asked.key in ("", self.thumbprint)
            and hmac.compare_digest(challenge, asked.challenge)
        )


def redeem_code(
    issuer: IssuerContext, request: CodeRequest, *, sent: SentAttestation, proof: str | None
) -> TokenResponse:
    """The access token for ``request``; ``proof`` is its DPoP header.

    Raises:
        ProtocolError: ``oid4vci.invalid_grant`` for a code that is none, was used, is too old, or
            comes with another verifier, redirect URI, client or key;
            ``oid4vci.unsupported_grant_type`` where patients do not sign in;
            ``oid4vci.invalid_client`` and those of ``wallet_clients``,
            ``oid4vci.invalid_dpop_proof``, ``oid4vci.invalid_target``.
    """
    if issuer.patients is None:
        raise ProtocolError("oid4vci.unsupported_grant_type")
    with issuer.audit.refusals("token.refused", who=issuer.audit.wallet):
        found = _judged(issuer, _shown(issuer, request, sent, proof))
        if found is None:
            # Raised after the transaction, which has ended whatever the code gave.
            raise ProtocolError("oid4vci.invalid_grant")
        response, offer = found
        note_use(issuer, offer)
        return response


def _shown(
    issuer: IssuerContext, request: CodeRequest, sent: SentAttestation, proof: str | None
) -> _Shown:
    attested = attested_client(
        issuer,
        sent,
        client_id=request.client_id,
        needed=needs_attestation(issuer, signs_in=True),
    )
    if request.resource not in (None, issuer.settings.iss):  # RFC 8707 section 2
        raise ProtocolError("oid4vci.invalid_target")
    client_id = request.client_id if attested is None else attested.client_id
    thumbprint = accepted_proof(issuer, proof, path=TOKEN_PATH).thumbprint
    return _Shown(request, client_id, attested is not None, thumbprint)


@tried_again
def _judged(issuer: IssuerContext, shown: _Shown) -> tuple[TokenResponse, str] | None:
    """The answer to a code that fits, and its offer; None for one that does not, and is over."""
    code = shown.request.code
    with issuer.store.writing() as tx:
        bring_in_here(tx)  # a code that was used before the database was set back
        row = sign_ins.by_code(tx, digest(code))
        asked = None if row is None else _presented(issuer, tx, row, code)
        if row is None or asked is None:
            return None
        if not shown.fits(asked):
            # Whoever shows a code that is not theirs must not be able to try again.
            offers.close(tx, asked.offer, OfferState.BURNED)
            sign_ins.end(tx, row.id)
            return None
        response = _given(issuer, tx, asked, shown)
        sign_ins.change(
            tx,
            row.id,
            state=Step.REDEEMED.value,
            sealed=None,
            expires_at=issuer.now() + REMEMBERED_SECONDS,
        )
        return response, asked.offer


def _presented(
    issuer: IssuerContext, tx: Connection, row: Authorization, code: str
) -> UnderWay | None:
    """What the code stands for, at its first use in time; a second use ends what the first gave."""
    if row.state is Step.REDEEMED and row.offer is not None:
        _revoke(tx, row.offer)
        return None
    if row.state is not Step.GRANTED or row.expires_at <= issuer.now():
        return None
    return UnderWay.opened(row, code)


def _revoke(tx: Connection, name: str) -> None:
    """RFC 9700 section 4.5.3: the tokens of a code that was used twice count no more."""
    offer = offers.find(tx, name)
    grant = None if offer is None or offer.grant is None else grants.find(tx, offer.grant)
    if grant is not None and grant.state is GrantState.ACTIVE:
        close_grant(tx, grant, GrantState.REVOKED, status=None)
    if offer is not None and offer.state is OfferState.REDEEMED:
        offers.close(tx, offer.id, OfferState.DONE)


def _given(issuer: IssuerContext, tx: Connection, asked: UnderWay, shown: _Shown) -> TokenResponse:
    request = shown.request
    details = tuple(one.credential_configuration_id for one in request.authorization_details)
    if not set(details) <= set(asked.wanted):
        raise ProtocolError("oid4vci.invalid_authorization_details", "they exceed the request")
    wanted = details or asked.wanted  # OpenID4VCI 1.0 section 6.1.1: less than was asked for
    if details:
        offers.keep_records(tx, asked.offer, details)
    offer = offers.find(tx, asked.offer)
    if offer is None or offer.state is not OfferState.AUTHORIZED:
        raise ProtocolError("oid4vci.invalid_grant")
    named = tuple(wanted) if details or asked.by_identifier else ()
    redeemed = Redeemed(request.code, asked.client_id, named, shown.thumbprint)
    response = give_token(issuer, tx, offer, redeemed)
    if asked.check:
        identity_checks.record(tx, offer.id, IdentityCheck(asked.check))
    opened = offers.find(tx, offer.id)
    if asked.attested and opened is not None and opened.grant is not None:
        identity_checks.note_attested(tx, opened.grant)
    given = configurations(issuer.settings)
    scope = " ".join(dict.fromkeys(scope_of(given[name]) for name in wanted))
    return response if named else response.model_copy(update={"scope": scope})
