"""Issuing: key proofs become signed copies of one record, each with a status entry of its own.

One transaction uses the nonce, enters the status entries, keeps the issuance, forgets the record
and keeps the answer sealed. A wallet that lost the answer gets the same one again for the very same
proofs, until it notifies or the token ends; other proofs never make a second issuance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import ProtocolError
from healthpassport.formats import format_named
from healthpassport.formats.coarse_times import RecordTimes, whole_days
from healthpassport.keys import PublicKey
from healthpassport.protocols.oid4vci import (
    CredentialRequest,
    CredentialResponse,
    KeyProof,
    NotificationEvent,
    NotificationRequest,
    verify_key_proofs,
)
from healthpassport.protocols.oid4vci.credentials import IssuedCredential
from healthpassport.status.token_status_list import StatusReference
from issuer.settings import LDP_VC, SD_JWT_VC
from issuer.store import Issuance, issuances, offers
from issuer.store.again import tried_again
from schemas.cards import CARD

from . import nonces
from .answers import again, keep, request_hash
from .audit_issued import tell_issued
from .bitstrings import entries_at
from .card_copies import issue_card
from .configurations import Configuration, configuration_named
from .context import IssuerContext, digest
from .places import Place, Reserved, reserving
from .refreshing import prepare, supersede
from .reports import with_dispute
from .sealing import unseal
from .token_lists import list_uri
from .tokens import Access
from .validity import days_valid

CREDENTIAL_PATH: Final = "/credential"
NOTIFICATION_PATH: Final = "/notification"
_ID_LENGTH: Final = 22  # characters of base64url: 132 random bits


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A credential request after its checks."""

    configuration: Configuration
    proofs: tuple[KeyProof, ...]
    request_hash: str


@tried_again
def issue(
    issuer: IssuerContext, *, access: Access, request: CredentialRequest
) -> CredentialResponse:
    """The copies that ``request`` asks for, one for each key proof.

    Raises:
        ProtocolError: ``oid4vci.unknown_credential_configuration``,
            ``oid4vci.unknown_credential_identifier``, ``oid4vci.invalid_credential_request``,
            ``oid4vci.invalid_proof``, ``oid4vci.invalid_nonce``.
        SourceError: as ``refreshing.prepare``, for a wallet that comes back.
    """
    told = issuer.audit.refusals(
        "credential.refused", who=issuer.audit.wallet, subject=access.offer.id
    )
    with told:
        if CARD in {request.credential_configuration_id, request.credential_identifier}:
            return issue_card(issuer, access=access, request=request)
        return _issued(issuer, access, request)


def _issued(
    issuer: IssuerContext, access: Access, request: CredentialRequest
) -> CredentialResponse:
    prepare(issuer, access)
    configuration = _configuration(issuer, access, request)
    proofs = verify_key_proofs(
        request.proofs,
        expected_issuer=issuer.settings.iss,
        expected_client_id=access.offer.client_id,
        max_proofs=issuer.settings.batch_size,
        now=issuer.clock(),
    )
    wanted = _Wanted(configuration, proofs, request_hash(request))
    with (
        reserving(issuer, configuration.format, copies=len(proofs)) as places,
        issuer.store.writing() as tx,
    ):
        done = issuances.of_offer(tx, access.offer.id, configuration.id)
        if done is not None:
            return again(tx, access, done, wanted.request_hash)
        nonces.spend(issuer, tx, proofs[0].nonce)
        response = _issue(issuer, tx, access, wanted, places)
        finished = not offers.sealed_records(tx, access.offer.id)
    if finished:
        issuer.store.wipe()
    return response


