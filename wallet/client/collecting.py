"""Claiming an offer: token, nonce, proofs, copies (OpenID4VCI 1.0 sections 6 to 8 and 11).

Every copy gets a key of its own, so that two hospitals cannot tell that they saw one person. What
is *not* here: whether what came is to be believed (``checking``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, PassportError, ServiceError
from healthpassport.fetch import Fetcher, HttpResponse
from healthpassport.keys import SoftwareSigner, generate_signer
from healthpassport.protocols.oid4vci import (
    ATTESTATION,
    CredentialRequest,
    DeferredRequest,
    DeferredResponse,
    IssuerMetadata,
    NotificationEvent,
    NotificationRequest,
    TokenRequest,
    make_key_proof,
    parse_any_credential_response,
    parse_credential_response,
)
from healthpassport.summary import RecordDefinition

from . import hidden
from .access import Access, Caller, Randomness, by_code, failed
from .attesting import Attested, fetch_key_attestation
from .exchange import SUCCESS, error_name, post_form, refusal, understood
from .offers import OpenedOffer, Wanted, proof_types

MAX_NONCE: Final = 1024  # characters
MAX_PIN: Final = 64  # characters
STALE_NONCE: Final = "invalid_nonce"
JWT: Final = "jwt"  # appendix F.1
# What an issuer says for good (sections 8.3.1.2 and 9.3), each with words of its own.
ENDS: Final[Mapping[str, str]] = {
    "credential_request_denied": "wallet.record_denied",
    "invalid_transaction_id": "wallet.record_forgotten",
}


@dataclass(frozen=True, slots=True)
class Collected:
    """All copies of one offered record, unchecked."""

    configuration: str
    format: str
    definition: RecordDefinition
    texts: tuple[str, ...]
    keys: tuple[SoftwareSigner, ...] = field(repr=False)
    notification_id: str | None


@dataclass(frozen=True, slots=True)
class Later:
    """A record that its issuer gives later (section 9); ``keys`` are those that it will name.

    ``interval`` is how many seconds the issuer asks to be left alone.
    """

    configuration: str
    format: str
    definition: RecordDefinition
    keys: tuple[SoftwareSigner, ...] = field(repr=False)
    transaction_id: str = field(repr=False)
    interval: int


class Collector:
    """One claim of one offer; ``access`` is what a sign-in gave for it, if the person signed in.

    ``signer`` is the key that the tokens of another offer are to be bound to; a new one where None.
    """

    def __init__(
        self,
        opened: OpenedOffer,
        *,
        fetcher: Fetcher,
        now: datetime,
        random: Randomness,
        access: Access | None = None,
        attested: Attested | None = None,
        provider: str = "",
        signer: SoftwareSigner | None = None,
    ) -> None:
        self._opened = opened
        self._caller = Caller(signer or generate_signer(), fetcher, now, random, attested, provider)
        self._access = access

    @property
    def server(self) -> str:
        """The identifier of the authorization server that gives access."""
        return self._opened.server.issuer

    @property
    def access(self) -> Access:
        """The access that the offer's code gave; its token and key let the wallet come back."""
        if self._access is None:
            raise ServiceError("wallet.offer_closed")
        return self._access

    def authorise(self, pin: str | None) -> None:
        """Exchange the offer's code and the PIN for an access token (section 6).

        Raises:
            ServiceError: ``wallet.sign_in_needed`` where the offer holds no code,
                ``wallet.pin_needed`` before anything is sent, ``wallet.offer_refused``,
                ``wallet.offer_gone``, ``wallet.issuer_failed``.
        """
        check_pin(self._opened, pin)
        code = self._opened.code
        if code is None:
            raise ServiceError("wallet.sign_in_needed")
        request = TokenRequest.model_validate(
            {"pre-authorized_code": code, "tx_code": pin if self._opened.pin else None}
        )
        self._access = by_code(self._caller, self._opened.server.token_endpoint, request)

    def collect(self, *, copies: int) -> tuple[Collected | Later, ...]:
        """Fetch every offered record in up to ``copies`` copies (section 8), or word of later."""
        count = max(1, min(copies, self._opened.batch_size))
        return tuple(
            collect_record(self.access, self._opened.issuer, name, wanted, copies=count)
            for name, wanted in self._opened.wanted.items()
        )

    def notify(self, collected: Collected, event: NotificationEvent) -> None:
        """Tell the issuer what became of a record (section 11); failing to is no matter."""
        notify(self.access, self._opened.issuer, collected, event)


def collect_record(
    access: Access, issuer: IssuerMetadata, name: str, wanted: Wanted, *, copies: int
) -> Collected | Later:
    """``copies`` copies of the configuration ``name``, each with a new key (section 8).

    Raises:
        ServiceError: ``wallet.issuer_failed``, ``wallet.record_denied``, or what the issuer says
            of the grant.
    """
    keys = tuple(generate_signer() for _ in range(copies))
    response = _asked(access, issuer, name, keys)
    if error_name(response) == STALE_NONCE:  # section 8.3.1.2: another is fetched
        response = _asked(access, issuer, name, keys)
    return _given(response, Later(name, wanted.format, wanted.definition, keys, "", 0))


def _asked(
    access: Access, issuer: IssuerMetadata, name: str, keys: Sequence[SoftwareSigner]
) -> HttpResponse:
    nonce = _nonce(access, issuer)
    proof_type, proofs = _proofs(access, issuer, name, keys, nonce)
    request = _request(access, name, proofs).model_copy(update={"proof_type": proof_type})
    return hidden.ask(access, issuer, issuer.credential_endpoint, request)


