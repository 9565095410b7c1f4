"""Tokens: a pre-authorised code and its PIN become an access token bound to the wallet's key.

OpenID4VCI 1.0 section 6, RFC 9449. Every guess at the PIN is counted in the transaction that judges
it, so that guesses side by side count as well.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import TokenRequest, TokenResponse
from healthpassport.protocols.oid4vci.tokens import GrantedDetail
from issuer.store import Offer, OfferState
from issuer.store import offers as rows
from issuer.store.again import tried_again

from .audit import Told
from .context import IssuerContext, digest
from .dpop import Unspent, accepted_proof, checked_proof, spend_now
from .grants import DPOP, TOKEN_PATH, open_grant
from .sealing import mac, seal, unseal
from .sources import SOURCE
from .status_journal import bring_in_here, note_use

MAX_PIN_TRIES: Final = 5  # security.md: five tries, then the offer burns
NO_PIN: Final = ""  # of an offer that went straight to the wallet that asked for it
BEARER: Final = "Bearer"
_LONGEST_TOKEN: Final = 256  # characters; ours have 43


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What an offer is redeemed with.

    ``secret`` unseals it, ``named`` are the configurations that the wallet named one by one, and
    ``thumbprint`` is of the wallet's key, None for a bearer token.
    """

    secret: str
    client_id: str | None
    named: tuple[str, ...]
    thumbprint: str | None


@dataclass(frozen=True, slots=True)
class Access:
    """An accepted access token, the secret that unseals the offer that it opens.

    ``held`` are the configurations whose records the offer held at that moment, collected or not.
    ``proof`` came along and is to be used up, None where there was none or it is used up already.
    """

    token: str
    offer: Offer
    held: tuple[str, ...]
    proof: Unspent | None = None


def redeem(issuer: IssuerContext, request: TokenRequest, *, proof: str | None) -> TokenResponse:
    """The access token for ``request``; ``proof`` is its DPoP header.

    Raises:
        ProtocolError: ``oid4vci.invalid_grant``, ``oid4vci.invalid_request``,
            ``oid4vci.invalid_dpop_proof``, ``oid4vci.invalid_target``.
    """
    with issuer.audit.refusals("token.refused", who=issuer.audit.wallet) as told:
        return _redeem(issuer, request, proof, told)


def _redeem(
    issuer: IssuerContext, request: TokenRequest, proof: str | None, told: Told
) -> TokenResponse:
    _check_parameters(issuer, request)
    thumbprint = None
    if proof is not None:
        thumbprint = accepted_proof(issuer, proof, path=TOKEN_PATH).thumbprint
    elif issuer.settings.dpop_required:
        raise ProtocolError("oid4vci.invalid_dpop_proof", "the DPoP header is missing")
    response = _redeemed(issuer, request, thumbprint, told)
    if response is None:
        # Raised after the transaction, which has counted the try.
        raise ProtocolError("oid4vci.invalid_grant")
    note_use(issuer, told.subject)
    return response


@tried_again
def _redeemed(
    issuer: IssuerContext, request: TokenRequest, thumbprint: str | None, told: Told
) -> TokenResponse | None:
    with issuer.store.writing() as tx:
        bring_in_here(tx)  # a code that was used before the database was set back
        offer = _judge_pin(issuer, tx, request, told)
        named = tuple(d.credential_configuration_id for d in request.authorization_details)
        redeemed = Redeemed(request.code, request.client_id, named, thumbprint)
        return None if offer is None else give_token(issuer, tx, offer, redeemed)


def authenticate(
    issuer: IssuerContext, *, authorization: str, proof: str | None, method: str, path: str
) -> Access:
    """The access that the ``Authorization`` and ``DPoP`` headers of a request give.

    Raises:
        ProtocolError: ``oid4vci.invalid_token``, ``oid4vci.invalid_dpop_proof``.
    """
    with issuer.audit.refusals("access.refused", who=issuer.audit.wallet) as told:
        access = _opened(issuer, authorization, told)
        proven = _proven(issuer, access, authorization, proof=proof, method=method, path=path)
        if proven.proof is not None:
            spend_now(issuer, proven.proof)
        return proven


@contextmanager
def accessing(
    issuer: IssuerContext, *, authorization: str, proof: str | None, method: str, path: str
) -> Iterator[Access]:
    """As ``authenticate``, for a block that uses the proof up with what it writes.

    Before it writes anything it must have used it up, or do so in the same transaction. Where it
    writes nothing, such as for a refusal, the proof is used up at its end; a proof that was used
    before is what is told then, whatever else was wrong.
    """
    refusals = partial(issuer.audit.refusals, "access.refused", who=issuer.audit.wallet)
    with refusals() as told:
        access = _opened(issuer, authorization, told)
        access = _proven(issuer, access, authorization, proof=proof, method=method, path=path)
    try:
        yield access
    finally:
        if access.proof is not None:
            with refusals(subject=access.offer.id):
                spend_now(issuer, access.proof)


def _opened(issuer: IssuerContext, authorization: str, told: Told) -> Access:
    """What the access token opens; whether its key is proven is not looked at."""
    _, _, token = authorization.partition(" ")
    if not token or len(token) > _LONGEST_TOKEN or not token.isascii():
        raise ProtocolError("oid4vci.invalid_token")
    with issuer.store.reading() as tx:
        opened = rows.opened_by(tx, digest(token))
    offer, held = opened or (None, ())
    told.subject = "" if offer is None else offer.id
    if offer is None or (offer.token_expires_at or 0) <= issuer.now():
        raise ProtocolError("oid4vci.invalid_token")
    return Access(token, offer, held)


