"""Making the copies of one record: signed, each with a status entry and a holder key of its own.

What is *not* here: whether a wallet may have them (``credentials``, ``deferring``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from healthpassport.encoding import Json, parse_json_object
from healthpassport.formats import format_named
from healthpassport.formats.coarse_times import RecordTimes, whole_days
from healthpassport.keys import PublicKey
from healthpassport.protocols.oid4vci import CredentialResponse
from healthpassport.protocols.oid4vci.credentials import IssuedCredential
from healthpassport.status.token_status_list import StatusReference
from issuer.settings import LDP_VC, SD_JWT_VC
from issuer.store import Issuance, issuances

from .answers import keep
from .audit_issued import tell_issued
from .bitstrings import entries_at
from .configurations import Configuration
from .context import IssuerContext, digest
from .nonces import next_nonce
from .places import Place, Reserved
from .reports import with_dispute
from .token_lists import list_uri
from .tokens import Access
from .validity import days_valid

ID_LENGTH: Final = 22  # characters of base64url: 132 random bits


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made: one record for these keys, for the request that hashes so.

    ``places`` are for their status entries; ``turn`` tells apart several of one record for one
    offer; with ``asks_notice`` the wallet is asked to say what became of it.
    """

    configuration: Configuration
    keys: Sequence[PublicKey]
    request_hash: str
    offer: str
    places: Reserved
    turn: int = 0
    asks_notice: bool = True


def make_copies(
    issuer: IssuerContext,
    tx: Connection,
    access: Access,
    order: Order,
    record: Mapping[str, Json],
) -> tuple[Issuance, CredentialResponse]:
    """The copies of ``record``, kept as issued; the answer is kept sealed under ``access.token``.

    Args:
        issuer: the issuer.
        tx: the transaction in which all of it is done or nothing.
        access: whose; its token seals the answer.
        order: what to make.
        record: the payload as it was read.
    """
    record_type = order.configuration.definition.type
    payload = with_dispute(tx, access, record_type, record)
    notification_id = issuer.secret()
    times = whole_days(
        issuer.clock(),
        days=days_valid(issuer.settings, record_type, payload, today=issuer.clock().date()),
        not_before=issuer.certified_from,
    )
    issuance = Issuance(
        id=issuer.secret()[:ID_LENGTH],
        offer=order.offer,
        client=access.offer.client,
        record_type=order.configuration.id,
        copies=len(order.keys),
        status=0,
        issued_at=issuer.now(),  # to the second: that stays here
        expires_at=int(times.expires_at.timestamp()),
        notification_hash=digest(notification_id),
        turn=order.turn,
    )
    issuances.add(tx, issuance)
    tell_issued(issuer, tx, issuance, who=issuer.audit.wallet)
    columns = order.places.give(tx, issuance.id, copies=issuance.copies)
    entries = _entries(issuer, columns, order.configuration.format)
    copies = [
        _copy(issuer, payload, order.configuration, times=times, holder=key, status=status)
        for key, status in zip(order.keys, entries, strict=True)
    ]
    response = CredentialResponse(
        credentials=tuple(copies),
        notification_id=notification_id if order.asks_notice else None,
        c_nonce=next_nonce(issuer) if order.asks_notice else None,
    )
    keep(issuer, tx, access, issuance, request=order.request_hash, response=response)
    return issuance, response


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
    configuration: Configuration,
    *,
    times: RecordTimes,
    holder: PublicKey,
    status: Mapping[str, Json],
) -> IssuedCredential:
    key = issuer.signing
    text = format_named(configuration.format).issue(
        payload=payload,
        disclosable=configuration.definition.disclosures,
        signer=key.signer,
        iss=issuer.settings.iss,
        holder_jwk=holder,
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
