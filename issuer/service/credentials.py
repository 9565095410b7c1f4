"""Issuing: key proofs become signed copies of one record, each with a status entry of its own.

One transaction uses the DPoP proof and the nonce, enters the status entries, keeps the issuance,
forgets the record and keeps the answer sealed. A wallet that lost the answer gets the same one
again for the very same proofs, until it notifies or the token ends; other proofs never make a
second issuance, unless the setting ``collect_again`` says so. What cannot be given yet is put off
(``deferring``).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from healthpassport.encoding import parse_json_object
from healthpassport.errors import ProtocolError, SourceError
from healthpassport.protocols.oid4vci import (
    CredentialRequest,
    CredentialResponse,
    DeferredResponse,
    NotificationEvent,
    NotificationRequest,
)
from issuer.store import DeferralReason, Issuance, issuances, offers
from issuer.store.again import tried_again
from schemas.cards import CARD

from . import dpop
from .answers import again, request_hash
from .card_copies import issue_card
from .configurations import Configuration, configuration_named
from .context import IssuerContext, digest
from .copying import Order, make_copies
from .deferring import Wanted, needs_sign_off, put_off
from .dpop import USED_BEFORE
from .grant_lines import same_line
from .holder_keys import proven_keys, spend
from .places import Reserved, reserving
from .refreshing import LATER, prepare, supersede
from .sealing import unseal
from .tokens import Access

CREDENTIAL_PATH: Final = "/credential"
NOTIFICATION_PATH: Final = "/notification"
MAX_TURNS: Final = 10  # of one record for one token, where it may be collected again


def issue(
    issuer: IssuerContext, *, access: Access, request: CredentialRequest
) -> CredentialResponse | DeferredResponse:
    """The copies that ``request`` asks for, one for each key; or word that they come later.

    The proof of ``access`` is used up with it, where it is not yet.

    Raises:
        ProtocolError: ``oid4vci.unknown_credential_configuration``,
            ``oid4vci.unknown_credential_identifier``, ``oid4vci.invalid_credential_request``,
            ``oid4vci.invalid_proof``, ``oid4vci.invalid_nonce``, ``oid4vci.invalid_dpop_proof``.
        SourceError: as ``refreshing.prepare``, for a wallet that comes back.
    """
    refusals = issuer.audit.refusals(
        "credential.refused", who=issuer.audit.wallet, subject=access.offer.id
    )
    with refusals as told:
        try:
            if CARD in {request.credential_configuration_id, request.credential_identifier}:
                _spend_proof(issuer, access)
                return issue_card(issuer, access=access, request=request)
            return _issued(issuer, access, request)
        except ProtocolError as error:
            told.written = error.code == USED_BEFORE  # ``accessing`` tells of it
            raise


@tried_again
def _issued(
    issuer: IssuerContext, access: Access, request: CredentialRequest
) -> CredentialResponse | DeferredResponse:
    configuration = _configuration(issuer, access, request)
    if not access.held:  # its source is read, and what it says is kept, before anything is issued
        _spend_proof(issuer, access)
    reason = _reason_to_wait(issuer, access, configuration)
    proofs = proven_keys(issuer, access, request)
    wanted = Wanted(configuration, proofs, request_hash(request))
    if reason is not None:
        _spend_proof(issuer, access)
        return put_off(issuer, access, wanted, reason=reason)
    with reserving(issuer, configuration.format, copies=len(proofs)) as places:
        response, finished = _given(issuer, access, wanted, places)
    if finished:
        issuer.store.wipe()
    return response


def _given(
    issuer: IssuerContext, access: Access, wanted: Wanted, places: Reserved
) -> tuple[CredentialResponse, bool]:
    """The copies, in one transaction; and whether the offer holds nothing any more."""
    with issuer.store.writing() as tx:
        if access.proof is not None:
            dpop.spend(tx, access.proof)
        offers.stand_still(tx, access.offer)
        done = issuances.all_of_offer(tx, access.offer.id, wanted.configuration.id)
        response, finished = _told_before(issuer, tx, access, done, wanted), False
        if response is None:
            spend(issuer, tx, wanted.proofs)
            response = _issue(issuer, tx, access, _order(access, wanted, places, turn=len(done)))
            finished = not offers.holds_records(tx, access.offer.id)
    if access.proof is not None:
        access.proof.kept = True
    return response, finished


def _spend_proof(issuer: IssuerContext, access: Access) -> None:
    if access.proof is not None:
        dpop.spend_now(issuer, access.proof)


@tried_again
def notify(issuer: IssuerContext, *, access: Access, notification: NotificationRequest) -> None:
    """Take note of what became of an issuance at the wallet; saying it twice does no harm.

    Raises:
        ProtocolError: ``oid4vci.invalid_notification_id``, also for one of another token, unless
            both tokens are of one line of grants.
    """
    with issuer.store.writing() as tx:
        offers.stand_still(tx, access.offer)
        found = issuances.by_notification(tx, digest(notification.notification_id))
        if found is None or not same_line(tx, access.offer, found.offer):
            raise ProtocolError("oid4vci.invalid_notification_id")
        issuances.change(tx, found.id, event=notification.event.value)
        issuer.audit.write(
            "record.notified",
            who=issuer.audit.wallet,
            tx=tx,
            subject=found.id,
            outcome=notification.event.value,
        )
        if notification.event is not NotificationEvent.FAILURE:
            issuances.forget_answer(tx, found.id)
        if notification.event is NotificationEvent.ACCEPTED:
            supersede(issuer, tx, found)
        finished = not offers.waits(tx, access.offer.id)
    if finished:
        issuer.store.wipe()


def _configuration(
    issuer: IssuerContext, access: Access, request: CredentialRequest
) -> Configuration:
    """Section 8.2: identifiers where the token response gave them, configurations otherwise."""
    by_identifier = request.credential_identifier is not None
    name = request.credential_identifier or request.credential_configuration_id or ""
    if by_identifier and not access.offer.by_identifier:
        raise ProtocolError("oid4vci.unknown_credential_identifier")
    found = configuration_named(
        issuer.settings, name, what="identifier" if by_identifier else "configuration"
    )
    if access.offer.by_identifier and not by_identifier:
        raise ProtocolError("oid4vci.invalid_credential_request", "use the credential identifiers")
    return found


def _reason_to_wait(
    issuer: IssuerContext, access: Access, configuration: Configuration
) -> DeferralReason | None:
    """Why ``access`` cannot have ``configuration`` now, None where it can."""
    try:
        held = prepare(issuer, access)
    except SourceError as error:
        if error.code != LATER:
            raise
        return DeferralReason.SOURCE
    if configuration.id not in held:
        if access.offer.by_identifier:  # it was not granted to this token
            raise ProtocolError("oid4vci.unknown_credential_identifier")
        raise ProtocolError(
            "oid4vci.invalid_credential_request", "the offer does not hold this record"
        )
    return DeferralReason.STAFF if needs_sign_off(issuer, access) else None


def _told_before(
    issuer: IssuerContext,
    tx: Connection,
    access: Access,
    done: tuple[Issuance, ...],
    wanted: Wanted,
) -> CredentialResponse | None:
    """The answer to the very same request; None where another may be given."""
    for one in done:
        if issuances.answer(tx, one.id, wanted.request_hash) is not None:
            return again(tx, access, one, wanted.request_hash)
    if not done:
        return None
    if not issuer.settings.collect_again or len(done) >= MAX_TURNS:
        return again(tx, access, done[0], wanted.request_hash)  # refuses
    return None


def _order(access: Access, wanted: Wanted, places: Reserved, *, turn: int) -> Order:
    keys = [proof.key for proof in wanted.proofs]
    return Order(
        wanted.configuration, keys, wanted.request_hash, access.offer.id, places, turn=turn
    )


def _issue(
    issuer: IssuerContext, tx: Connection, access: Access, order: Order
) -> CredentialResponse:
    name = order.configuration.id
    sealed = offers.sealed_record(tx, access.offer.id, name)
    if sealed is None:
        raise ProtocolError("oid4vci.invalid_credential_request", "the offer is closed")
    record = parse_json_object(unseal(sealed, secret=access.token, purpose=name))
    _, response = make_copies(issuer, tx, access, order, record)
    if not issuer.settings.collect_again:
        offers.erase_record(tx, access.offer.id, name)
    return response
