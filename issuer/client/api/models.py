"""What the API for record systems sends and takes, as its server writes and its client reads it.

Names are camelCase on the wire. No answer but that of a new card holds a word of a record. What is
*not* here: bundles, which are FHIR and stay as they are.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Told(BaseModel):
    """An answer; members of a newer server are passed over."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True
    )


class Asked(BaseModel):
    """A request; a member that nobody knows is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True
    )


class Change(StrEnum):
    """What can be done to what was issued."""

    WITHDRAW = "withdraw"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REPLACE = "replace"


class Reason(StrEnum):
    """Why it is done: a closed list, so that nobody writes about a patient here."""

    ERROR = "error"
    PATIENT_ASKED = "patient_asked"
    LEFT = "left"
    DIED = "died"
    LOST = "lost"
    NEWER = "newer"
    OTHER = "other"


class OfferStanding(StrEnum):
    """How an offer stands; a newer server may say more."""

    OPEN = "open"
    SIGNED_IN = "signed_in"
    COLLECTING = "collecting"
    PUT_OFF = "put_off"
    COLLECTED = "collected"
    NOT_COLLECTED = "not_collected"
    EXPIRED = "expired"
    BURNED = "burned"
    CANCELLED = "cancelled"


class PersonAsked(Asked):
    """Whom to look for in a source: an NHS number, or a family name with a birth date."""

    nhs_number: Annotated[str, Field(max_length=20)] = ""
    family_name: Annotated[str, Field(max_length=200)] = ""
    given_names: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    birth_date: Annotated[str, Field(max_length=10)] = ""


class WhoseAsked(Asked):
    """Whose records: one of ``bundle``, ``source`` and ``person``."""

    bundle: dict[str, Any] | None = None
    source: Annotated[str, Field(max_length=2_000)] | None = None
    source_kind: Annotated[str, Field(max_length=40)] | None = None
    person: PersonAsked | None = None
    record_types: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    subject: Annotated[str, Field(max_length=200)] | None = None


class OfferAsked(WhoseAsked):
    """Whose records to offer: one of ``bundle``, ``source`` and ``person``.

    With ``sign_in`` the patient signs in for them in place of a PIN.
    """

    sign_in: bool = False


class QrCode(Told):
    """The link as pictures, in data URIs."""

    svg: str
    png: str


class OfferMade(Told):
    """A new offer, told once: ``pin`` is kept nowhere, and None where the patient signs in.

    Of ``warnings`` there is one: ``number_not_verified``, where the source does not call the NHS
    number verified; compare who it is before you give the PIN.
    """

    offer_id: str
    record_types: tuple[str, ...]
    expires_at: datetime
    credential_offer: Annotated[dict[str, Any], Field(alias="credential_offer")]
    credential_offer_uri: Annotated[str, Field(alias="credential_offer_uri")]
    link: str
    pin: Annotated[str | None, Field(repr=False)] = None
    qr: QrCode
    warnings: tuple[str, ...] = ()


class Issued(Told):
    """One record that was issued, in ``copies`` copies; it names no person."""

    id: str
    offer_id: str
    record_type: str
    copies: int
    status: str
    issued_at: datetime
    expires_at: datetime
    wallet: str | None = None


class IssuedPage(Told):
    """Some of what was issued; ``next`` is the cursor of what is behind it."""

    issuances: tuple[Issued, ...]
    next: str | None = None


class OfferSeen(Told):
    """How far an offer is; ``state`` is one of ``OfferStanding``."""

    id: str
    state: Annotated[str, Field(json_schema_extra={"enum": [one.value for one in OfferStanding]})]
    record_types: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    issuances: tuple[Issued, ...]


class OfferPage(Told):
    """Some offers; ``next`` is the cursor of what is behind them."""

    offers: tuple[OfferSeen, ...]
    next: str | None = None


class OffersAsked(Asked):
    """Offers of this record system."""

    offers: Annotated[
        tuple[Annotated[str, Field(max_length=64)], ...], Field(min_length=1, max_length=500)
    ]


class OfferRefused(Told):
    """An offer that was not cancelled, and the code of why."""

    id: str
    code: str


class OffersCancelled(Told):
    """Which offers are cancelled now, and which cannot be."""

    cancelled: tuple[str, ...]
    refused: tuple[OfferRefused, ...]


class Reminder(Told):
    """Records that run out soon and were not fetched anew, by the offer that they came from."""

    offer_id: str
    expires_at: datetime
    noted_at: datetime


class Reminders(Told):
    """Some reminders, the soonest first; ``next`` is the cursor of what is behind them."""

    reminders: tuple[Reminder, ...]
    next: str | None = None


class StatusAsked(Asked):
    """What to do to what was issued, and why."""

    change: Change
    reason: Reason | None = None


class ReportSeen(Told):
    """What a patient says is wrong, without the words; no person is named."""

    id: str
    record_type: str
    issuance: str | None = None
    state: str
    outcome: str | None = None
    made_at: datetime
    due_by: datetime


class ReportSealed(ReportSeen):
    """With the words, sealed for the practice's own key; None once it is answered."""

    sealed: str | None = None


