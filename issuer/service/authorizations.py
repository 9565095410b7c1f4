"""A wallet asks: pushed requests (RFC 9126), and the browser that brings one back.

Rules: nothing is asked for but by a pushed request, whose address works once and for a minute; what
a wallet asks for is cut to what this issuer gives, and to the offer that it names. What is *not*
here: who the patient is (``patient_sign_in``).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import ProtocolError, ServiceError
from healthpassport.protocols.oid4vci import PushedRequest, secret_of
from issuer.store import Authorization, Offer, OfferState, Step, offers, sign_ins
from issuer.store.again import tried_again

from .configurations import configurations, scope_of
from .context import IssuerContext, digest
from .dpop import accepted_proof
from .offers import state_digest
from .under_way import SIGN_IN_SECONDS, UnderWay
from .wallet_clients import SentAttestation, WalletClient, check_redirect, pushing_client

PAR_PATH: Final = "/par"
AUTHORIZE_PATH: Final = "/authorize"
REQUEST_SECONDS: Final = 60  # HAIP 1.0, FAPI 2.0: less than ten minutes
MAX_UNDER_WAY: Final = 20_000  # some 3 kB each
_ID_LENGTH: Final = 22


def push(
    issuer: IssuerContext, request: PushedRequest, *, sent: SentAttestation, proof: str | None
) -> str:
    """Keep ``request``; returns the secret that its ``request_uri`` is made of.

    Raises:
        ProtocolError: ``oid4vci.invalid_client``, ``oid4vci.invalid_redirect_uri``,
            ``oid4vci.invalid_scope``, ``oid4vci.invalid_authorization_details``,
            ``oid4vci.invalid_target``, ``oid4vci.invalid_dpop_proof`` and those of
            ``wallet_clients``; ``oid4vci.invalid_request`` for an ``issuer_state`` that is not
            ours, or no longer.
        ServiceError: ``not_found`` where patients do not sign in, ``rate_limited``.
    """
    require_sign_in(issuer)
    with issuer.audit.refusals("access.refused", who=issuer.audit.wallet):
        client = pushing_client(issuer, sent, client_id=request.client_id)
        check_redirect(issuer, client, request.redirect_uri)
        if request.resource not in (None, issuer.settings.iss):  # RFC 8707 section 2
            raise ProtocolError("oid4vci.invalid_target")
        return _kept(issuer, request, client, _bound_key(issuer, request, proof))


@tried_again
def _kept(issuer: IssuerContext, request: PushedRequest, client: WalletClient, key: str) -> str:
    secret = issuer.secret()
    with issuer.store.writing() as tx:
        if sign_ins.under_way(tx) >= MAX_UNDER_WAY:
            raise ServiceError("rate_limited")
        asked = UnderWay(
            client_id=client.client_id,
            wallet=client.name,
            attested=client.attested,
            redirect_uri=request.redirect_uri,
            state=request.state,
            challenge=request.code_challenge,
            key=key,
            wanted=_wanted(issuer, tx, request),
            by_identifier=bool(request.authorization_details),
            issuer_state=request.issuer_state,
        )
        now = issuer.now()
        sign_ins.add(
            tx,
            Authorization(
                id=issuer.secret()[:_ID_LENGTH],
                state=Step.PUSHED,
                created_at=now,
                expires_at=now + REQUEST_SECONDS,
                request_hash=digest(secret),
                sealed=asked.sealed(issuer, secret),
            ),
        )
    return secret


@tried_again
def begin(issuer: IssuerContext, *, client_id: str, request_uri: str) -> str:
    """Take up the pushed request of ``request_uri``: what the browser holds from now on.

    Raises:
        ProtocolError: ``oid4vci.invalid_request_uri`` for one that was used, is too old, or is
            another client's.
        ServiceError: ``not_found`` where patients do not sign in.
    """
    require_sign_in(issuer)
    secret = secret_of(request_uri)
    browser, now = issuer.secret(), issuer.now()
    with issuer.store.writing() as tx:
        row = sign_ins.by_request(tx, digest(secret)) if secret else None
        if row is None or secret is None or row.expires_at <= now:
            raise ProtocolError("oid4vci.invalid_request_uri")
        asked = UnderWay.opened(row, secret)
        if asked.client_id != client_id:  # RFC 9126 section 2.2: it is bound to the client
            raise ProtocolError("oid4vci.invalid_request_uri")
        sign_ins.change(
            tx,
            row.id,
            state=Step.BEGUN.value,
            request_hash=None,
            browser_hash=digest(browser),
            sealed=asked.sealed(issuer, browser),
            expires_at=now + SIGN_IN_SECONDS,
        )
    return browser


def require_sign_in(issuer: IssuerContext) -> None:
    """Refuse (``not_found``) what belongs to signing in, where no patient does."""
    if issuer.patients is None:
        raise ServiceError("not_found")


def offer_of_state(issuer: IssuerContext, tx: Connection, issuer_state: str) -> Offer | None:
    """The open offer that a practice made with ``issuer_state``, None where there is none."""
    offer = offers.by_code(tx, state_digest(issuer_state))
    if offer is None or offer.state is not OfferState.OPEN or offer.expires_at <= issuer.now():
        return None
    return offer


def _bound_key(issuer: IssuerContext, request: PushedRequest, proof: str | None) -> str:
    """RFC 9449 section 10.1: the key that the code is for, by the proof, ``dpop_jkt`` or both."""
    if proof is None:
        return request.dpop_jkt or ""
    thumbprint = accepted_proof(issuer, proof, path=PAR_PATH).thumbprint
    if request.dpop_jkt not in (None, thumbprint):
        raise ProtocolError("oid4vci.invalid_dpop_proof", "dpop_jkt is another key")
    return thumbprint


def _wanted(issuer: IssuerContext, tx: Connection, request: PushedRequest) -> tuple[str, ...]:
    """The configurations that were asked for, in reading order (sections 5.1.1 and 5.1.2)."""
    given = configurations(issuer.settings)
    detailed = {one.credential_configuration_id for one in request.authorization_details}
    if not detailed <= given.keys():
        raise ProtocolError("oid4vci.invalid_authorization_details")
    scopes = set(request.scopes)  # unknown ones are passed over
    names = [n for n, one in given.items() if n in detailed or scope_of(one) in scopes]
    if request.issuer_state is not None:
        offer = offer_of_state(issuer, tx, request.issuer_state)
        if offer is None:
            raise ProtocolError("oid4vci.invalid_request", "issuer_state is not known here")
        held = offers.record_types(tx, offer.id)
        names = [name for name in names if name in held]
    if not names:
        raise ProtocolError("oid4vci.invalid_scope", "it names no record that is given here")
    return tuple(names)
