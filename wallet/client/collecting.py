"""Claiming an offer: token, nonce, proofs, copies (OpenID4VCI 1.0 sections 6 to 8 and 11).

Every copy gets a key of its own, so that two hospitals cannot tell that they saw one person. What
is *not* here: whether what came is to be believed (``checking``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json, b64url_encode, parse_json_object
from healthpassport.errors import EncodingError, PassportError, ServiceError
from healthpassport.fetch import Fetcher, HttpResponse
from healthpassport.keys import SoftwareSigner, generate_signer
from healthpassport.protocols.oid4vci import (
    CredentialRequest,
    NotificationEvent,
    NotificationRequest,
    TokenRequest,
    TokenResponse,
    make_dpop_proof,
    make_key_proof,
    parse_credential_response,
    parse_token_response,
)
from healthpassport.summary import RecordDefinition

from .exchange import SUCCESS, error_name, post_form, post_json, refusal
from .offers import OpenedOffer, Wanted

JTI_BYTES: Final = 16  # RFC 9449 section 4.2: at least 96 bits
MAX_NONCE: Final = 1024  # characters

Randomness = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Collected:
    """All copies of one offered record, unchecked."""

    configuration: str
    format: str
    definition: RecordDefinition
    texts: tuple[str, ...]
    keys: tuple[SoftwareSigner, ...] = field(repr=False)
    notification_id: str | None


class Collector:
    """One claim of one offer: it holds the access token and the key that the token is bound to."""

    def __init__(
        self, opened: OpenedOffer, *, fetcher: Fetcher, now: datetime, random: Randomness
    ) -> None:
        self._opened = opened
        self._fetcher = fetcher
        self._now = now
        self._random = random
        self._signer = generate_signer()
        self._token: TokenResponse | None = None

    def authorise(self, pin: str | None) -> None:
        """Exchange the offer's code and the PIN for an access token (section 6).

        Raises:
            ServiceError: ``wallet.pin_needed`` before anything is sent, ``wallet.offer_refused``,
                ``wallet.offer_gone``, ``wallet.issuer_failed``.
        """
        check_pin(self._opened, pin)
        grant = self._opened.offer.grants.pre_authorized
        request = TokenRequest.model_validate(
            {"pre-authorized_code": grant.code, "tx_code": pin if grant.tx_code else None}
        )
        url = self._opened.server.token_endpoint

        def send(proof: str) -> HttpResponse:
            return post_form(self._fetcher, url, request.wire(), DPoP=proof)

        response = self._with_proof(url, None, send)
        if response.status not in SUCCESS:
            refused = error_name(response) in {"invalid_grant", "invalid_request"}
            if not refused:
                raise refusal(response, code="wallet.issuer_failed")
            asked = grant.tx_code is not None
            raise refusal(response, code="wallet.offer_refused" if asked else "wallet.offer_gone")
        token = parse_token_response(response.body)
        if token.token_type.lower() != "dpop":  # RFC 9449 section 5
            raise ServiceError("wallet.issuer_failed", "the token is not bound to our key")
        self._token = token

    def collect(self, *, copies: int) -> tuple[Collected, ...]:
        """Fetch every offered record in up to ``copies`` copies (section 8)."""
        count = max(1, min(copies, self._opened.batch_size))
        return tuple(
            self._collect_one(name, wanted, count) for name, wanted in self._opened.wanted.items()
        )

    def collect_unbound(self, name: str) -> tuple[str, str | None]:
        """What is bound to no key, such as an emergency card: its text and its notification_id."""
        request = self._request(name, ())
        response = self._post(self._opened.issuer.credential_endpoint, request.wire())
        if response.status not in SUCCESS:
            raise refusal(response, code="wallet.issuer_failed")
        found = parse_credential_response(response.body)
        return found.credentials[0].text, found.notification_id

    def notify(self, collected: Collected, event: NotificationEvent) -> None:
        """Tell the issuer what became of a record (section 11); failing to is no matter."""
        self.notify_of(collected.notification_id, event)

    def notify_of(self, notification_id: str | None, event: NotificationEvent) -> None:
        """The same by the id that came with it."""
        url = self._opened.issuer.notification_endpoint
        if url is None or notification_id is None:
            return
        note = NotificationRequest(notification_id=notification_id, event=event)
        try:
            self._post(url, note.wire())
        except PassportError:  # the record is kept already, and the issuer can live without a note
            return

    def _collect_one(self, name: str, wanted: Wanted, count: int) -> Collected:
        keys = tuple(generate_signer() for _ in range(count))
        nonce = self._nonce()
        proofs = tuple(
            make_key_proof(
                signer=key,
                issuer=self._opened.issuer.credential_issuer,
                nonce=nonce,
                now=self._now,
            )
            for key in keys
        )
        response = self._post(
            self._opened.issuer.credential_endpoint, self._request(name, proofs).wire()
        )
        if response.status not in SUCCESS:
            raise refusal(response, code="wallet.issuer_failed")
        found = parse_credential_response(response.body)
        texts = tuple(entry.text for entry in found.credentials)
        return Collected(name, wanted.format, wanted.definition, texts, keys, found.notification_id)

    def _request(self, name: str, proofs: tuple[str, ...]) -> CredentialRequest:
        """Section 8.2: by identifier where the token response gave one, else by configuration."""
        granted = self._token.authorization_details if self._token else ()
        for detail in granted:
            if detail.credential_configuration_id == name and detail.credential_identifiers:
                identifier = detail.credential_identifiers[0]
                return CredentialRequest(credential_identifier=identifier, proofs=proofs)
        return CredentialRequest(credential_configuration_id=name, proofs=proofs)

    def _nonce(self) -> str:
        """A fresh c_nonce (section 7)."""
        url = self._opened.issuer.nonce_endpoint
        if url is None:
            raise ServiceError("wallet.offer_unsupported", "the issuer gives no nonce")
        response = post_form(self._fetcher, url, b"")
        if response.status not in SUCCESS:
            raise refusal(response, code="wallet.issuer_failed")
        try:
            nonce = parse_json_object(response.body).get("c_nonce")
        except EncodingError as error:
            raise ServiceError("wallet.issuer_failed", error.code) from error
        if not isinstance(nonce, str) or not 0 < len(nonce) <= MAX_NONCE:
            raise ServiceError("wallet.issuer_failed", "the issuer gives no usable nonce")
        return nonce

    def _post(self, url: str, value: dict[str, Json]) -> HttpResponse:
        token = self._token
        if token is None:
            raise ServiceError("wallet.offer_closed")
        access = token.access_token

        def send(proof: str) -> HttpResponse:
            bearer = {"Authorization": f"DPoP {access}", "DPoP": proof}
            return post_json(self._fetcher, url, value, **bearer)

        return self._with_proof(url, access, send)

    def _with_proof(
        self, url: str, access_token: str | None, send: Callable[[str], HttpResponse]
    ) -> HttpResponse:
        """``send`` with a fresh proof; a server's own nonce (RFC 9449 section 8) is not used."""
        return send(
            make_dpop_proof(
                signer=self._signer,
                method="POST",
                uri=url,
                jti=b64url_encode(self._random(JTI_BYTES)),
                now=self._now,
                access_token=access_token,
            )
        )


def check_pin(opened: OpenedOffer, pin: str | None) -> None:
    """A PIN of the wrong shape is told before a try is spent on it (section 4.1.1)."""
    wanted = opened.pin
    if wanted is None:
        return
    if not pin:
        raise ServiceError("wallet.pin_needed")
    if wanted.length is not None and len(pin) != wanted.length:
        raise ServiceError("wallet.pin_needed", f"the PIN has {wanted.length} characters")
    if wanted.input_mode == "numeric" and not (pin.isascii() and pin.isdigit()):
        raise ServiceError("wallet.pin_needed", "the PIN has digits only")
