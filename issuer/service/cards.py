"""Emergency cards: the patient shows this issuer its own records, and is offered a card of them.

The issuer asks by OpenID4VP for the purpose ``emergency_card`` (docs/adr/0037), checks what is
shown, and answers with an offer that the same wallet collects at once. Nothing is kept between the
steps but a used nonce: the key for the answer is made from the nonce again. ``make_card`` is the
way for a card without a wallet. What is *not* here: HTTP, and the signing (``card_copies``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection

from healthpassport import cards
from healthpassport.audit import Actor
from healthpassport.cards import CardChoices, CardContent
from healthpassport.credential import Challenge, Presentation
from healthpassport.encoding import Json, b64_encode, b64url_encode
from healthpassport.errors import CardError, JoseError, ProtocolError
from healthpassport.jose import jwe, jws
from healthpassport.jose.jwe import EncryptionKey
from healthpassport.keys.x509 import x509_hash
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.oid4vci import CredentialOffer, make_offer
from healthpassport.protocols.oid4vp import (
    REQUEST_OBJECT_TYPE,
    EncryptedResponse,
    VpResponse,
    build_request,
    parse_form,
    parse_payload,
)
from healthpassport.summary import PatientSummary
from issuer.settings import SD_JWT_VC
from issuer.store import Offer, OfferState
from issuer.store import offers as rows
from issuer.store.again import tried_again
from schemas.cards import CARD
from schemas.queries import card_template, request_query

from . import nonces
from .card_copies import ID_LENGTH, MadeCard, sign_card, wrapped
from .configurations import can_make_cards
from .context import IssuerContext, digest, utc
from .own_records import own_records
from .people import nhs_number
from .places import reserving
from .sealing import derived, seal
from .token_lists import list_uri
from .tokens import NO_PIN

REQUEST_PATH: Final = "/cards/request"
ANSWER_PATH: Final = "/cards/answer"
_CODE: Final = "pre-authorised code"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_SCALAR_BYTES: Final = 48  # FIPS 186-5 appendix A.2.1: 64 bits more than the order has
_COORDINATE: Final = 32


@dataclass(frozen=True, slots=True)
class CardOffer:
    """What a wallet is answered: the offer of a card, good for some minutes."""

    offer: CredentialOffer


def card_request(issuer: IssuerContext, *, wallet_nonce: str | None = None) -> str:
    """A signed request for this issuer's own records; it writes nothing.

    Raises:
        CardError: ``card.not_made`` where this issuer's records or key cannot make cards.
    """
    _refuse_unable(issuer)
    nonce = nonces.new_nonce(issuer)
    _, public = _answer_key(issuer, nonce)
    expires_at = issuer.now() + nonces.LIFETIME
    claims = build_request(
        client_id=_client_id(issuer),
        response_uri=issuer.url(ANSWER_PATH),
        nonce=nonce,
        state=nonce,
        query=_asked(),
        encryption_jwk=public,
        registration=None,
        issued_at=utc(issuer.now()),
        expires_at=utc(expires_at),
        wallet_nonce=wallet_nonce,
    )
    header: dict[str, Json] = {
        "alg": issuer.signer.algorithm,
        "typ": REQUEST_OBJECT_TYPE,
        "x5c": [b64_encode(der) for der in issuer.x5c],
    }
    return jws.sign(header=header, payload=claims, signer=issuer.signer)


def card_answer(issuer: IssuerContext, body: bytes) -> CardOffer | None:
    """The offer of a card of what the form ``body`` shows; None where the wallet declined.

    Raises:
        ProtocolError: ``vp.format``, ``oid4vci.invalid_nonce`` for a request that is too old or was
            answered, or where it is no answer to the request.
        JoseError: ``jwe.decrypt``.
        CardError: ``card.not_own``, ``card.not_live``, ``card.not_one_person``, and what makes
            no card.
    """
    with issuer.audit.refusals("card.refused", who=issuer.audit.wallet):
        return _answered(issuer, body)


def _answered(issuer: IssuerContext, body: bytes) -> CardOffer | None:
    _refuse_unable(issuer)
    form = parse_form(body)
    if not isinstance(form, EncryptedResponse):
        return None
    nonce = jwe.read_header(form.jwe).get("kid")
    if not isinstance(nonce, str):
        raise JoseError("jwe.decrypt")
    nonces.check(issuer, nonce)
    key, _ = _answer_key(issuer, nonce)
    query = _query()
    answer = parse_payload(jwe.decrypt(form.jwe, private_key=key), query=query)
    if not isinstance(answer, VpResponse):
        return None
    if answer.state != nonce:
        raise ProtocolError("vp.format", "the state is not that of the request")
    challenge = Challenge(nonce, _client_id(issuer))
    with issuer.store.writing() as tx:
        nonces.spend(issuer, tx, nonce)
        content, client = _content(issuer, tx, answer.presentation, challenge, query)
        return CardOffer(_offer(issuer, tx, content, client=client))


@tried_again
def make_card(
    issuer: IssuerContext,
    *,
    client: str,
    summary: PatientSummary,
    choices: CardChoices,
    who: Actor | None = None,
) -> MadeCard:
    """A card made by staff (``who``), for somebody without a wallet.

    Raises:
        CardError: ``card.not_made``, ``card.too_large``, ``card.no_allergies``, ``card.deceased``.
    """
    _refuse_unable(issuer)
    content = cards.build(summary.records, choices)
    with reserving(issuer, SD_JWT_VC, copies=1) as place, issuer.store.writing() as tx:
        offer = replace(_empty_offer(issuer, issuer.secret(), client), state=OfferState.DONE)
        rows.add(tx, offer, {})
        told = who or issuer.audit.by(client)
        made = sign_card(
            issuer,
            tx,
            offer=offer.id,
            client=client,
            content=content,
            who=told,
            place=place,
        )
        number = nhs_number(summary.records)
        if number:
            issuer.audit.write(
                "patient.card_made", who=told, tx=tx, subject=number, issuance=made.issuance.id
            )
    return made


def _refuse_unable(issuer: IssuerContext) -> None:
    if not can_make_cards(issuer):
        raise CardError("card.not_made")


def _content(
    issuer: IssuerContext,
    tx: Connection,
    presentation: Presentation,
    challenge: Challenge,
    query: Query,
) -> tuple[CardContent, str]:
    """What the card will say, and the client whose staff can withdraw it."""
    found = own_records(issuer, tx, presentation=presentation, challenge=challenge, query=query)
    records = [record for record, _ in found]
    content = cards.build(records, CardChoices(details=frozenset(cards.DETAILS)))
    space = cards.room(content, iss=issuer.settings.iss, status_uri=list_uri(issuer, 1))
    if not space.fits:
        raise CardError("card.too_large", f"{space.over} bytes too many")
    return content, found[0][1].client


def _offer(
    issuer: IssuerContext, tx: Connection, content: CardContent, *, client: str
) -> CredentialOffer:
    address = issuer.secret()
    code = derived(address, _CODE)
    sealed = seal(wrapped(content), secret=code, purpose=CARD, random=issuer.random)
    rows.add(tx, _empty_offer(issuer, address, client), {CARD: sealed})
    return make_offer(
        issuer=issuer.settings.iss, configuration_ids=(CARD,), code=code, tx_code=None
    )


def _empty_offer(issuer: IssuerContext, address: str, client: str) -> Offer:
    """Without a PIN: the offer goes to the wallet that has just shown the records."""
    return Offer(
        id=issuer.secret()[:ID_LENGTH],
        address_hash=digest(address),
        code_hash=digest(derived(address, _CODE)),
        pin_mac=NO_PIN,
        client=client,
        state=OfferState.OPEN,
        tries=0,
        created_at=issuer.now(),
        expires_at=issuer.now() + issuer.settings.offer_minutes * 60,
    )


def _client_id(issuer: IssuerContext) -> str:
    return f"x509_hash:{x509_hash(issuer.x5c[0])}"


@cache
def _query() -> Query:
    return Query.parse(_asked())


def _asked() -> dict[str, Json]:
    return request_query(card_template())


def _answer_key(issuer: IssuerContext, nonce: str) -> tuple[EncryptionKey, dict[str, Json]]:
    """The key pair of one request, the same each time for one nonce (FIPS 186-5 appendix A.2.1)."""
    info = f"card answer {nonce}".encode()
    hkdf = HKDF(algorithm=SHA256(), length=_SCALAR_BYTES, salt=None, info=info)
    scalar = int.from_bytes(hkdf.derive(issuer.nonce_key), "big") % (_ORDER - 1) + 1
    point = ec.derive_private_key(scalar, ec.SECP256R1()).public_key().public_numbers()
    public: dict[str, Json] = {
        "kty": "EC",
        "crv": jwe.CURVE,
        "x": _number(point.x),
        "y": _number(point.y),
        "kid": nonce,
        "use": "enc",
        "alg": jwe.ALGORITHM,
    }
    return EncryptionKey(nonce, {**public, "d": _number(scalar)}), public


def _number(value: int) -> str:
    return b64url_encode(value.to_bytes(_COORDINATE, "big"))
