"""Signing an emergency card: a status entry, an issuance that names nobody, and the card.

A card is bound to no key (docs/emergency-card.md): its request takes no proof. The secret that
comes with it is kept as a hash; whoever holds it can withdraw the card, and nobody else but staff.
What is *not* here: what may stand on a card (``cards``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from healthpassport import cards
from healthpassport.audit import Actor
from healthpassport.cards import CardClaims, CardContent
from healthpassport.cards.content import read_claims, write_claims
from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.errors import CardError, ProtocolError
from healthpassport.formats.coarse_times import whole_days
from healthpassport.protocols.oid4vci import CredentialRequest, CredentialResponse
from healthpassport.protocols.oid4vci.credentials import IssuedCredential
from healthpassport.status.entries import REPLACED, WITHDRAWN
from issuer.settings import SD_JWT_VC
from issuer.store import Issuance, issuances, offers
from issuer.store.again import tried_again
from schemas.cards import CARD

from .answers import again, keep, request_hash
from .audit_issued import tell_issued
from .context import IssuerContext, digest
from .nonces import next_nonce
from .places import Reserved, reserving
from .sealing import unseal
from .statuses import Change, change_status
from .token_lists import list_uri
from .tokens import Access

ID_LENGTH: Final = 22  # characters of base64url: 132 random bits
_NOBODY: Final = "https://issuer.invalid"
_NEVER: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MadeCard:
    """A signed card: its text, its issuance, and the secret that withdraws it, told once."""

    text: str
    issuance: Issuance
    secret: str


def wrapped(content: CardContent) -> bytes:
    """``content`` as bytes to be sealed until it is signed."""
    return b64url_encode(
        write_claims(CardClaims(_NOBODY, _NEVER, _NEVER, _NOBODY, 0, content))
    ).encode()


def unwrapped(data: bytes) -> CardContent:
    """What ``wrapped`` was given."""
    return read_claims(b64url_decode(data.decode())).content


@tried_again
def issue_card(
    issuer: IssuerContext, *, access: Access, request: CredentialRequest
) -> CredentialResponse:
    """The card that waits in the offer of ``access``.

    Raises:
        ProtocolError: ``oid4vci.invalid_credential_request``,
            ``oid4vci.unknown_credential_identifier``; ``oid4vci.invalid_proof`` for any proof.
    """
    if (request.credential_identifier is not None) is not access.offer.by_identifier:
        raise ProtocolError("oid4vci.unknown_credential_identifier")
    if request.proofs:
        raise ProtocolError("oid4vci.invalid_proof", "a card is bound to no key")
    asked = request_hash(request)
    with reserving(issuer, SD_JWT_VC, copies=1) as place, issuer.store.writing() as tx:
        offers.stand_still(tx, access.offer)
        done = issuances.of_offer(tx, access.offer.id, CARD)
        if done is not None:
            return again(tx, access, done, asked)
        sealed = offers.sealed_record(tx, access.offer.id, CARD)
        if sealed is None:
            raise ProtocolError("oid4vci.invalid_credential_request", "the offer is closed")
        content = unwrapped(unseal(sealed, secret=access.token, purpose=CARD))
        made = sign_card(
            issuer,
            tx,
            offer=access.offer.id,
            client=access.offer.client,
            content=content,
            who=issuer.audit.wallet,
            place=place,
        )
        response = CredentialResponse(
            credentials=(IssuedCredential(credential=made.text),),
            notification_id=made.secret,
            c_nonce=next_nonce(issuer),
        )
        keep(issuer, tx, access, made.issuance, request=asked, response=response)
        offers.erase_record(tx, access.offer.id, CARD)
    issuer.store.wipe()
    return response


def sign_card(
    issuer: IssuerContext,
    tx: Connection,
    *,
    offer: str,
    client: str,
    content: CardContent,
    place: Reserved,
    who: Actor,
) -> MadeCard:
    """The signed card of ``content``, with its issuance and status entry in transaction ``tx``.

    ``who`` has it made, for the audit trail.

    Raises:
        CardError: ``card.too_large``, ``card.key``.
    """
    times = whole_days(
        issuer.clock(), days=issuer.settings.validity(CARD), not_before=issuer.certified_from
    )
    secret = issuer.secret()
    issuance = Issuance(
        id=issuer.secret()[:ID_LENGTH],
        offer=offer,
        client=client,
        record_type=CARD,
        copies=1,
        status=0,
        issued_at=issuer.now(),
        expires_at=int(times.expires_at.timestamp()),
        notification_hash=digest(secret),
    )
    issuances.add(tx, issuance)
    tell_issued(issuer, tx, issuance, who=who)
    (((number, index),),) = place.give(tx, issuance.id, copies=1)
    claims = CardClaims(
        issuer.settings.iss,
        times.issued_at.replace(microsecond=0),
        times.expires_at,
        list_uri(issuer, number),
        index,
        content,
    )
    return MadeCard(cards.issue(claims, signer=issuer.signer), issuance, secret)


def change_card(issuer: IssuerContext, *, secret: str, change: Change) -> None:
    """Withdraw a card, or mark it replaced, for whoever holds its secret; twice is once.

    Raises:
        CardError: ``card.unknown`` for a secret of no card, or another change.
    """
    with issuer.store.reading() as tx:
        found = issuances.by_notification(tx, digest(secret))
    if found is None or found.record_type != CARD or change not in _BY_HOLDER:
        raise CardError("card.unknown")
    if found.status == WITHDRAWN or (found.status == REPLACED and change is Change.REPLACE):
        return
    change_status(
        issuer, issuance=found.id, change=change, who=issuer.audit.wallet, reason="holder"
    )


_BY_HOLDER: Final = frozenset({Change.WITHDRAW, Change.REPLACE})