@tried_again
def notify(issuer: IssuerContext, *, access: Access, notification: NotificationRequest) -> None:
    """Take note of what became of an issuance at the wallet; saying it twice does no harm.

    Raises:
        ProtocolError: ``oid4vci.invalid_notification_id``, also for one of another token.
    """
    with issuer.store.writing() as tx:
        offers.stand_still(tx, access.offer)
        found = issuances.by_notification(tx, digest(notification.notification_id))
        if found is None or found.offer != access.offer.id:
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
    if by_identifier is not access.offer.by_identifier:
        if by_identifier:
            raise ProtocolError("oid4vci.unknown_credential_identifier")
        raise ProtocolError("oid4vci.invalid_credential_request", "use the credential identifiers")
    what = "identifier" if by_identifier else "configuration"
    found = configuration_named(issuer.settings, name, what=what)
    with issuer.store.reading() as tx:
        if name not in offers.record_types(tx, access.offer.id):
            raise ProtocolError(
                "oid4vci.invalid_credential_request", "the offer does not hold this record"
            )
    return found


def _issue(
    issuer: IssuerContext,
    tx: Connection,
    access: Access,
    wanted: _Wanted,
    places: Reserved,
) -> CredentialResponse:
    name, proofs = wanted.configuration.id, wanted.proofs
    record_type = wanted.configuration.definition.type
    sealed = offers.sealed_record(tx, access.offer.id, name)
    if sealed is None:
        raise ProtocolError("oid4vci.invalid_credential_request", "the offer is closed")
    plain = parse_json_object(unseal(sealed, secret=access.token, purpose=name))
    payload = with_dispute(tx, access, record_type, plain)
    notification_id = issuer.secret()
    times = whole_days(
        issuer.clock(),
        days=days_valid(issuer.settings, record_type, payload, today=issuer.clock().date()),
        not_before=issuer.certified_from,
    )
    issuance = Issuance(
        id=issuer.secret()[:_ID_LENGTH],
        offer=access.offer.id,
        client=access.offer.client,
        record_type=name,
        copies=len(proofs),
        status=0,
        issued_at=issuer.now(),  # to the second: that stays here
        expires_at=int(times.expires_at.timestamp()),
        notification_hash=digest(notification_id),
    )
    issuances.add(tx, issuance)
    tell_issued(issuer, tx, issuance, who=issuer.audit.wallet)
    entries = _entries(issuer, places.give(tx, issuance.id), wanted.configuration.format)
    copies = [
        _copy(issuer, payload, wanted, times=times, holder=proof.key, status=status)
        for proof, status in zip(proofs, entries, strict=True)
    ]
    response = CredentialResponse(credentials=tuple(copies), notification_id=notification_id)
    keep(issuer, tx, access, issuance, request=wanted.request_hash, response=response)
    offers.erase_record(tx, access.offer.id, name)
    return response


def _entries(
    issuer: IssuerContext, columns: Sequence[Sequence[Place]], format_: str
) -> Iterator[dict[str, Json]]:
    """For each copy what it says of where its status stands, in the way of its format."""
    if format_ == LDP_VC:
        copies = entries_at(issuer, columns)
        return ({"credentialStatus": [one.claim() for one in copy]} for copy in copies)
    (places,) = columns
    return ({**StatusReference(list_uri(issuer, number), i).claim()} for number, i in places)


def _copy(
    issuer: IssuerContext,
    payload: Mapping[str, Json],
    wanted: _Wanted,
    *,
    times: RecordTimes,
    holder: PublicKey,
    status: Mapping[str, Json],
) -> IssuedCredential:
    configuration, key = wanted.configuration, issuer.signing
    text = format_named(configuration.format).issue(
        payload=payload,
        disclosable=configuration.definition.disclosures,
        signer=key.signer,
        iss=issuer.settings.iss,
        holder_jwk=holder.jwk(),
        issued_at=times.issued_at,
        expires_at=times.expires_at,
        salts=issuer.random,
        x5c=key.x5c,
        status=status,
        second_signer=issuer.second_signer if configuration.format == SD_JWT_VC else None,
    )
    if configuration.format == LDP_VC:  # appendix A.1.2.4: an object, not text
        return IssuedCredential.model_validate({"credential": parse_json_object(text)})
    return IssuedCredential(credential=text)
