"""Offers: a patient's records, ready to be collected once, with a link and a PIN.

Two secrets open an offer and travel apart: the link's address and the PIN. The pre-authorised code
is made from the address, so that the address gives the offer and the database needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from healthpassport.audit import Actor
from healthpassport.encoding import dump_json
from healthpassport.errors import ServiceError, SourceError
from healthpassport.protocols.oid4vci import (
    CredentialOffer,
    SignInOffer,
    TxCode,
    make_offer,
    make_sign_in_offer,
    offer_link,
)
from healthpassport.protocols.oid4vci.web_links import OFFERS_PATH
from healthpassport.summary import PatientSummary, Record, issued_types, to_payload
from issuer.store import Offer, OfferState, deferrals, reports, sign_ins, spent
from issuer.store import offers as rows
from issuer.store.again import tried_again
from issuer.store.locking import Turn, take_turn

from .audit_keeping import tend
from .comparing import digests
from .configurations import configurations
from .context import IssuerContext, digest, utc
from .grants import lapse
from .people import nhs_number
from .reports import ANSWERS_KEPT
from .sealing import derived, mac, seal
from .sources import SOURCE, SourceReference, kind_of, source

PIN_DIGITS: Final = 6
OFFER_PATH: Final = OFFERS_PATH
PIN_WORDS: Final = "The PIN that the practice gave you"
SIGN_IN: Final = "sign-in"  # in the place of a PIN's digest, which it never is
SWEPT_AT_ONCE: Final = 500  # offers in one transaction, so that nobody waits long for it
_CODE: Final = "pre-authorised code"
_ISSUER_STATE: Final = "issuer state"


@dataclass(frozen=True, slots=True)
class NewOffer:
    """An offer as it is told once, to the practice alone: ``pin`` is kept nowhere."""

    id: str
    offer: CredentialOffer
    uri: str
    link: str
    pin: str
    expires_at: datetime
    record_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreparedOffer:
    """An offer that is sealed and not kept yet, and what is told of it once it is."""

    row: Offer
    sealed: Mapping[str, bytes]
    digests: Mapping[str, str]
    records: tuple[Record, ...]
    told: NewOffer


def offer_bundle(
    issuer: IssuerContext,
    *,
    client: str,
    bundle: bytes,
    wanted: Sequence[str] = (),
    subject: str | None = None,
    who: Actor | None = None,
) -> NewOffer:
    """Offer what the FHIR ``bundle`` says of its one patient (or of ``subject``).

    ``who`` asks for it, where that is not the API client itself.

    Raises:
        SourceError: what ``issuer.fhir`` refuses; ``offer.record_type``, ``offer.nothing``.
        SettingsError: ``issuer.sensitive_codes``.
    """
    from .reading import read_bundle, rules_of  # noqa: PLC0415 - only offers read FHIR

    rules = rules_of(issuer.settings)
    found = read_bundle(bundle, rules=rules, subject=subject, now=issuer.clock())
    return offer_summary(issuer, client=client, summary=found.summary, wanted=wanted, who=who)


def offer_source(
    issuer: IssuerContext,
    *,
    client: str,
    name: str,
    wanted: Sequence[str] = (),
    subject: str | None = None,
    kind: str | None = None,
    who: Actor | None = None,
) -> NewOffer:
    """Offer what the source says under ``name``; the wallet may have it read again later.

    ``kind`` is one of ``sources.KINDS``, None for the one that is meant where none is named.

    Raises:
        SourceError: ``source.`` codes, and as ``offer_bundle``.
        SettingsError: ``issuer.sensitive_codes``.
    """
    summary, reference = read_source(issuer, name=name, wanted=wanted, subject=subject, kind=kind)
    return offer_summary(
        issuer, client=client, summary=summary, wanted=wanted, reference=reference, who=who
    )


def read_source(
    issuer: IssuerContext,
    *,
    name: str,
    wanted: Sequence[str] = (),
    subject: str | None = None,
    kind: str | None = None,
) -> tuple[PatientSummary, SourceReference]:
    """What the source says under ``name`` now, and how it is found again.

    Raises:
        SourceError: as ``offer_source``. SettingsError: ``issuer.sensitive_codes``.
    """
    from .reading import read_bundle, rules_of  # noqa: PLC0415 - only offers read FHIR

    kind = kind_of(issuer, kind)
    bundle = source(issuer, kind).read(name)
    rules = rules_of(issuer.settings)
    found = read_bundle(bundle, rules=rules, subject=subject, now=issuer.clock())
    if found.gone:  # it could be read this once, and never again
        raise SourceError("offer.gone")
    person = dict(found.summary.records[0].subject)
    return found.summary, SourceReference(
        kind, name, subject, person, tuple(wanted), issuer.secret()
    )


def offer_summary(
    issuer: IssuerContext,
    *,
    client: str,
    summary: PatientSummary,
    wanted: Sequence[str] = (),
    reference: SourceReference | None = None,
    who: Actor | None = None,
    minutes: int | None = None,
) -> NewOffer:
    """Offer the records of ``summary``, or the ``wanted`` ones of them.

    ``reference`` is where they can be read again, None where nowhere. ``who`` asks for it, where
    that is not the API client itself. ``minutes`` is how long it stands, the settings' where None.

    Raises:
        SourceError: ``offer.record_type`` for a type that is unknown or stands twice,
            ``offer.nothing`` when no wanted record is there.
    """
    made = prepare_offer(
        issuer, client=client, summary=summary, wanted=wanted, reference=reference, minutes=minutes
    )
    with issuer.store.writing() as tx:
        keep_offers(issuer, tx, [made], who=who or issuer.audit.by(client))
    return made.told


def prepare_offer(
    issuer: IssuerContext,
    *,
    client: str,
    summary: PatientSummary,
    wanted: Sequence[str] = (),
    reference: SourceReference | None = None,
    minutes: int | None = None,
) -> PreparedOffer:
    """As ``offer_summary``, but nothing is kept: for several of one transaction.

    Raises:
        SourceError: as ``offer_summary``.
    """
    if len(set(wanted)) != len(wanted) or not set(wanted) <= set(issued_types()):
        raise SourceError("offer.record_type")
    chosen = {r.type: r for r in summary.records if not wanted or r.type in wanted}
    if not chosen or not set(wanted) <= chosen.keys():
        raise SourceError("offer.nothing")
    address, pin = issuer.secret(), _pin(issuer)
    code = derived(address, _CODE)
    offer = Offer(
        id=issuer.secret()[:22],
        address_hash=digest(address),
        code_hash=digest(code),
        pin_mac=mac(code, pin),
        client=client,
        state=OfferState.OPEN,
        tries=0,
        created_at=issuer.now(),
        expires_at=issuer.now() + (minutes or issuer.settings.offer_minutes) * 60,
        sealed_source=None
        if reference is None
        else seal(reference.wire(), secret=code, purpose=SOURCE, random=issuer.random),
    )
    payloads = {name: dump_json(to_payload(record)) for name, record in chosen.items()}
    sealed = _sealed(issuer, payloads, code)
    uri = issuer.url(OFFER_PATH + address)
    told = NewOffer(
        id=offer.id,
        offer=_offer(issuer, code, tuple(sealed)),
        uri=uri,
        link=offer_link(uri=uri),
        pin=pin,
        expires_at=utc(offer.expires_at),
        record_types=tuple(chosen),
    )
    same = digests(issuer.settings, reference, payloads)
    return PreparedOffer(offer, sealed, same, tuple(chosen.values()), told)


def keep_offers(
    issuer: IssuerContext, tx: Connection, made: Sequence[PreparedOffer], *, who: Actor
) -> None:
    """Keep in ``tx`` what ``who`` asked for; it is offered once that is committed."""
    rows.add_all(tx, [(one.row, one.sealed, one.digests) for one in made])
    for one in made:
        tell_made(
            issuer,
            tx,
            one.row,
            who=who,
            records=len(one.records),
            number=nhs_number(one.records),
        )


def offer_at(issuer: IssuerContext, address: str) -> CredentialOffer | SignInOffer:
    """The offer at ``address``, while it can be redeemed (OpenID4VCI 1.0 section 4.1.3).

    Raises:
        ServiceError: ``not_found``; an offer that was used or has expired is not told from one
            that never was.
    """
    with issuer.store.reading() as tx:
        offer = rows.by_address(tx, digest(address))
        if offer is None or offer.state is not OfferState.OPEN or offer.expires_at <= issuer.now():
            raise ServiceError("not_found")
        held = rows.record_types(tx, offer.id)
    in_order = tuple(name for name in configurations(issuer.settings) if name in held)
    if offer.pin_mac == SIGN_IN:
        return sign_in_offer(issuer, address, in_order)
    return _offer(issuer, derived(address, _CODE), in_order)


def sweep(issuer: IssuerContext) -> int:
    """Close every offer whose time is over and wipe what it held; returns how many."""
    now, closed = issuer.now(), 0
    while (some := _close_overdue(issuer, now)) == SWEPT_AT_ONCE:
        closed += some
    _forget_old(issuer, now)
    issuer.store.wipe()
    tend(issuer)
    return closed + some


@tried_again
def _close_overdue(issuer: IssuerContext, now: int) -> int:
    with issuer.store.writing() as tx:
        if not take_turn(tx, Turn.SWEEPING, wait=False):
            return 0  # another process does it
        late = rows.overdue(tx, now, limit=SWEPT_AT_ONCE)
        for offer, state in late:
            redeemed = state is OfferState.REDEEMED
            rows.close(tx, offer, OfferState.DONE if redeemed else OfferState.EXPIRED)
            if not redeemed:
                issuer.audit.write("offer.expired", who=issuer.audit.own, tx=tx, subject=offer)
    return len(late)


@tried_again
def _forget_old(issuer: IssuerContext, now: int) -> None:
    with issuer.store.writing() as tx:
        if take_turn(tx, Turn.SWEEPING, wait=False):
            lapse(issuer, tx)
            deferrals.expire(tx, now)
            reports.forget_answered(tx, now - int(ANSWERS_KEPT.total_seconds()))
            spent.forget(tx, now)
            sign_ins.forget(tx, now)


def sign_in_offer(issuer: IssuerContext, address: str, names: tuple[str, ...]) -> SignInOffer:
    """The offer at ``address`` of records for which the patient signs in."""
    return make_sign_in_offer(
        issuer=issuer.settings.iss,
        configuration_ids=names,
        issuer_state=issuer_state_at(address),
    )


def issuer_state_at(address: str) -> str:
    """What leads a wallet's request back to the offer at ``address``."""
    return derived(address, _ISSUER_STATE)