def _proven(
    issuer: IssuerContext,
    access: Access,
    authorization: str,
    *,
    proof: str | None,
    method: str,
    path: str,
) -> Access:
    """``access`` with the checked proof of the key that its token is bound to."""
    scheme = authorization.partition(" ")[0].lower()
    thumbprint = access.offer.key_thumbprint
    if thumbprint is None:
        if scheme != BEARER.lower():
            raise ProtocolError("oid4vci.invalid_token", "this token is a bearer token")
        return access
    if scheme != DPOP.lower():  # RFC 9449 section 7.2: no downgrade to bearer
        raise ProtocolError("oid4vci.invalid_token", "this token is bound to a key: use DPoP")
    checked = checked_proof(
        issuer,
        proof,
        path=path,
        method=method,
        expected_access_token=access.token,
        expected_thumbprint=thumbprint,
    )
    return replace(access, proof=Unspent(checked))


def _check_parameters(issuer: IssuerContext, request: TokenRequest) -> None:
    # Section 5.1.2: scope values that are unknown are ignored; the offer says what is granted.
    if request.resource not in (None, issuer.settings.iss):  # RFC 8707 section 2
        raise ProtocolError("oid4vci.invalid_target")


def _judge_pin(
    issuer: IssuerContext, tx: Connection, request: TokenRequest, told: Told
) -> Offer | None:
    """The offer that code and PIN open; a wrong PIN is counted and the fifth burns the offer."""
    offer = rows.by_code(tx, digest(request.code))
    told.subject, told.written = "" if offer is None else offer.id, False
    if offer is None or offer.state is not OfferState.OPEN or offer.expires_at <= issuer.now():
        return None
    if offer.pin_mac == NO_PIN:
        if request.tx_code is not None:  # section 6.3
            raise ProtocolError("oid4vci.invalid_request", "no tx_code is expected")
        return offer
    if request.tx_code is None:  # section 6.3
        raise ProtocolError("oid4vci.invalid_request", "tx_code, the PIN, is missing")
    if hmac.compare_digest(mac(request.code, request.tx_code), offer.pin_mac):
        return offer
    tries = offer.tries + 1
    rows.change(tx, offer.id, tries=tries)
    burned = tries >= MAX_PIN_TRIES
    if burned:
        rows.close(tx, offer.id, OfferState.BURNED)
    event = "offer.burned" if burned else "offer.pin_refused"
    issuer.audit.write(event, who=issuer.audit.wallet, tx=tx, subject=offer.id, tries=tries)
    told.written = True
    return None


def give_token(
    issuer: IssuerContext, tx: Connection, offer: Offer, redeemed: Redeemed
) -> TokenResponse:
    """Redeem ``offer``: single use, its records sealed anew under the token.

    Section 6.1.1: a wallet may ask for less than was offered; the rest is forgotten.

    Raises:
        ProtocolError: ``oid4vci.invalid_request`` where the wallet names what the offer lacks.
    """
    held = rows.sealed_records(tx, offer.id)
    asked = tuple(dict.fromkeys(redeemed.named))
    if not set(asked) <= held.keys():
        raise ProtocolError("oid4vci.invalid_authorization_details", "they exceed the offer")
    if asked:
        rows.keep_records(tx, offer.id, asked)
        held = {name: held[name] for name in asked}
    token = issuer.secret()
    anew = {
        name: seal(
            unseal(sealed, secret=redeemed.secret, purpose=name),
            secret=token,
            purpose=name,
            random=issuer.random,
        )
        for name, sealed in held.items()
    }
    rows.reseal(tx, offer.id, anew)
    grant, refresh_token = _opened_grant(issuer, tx, offer, redeemed)
    seconds = issuer.settings.token_minutes * 60
    rows.change(
        tx,
        offer.id,
        state=OfferState.REDEEMED.value,
        token_hash=digest(token),
        token_expires_at=issuer.now() + seconds,
        key_thumbprint=redeemed.thumbprint,
        client_id=redeemed.client_id,
        by_identifier=bool(asked),
        grant=grant,
        sealed_source=None,
    )
    facts = {} if grant is None else {"grant": grant}
    issuer.audit.write("offer.collected", who=issuer.audit.wallet, tx=tx, subject=offer.id, **facts)
    details = tuple(
        GrantedDetail(credential_configuration_id=name, credential_identifiers=(name,))
        for name in asked
    )
    return TokenResponse(
        access_token=token,
        token_type=BEARER if redeemed.thumbprint is None else DPOP,
        expires_in=seconds,
        refresh_token=refresh_token,
        authorization_details=details,
    )


def _opened_grant(
    issuer: IssuerContext, tx: Connection, offer: Offer, redeemed: Redeemed
) -> tuple[str | None, str | None]:
    """The grant of ``offer`` and its refresh token; only a token that is bound to a key gets one.

    RFC 9700 section 2.2.2: those of public clients are bound to a key, or turn; ours do both.
    """
    key = redeemed.thumbprint
    if key is None or offer.pin_mac == NO_PIN:  # a card is not refreshed: a new one is made
        return None, None
    reference = None
    if offer.sealed_source is not None:
        reference = unseal(offer.sealed_source, secret=redeemed.secret, purpose=SOURCE)
    named = replace(offer, client_id=redeemed.client_id)
    return open_grant(issuer, tx, named, thumbprint=key, reference=reference)