def _proofs(
    access: Access,
    issuer: IssuerMetadata,
    name: str,
    keys: Sequence[SoftwareSigner],
    nonce: str | None,
) -> tuple[str, tuple[str, ...]]:
    """Appendix F: one for each key; where somebody must vouch for the keys, one for all of them."""
    configuration, caller = issuer.credential_configurations_supported[name], access.caller

    def proof(key: SoftwareSigner, attestation: str | None = None) -> str:
        return make_key_proof(
            signer=key,
            issuer=issuer.credential_issuer,
            nonce=nonce,
            now=caller.now,
            key_attestation=attestation,
        )

    if not configuration.wants_attested_keys:
        return JWT, tuple(proof(key) for key in keys)
    kind = proof_types(configuration)[-1]  # an attestation alone, where it is taken
    attestation = fetch_key_attestation(
        caller.provider,
        keys=[key.public_key for key in keys],
        nonce=nonce,
        levels=configuration.proof_types_supported[kind].key_attestations_required or {},
        fetcher=caller.fetcher,
    )
    return kind, (attestation if kind == ATTESTATION else proof(keys[0], attestation),)


def ask_again(access: Access, issuer: IssuerMetadata, later: Later) -> Collected | Later:
    """What was put off, or how long it takes yet (section 9).

    Raises:
        ServiceError: ``wallet.record_denied``, ``wallet.record_forgotten`` where the issuer does
            not know of it any more, ``wallet.issuer_failed``, or what it says of the grant.
    """
    url = issuer.deferred_credential_endpoint
    if url is None:
        raise ServiceError("wallet.issuer_failed", "the issuer gives nothing later")
    request = DeferredRequest(transaction_id=later.transaction_id)
    return _given(hidden.ask(access, issuer, url, request), later)


def _given(response: HttpResponse, asked: Later) -> Collected | Later:
    if response.status not in SUCCESS:
        code = ENDS.get(error_name(response))
        raise failed(response) if code is None else refusal(response, code=code)
    found = understood(parse_any_credential_response, response)
    if isinstance(found, DeferredResponse):
        return replace(asked, transaction_id=found.transaction_id, interval=found.seconds)
    texts = tuple(entry.text for entry in found.credentials)
    return Collected(
        asked.configuration,
        asked.format,
        asked.definition,
        texts,
        asked.keys,
        found.notification_id,
    )


def collect_unbound(access: Access, issuer: IssuerMetadata, name: str) -> tuple[str, str | None]:
    """What is bound to no key, such as an emergency card: its text and its notification_id."""
    response = hidden.ask(access, issuer, issuer.credential_endpoint, _request(access, name, ()))
    if response.status not in SUCCESS:
        raise failed(response)
    found = understood(parse_credential_response, response)
    return found.credentials[0].text, found.notification_id


def notify(
    access: Access, issuer: IssuerMetadata, collected: Collected, event: NotificationEvent
) -> None:
    """Tell the issuer what became of a record (section 11); failing to is no matter."""
    notify_of(access, issuer, collected.notification_id, event)


def notify_of(
    access: Access,
    issuer: IssuerMetadata,
    notification_id: str | None,
    event: NotificationEvent,
) -> None:
    """The same by the id that came with it."""
    url = issuer.notification_endpoint
    if url is None or notification_id is None:
        return
    note = NotificationRequest(notification_id=notification_id, event=event)
    try:
        access.post(url, note.wire())
    except PassportError:  # the record is kept already, and the issuer can live without a note
        return


def _request(access: Access, name: str, proofs: tuple[str, ...]) -> CredentialRequest:
    """Section 8.2: by identifier where the token response gave one, else by configuration.

    Of several data sets of one kind (section 6.2) the first alone would read as all that there is.
    """
    found = [
        identifier
        for detail in access.token.authorization_details
        if detail.credential_configuration_id == name
        for identifier in detail.credential_identifiers
    ]
    if len(set(found)) > 1:
        raise ServiceError("wallet.offer_unsupported", f"there are several records for {name}")
    if found:
        return CredentialRequest(credential_identifier=found[0], proofs=proofs)
    return CredentialRequest(credential_configuration_id=name, proofs=proofs)


def _nonce(access: Access, issuer: IssuerMetadata) -> str | None:
    """A fresh c_nonce (section 7); None where the issuer wants none (section 12.2.4)."""
    url = issuer.nonce_endpoint
    if url is None:
        return None
    response = post_form(access.caller.fetcher, url, b"")
    access.caller.fresh.note(url, response)  # section 7.2: a DPoP nonce may come along
    if response.status not in SUCCESS:
        raise refusal(response, code="wallet.issuer_failed")
    try:
        nonce = parse_json_object(response.body).get("c_nonce")
    except EncodingError as error:
        raise ServiceError("wallet.issuer_failed", error.code) from error
    if not isinstance(nonce, str) or not 0 < len(nonce) <= MAX_NONCE:
        raise ServiceError("wallet.issuer_failed", "the issuer gives no usable nonce")
    return nonce


def check_pin(opened: OpenedOffer, pin: str | None) -> None:
    """A PIN of the wrong shape is told before a try is spent on it (section 4.1.1)."""
    wanted = opened.pin
    if wanted is None:
        return
    if not pin:
        raise ServiceError("wallet.pin_needed")
    if len(pin) > MAX_PIN:
        raise ServiceError("wallet.pin_needed", f"it has more than {MAX_PIN} characters")
    if wanted.length is not None and len(pin) != wanted.length:
        raise ServiceError("wallet.pin_needed", f"the PIN has {wanted.length} characters")
    if wanted.input_mode == "numeric" and not (pin.isascii() and pin.isdigit()):
        raise ServiceError("wallet.pin_needed", "the PIN has digits only")