def state_digest(issuer_state: str) -> str:
    """What an offer with ``issuer_state`` is found by; no code of another kind leads there."""
    return digest(derived(issuer_state, _ISSUER_STATE))


def _sealed(issuer: IssuerContext, payloads: Mapping[str, bytes], code: str) -> dict[str, bytes]:
    """Sealed once for each format: a wallet that takes one of them leaves the others to expire."""
    return {
        name: seal(payloads[one.definition.type], secret=code, purpose=name, random=issuer.random)
        for name, one in configurations(issuer.settings).items()
        if one.definition.type in payloads
    }


def tell_made(
    issuer: IssuerContext, tx: Connection, offer: Offer, *, who: Actor, records: int, number: str
) -> None:
    """Two entries of the audit trail: of the offer, and of the person whom it is for."""
    issuer.audit.write(
        "offer.made",
        who=who,
        tx=tx,
        subject=offer.id,
        records=records,
        minutes=(offer.expires_at - offer.created_at) // 60,
        source=offer.sealed_source is not None,
    )
    if number:
        issuer.audit.write("patient.offered", who=who, tx=tx, subject=number, offer=offer.id)


def _offer(issuer: IssuerContext, code: str, names: tuple[str, ...]) -> CredentialOffer:
    return make_offer(
        issuer=issuer.settings.iss,
        configuration_ids=names,
        code=code,
        tx_code=TxCode(input_mode="numeric", length=PIN_DIGITS, description=PIN_WORDS),
    )


def _pin(issuer: IssuerContext) -> str:
    number = int.from_bytes(issuer.random(8), "big") % 10**PIN_DIGITS
    return str(number).zfill(PIN_DIGITS)
