"""Having an emergency card made: the issuer's request, our answer, its offer, the card.

OpenID4VP 1.0 sections 5.10 and 8, then OpenID4VCI 1.0 sections 6 and 8, at the addresses of
docs/emergency-card.md. The wallet turns to the issuer of its records and believes nobody else.
What is *not* here: what goes on the card, and whether what came is it (``wallet.service.cards``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from healthpassport import cards
from healthpassport.credential import Presentation
from healthpassport.encoding import b64url_encode, dump_json, parse_json_object
from healthpassport.errors import CardError, EncodingError, RequestError, ServiceError
from healthpassport.fetch import Fetcher
from healthpassport.jose import jwe
from healthpassport.keys import generate_signer
from healthpassport.protocols.oid4vci import (
    AuthorizationServerMetadata,
    CredentialOffer,
    IssuerMetadata,
    NotificationEvent,
    TokenRequest,
    parse_offer,
)
from healthpassport.protocols.oid4vp import build_vp_token, encode_response
from healthpassport.requests import VerifiedRequest, verify_issuer_request
from healthpassport.trust.model import TrustView
from schemas.cards import CARD

from .access import Access, Caller, by_code
from .asking import METADATA, NONCE_BYTES, REQUEST_TYPE
from .attesting import Attested
from .collecting import collect_unbound, notify_of
from .exchange import OK, SUCCESS, post_form, post_json, refusal
from .offers import read_issuer

Randomness: TypeAlias = Callable[[int], bytes]
Attest: TypeAlias = Callable[[AuthorizationServerMetadata, str], Attested | None]
REQUEST_PATH: Final = "/cards/request"
STATUS_PATH: Final = "/cards/status"
_NOT_FOUND: Final = 404
# What an issuer of ours says of a card, in its own words for the patient.
KNOWN: Final = (
    "card.too_large",
    "card.not_own",
    "card.not_live",
    "card.disputed",
    "card.not_one_person",
    "card.no_allergies",
    "card.deceased",
)


@dataclass(frozen=True, slots=True)
class MadeCard:
    """A card as it came, unchecked, with the secret that ends it."""

    text: str
    secret: str = field(repr=False)
    access: Access = field(repr=False)
    issuer: IssuerMetadata = field(repr=False)

    def tell(self, *, kept: bool) -> None:
        """Say what became of it; failing to is no matter."""
        event = NotificationEvent.ACCEPTED if kept else NotificationEvent.FAILURE
        notify_of(self.access, self.issuer, self.secret, event)


def ask_issuer(
    iss: str, *, fetcher: Fetcher, trust: TrustView, now: datetime, random: Randomness
) -> VerifiedRequest:
    """The verified request of issuer ``iss`` for its own records.

    Raises:
        CardError: ``card.not_made`` where it makes no cards.
        RequestError, TrustError and others: see ``healthpassport.requests.verify_issuer_request``.
        ServiceError: ``wallet.issuer_failed``.
        FetchError: of the fetcher.
    """
    nonce = b64url_encode(random(NONCE_BYTES))
    form = {"wallet_metadata": dump_json(METADATA).decode(), "wallet_nonce": nonce}
    response = post_form(fetcher, iss + REQUEST_PATH, form, Accept=REQUEST_TYPE)
    if response.status == _NOT_FOUND:
        raise CardError("card.not_made")
    if response.status != OK:
        raise refusal(response, code="wallet.issuer_failed")
    try:
        request_object = response.body.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise RequestError("request.unsigned", "the answer is no signed request") from error
    return verify_issuer_request(
        request_object=request_object, expected_iss=iss, trust=trust, now=now, wallet_nonce=nonce
    )


def answer_issuer(
    presentation: Presentation, *, iss: str, request: VerifiedRequest, fetcher: Fetcher
) -> CredentialOffer:
    """Show ``presentation``; the offer of a card that the issuer answers with.

    Raises:
        CardError: one of ``KNOWN``, as the issuer says it.
        ServiceError: ``wallet.issuer_failed``.
    """
    token = jwe.encrypt(
        build_vp_token(presentation, state=request.state),
        recipient_jwk=request.encryption_jwk,
        encryption=request.encryption,
    )
    response = post_form(fetcher, request.response_uri, encode_response(token))
    if response.status not in SUCCESS:
        failed = refusal(response, code="wallet.issuer_failed", known=KNOWN)
        raise CardError(failed.code) if failed.code in KNOWN else failed
    try:
        offered = parse_json_object(response.body).get("credential_offer")
    except EncodingError as error:
        raise ServiceError("wallet.issuer_failed", error.code) from error
    offer = parse_offer(dump_json(offered))
    if offer.credential_issuer != iss or offer.credential_configuration_ids != (CARD,):
        raise ServiceError("wallet.issuer_failed", "the offer is not of our card")
    return offer


def collect_card(
    offer: CredentialOffer,
    *,
    fetcher: Fetcher,
    now: datetime,
    random: Randomness,
    attest: Attest,
) -> MadeCard:
    """The card of ``offer``.

    ``attest`` gives the word of the wallet's provider, where needed, for the thumbprint of the
    token's key.

    Raises:
        ServiceError: ``wallet.issuer_failed``, ``wallet.offer_gone``, ``wallet.offer_unsupported``.
    """
    issuer, server = read_issuer(offer.credential_issuer, fetcher=fetcher)
    configuration = issuer.credential_configurations_supported.get(CARD)
    if configuration is None or configuration.format != cards.FORMAT:
        raise ServiceError("wallet.offer_unsupported", "the card is not of a known format")
    request = TokenRequest.model_validate({"pre-authorized_code": offer.grants.pre_authorized.code})
    signer = generate_signer()
    attested = attest(server, signer.public_key.thumbprint())
    caller = Caller(signer, fetcher, now, random, attested)
    access = by_code(caller, server.token_endpoint, request)
    text, secret = collect_unbound(access, issuer, CARD)
    if secret is None:
        raise ServiceError("wallet.issuer_failed", "no secret came with the card")
    return MadeCard(text, secret, access, issuer)


def end_card(iss: str, secret: str, status: str, *, fetcher: Fetcher) -> None:
    """Have the card of ``secret`` marked ``withdrawn`` or ``replaced``.

    Raises:
        CardError: ``card.unknown``.
        ServiceError: ``wallet.issuer_failed``.
        FetchError: of the fetcher.
    """
    value = {"notification_id": secret, "status": status}
    response = post_json(fetcher, iss + STATUS_PATH, value)
    if response.status == _NOT_FOUND:
        raise CardError("card.unknown")
    if response.status not in SUCCESS:
        raise refusal(response, code="wallet.issuer_failed")