class Reports(Told):
    """Reports, the soonest due first."""

    reports: tuple[ReportSeen, ...]


class ReportAnswer(Asked):
    """The practice's answer."""

    outcome: Annotated[str, Field(pattern="^(corrected|not_changed)$")]
    words: Annotated[str, Field(min_length=1, max_length=2_000)]


class CardAsked(WhoseAsked):
    """Whose emergency card to make; ``details`` stand on it only where they are named here."""

    details: Annotated[tuple[str, ...], Field(max_length=3)] = ()


class CardMade(Told):
    """A card for somebody without a wallet, told once: what stands in ``card`` is the record.

    ``warnings`` are those of ``OfferMade``.
    """

    issuance: Issued
    card: Annotated[str, Field(repr=False)]
    secret: Annotated[str, Field(repr=False)]
    warnings: tuple[str, ...] = ()


class ReceiverAsked(Asked):
    """Where to be told of events; none named means all."""

    url: Annotated[str, Field(max_length=1_024)]
    events: Annotated[tuple[str, ...], Field(max_length=20)] = ()


class ReceiverSeen(Told):
    """One receiver, without its secret."""

    id: str
    url: str
    events: tuple[str, ...]
    created_at: datetime


class ReceiverMade(ReceiverSeen):
    """With its secret, told once."""

    secret: Annotated[str, Field(repr=False)]


class Receivers(Told):
    """The receivers of this record system."""

    webhooks: tuple[ReceiverSeen, ...]


class SecretAsked(Asked):
    """How many days (else 7) the secrets before sign too; 0 for one that got out."""

    overlap_days: Annotated[int, Field(ge=0, le=90, strict=True)] = 7


class SecretMade(Told):
    """A new secret, told once."""

    secret: Annotated[str, Field(repr=False)]


class MessageSeen(Told):
    """A message and how far it is; ``problem`` is the code of its last failure."""

    id: str
    webhook: str
    state: str
    attempts: int
    since: datetime
    due_at: datetime
    problem: str | None = None


class Messages(Told):
    """The latest messages, newest first."""

    messages: tuple[MessageSeen, ...]


class SourceSeen(Told):
    """One source of notes; ``problem`` is the code of why it cannot be read now."""

    kind: str
    ready: bool
    problem: str | None = None


class Sources(Told):
    """Where this issuer reads notes itself."""

    sources: tuple[SourceSeen, ...]


class Token(Told):
    """An access token (RFC 6749 section 5.1)."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=None)

    access_token: Annotated[str, Field(repr=False)]
    token_type: str
    expires_in: int
    scope: str


class OAuthRefusal(Told):
    """A refusal of the token endpoint (RFC 6749 section 5.2) with our code and next step."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=None)

    error: str
    error_description: str
    code: str
    help: str


class Problem(Told):
    """A refusal (RFC 9457) with its code, whose side it is on, and the next step."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    party: str
    help: str


class AuditHead(Told):
    """The end of the audit trail: its last entry, and ``head``, a JWS of the issuer's over it.

    ``base`` is a JWS that stands for entries that were let go, None where all are there.
    """

    trail: str
    seq: int
    hash: str
    head: str
    base: str | None = None


class AuditEntry(Told):
    """One entry: ``entry`` is canonical JSON (RFC 8785), ``hash`` its SHA-256 in base64url."""

    seq: int
    entry: str
    hash: str


class AuditPage(Told):
    """Some entries, in order; ``next`` begins the page behind them."""

    entries: tuple[AuditEntry, ...]
    next: int | None = None
