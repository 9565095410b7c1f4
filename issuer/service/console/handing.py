"""Handing over what was signed off: one offer, its link and its PIN by two ways.

Rules: one preparation makes one offer, however often its form is sent, in one transaction with all
that is kept beside it; the record is let go once it is offered, and waits sealed as every offer
does; what is kept beside the offer names no patient. What is *not* here: the offer itself
(``issuer.service.offers``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import ServiceError, SettingsError
from healthpassport.languages import ENGLISH, Words
from issuer.service.collecting import page_link
from issuer.service.offers import NewOffer, PreparedOffer, keep_offers, prepare_offer
from issuer.store import handed as rows
from issuer.store import identity_checks

from .channels import LinkBy, Phone, PinBy, Ways, checked_number, checked_ways
from .handed import Told
from .lookup import person_of
from .opening import Console
from .preparing import Offering, Preparation, Step
from .second_look import unticked
from .staff import Action, StaffMember, require
from .texting import Part, send_text
from .trail import actor

CLIENT: Final = "staff console"  # to whom its offers belong; no API key can bear this name
DAY_MINUTES: Final = 1_440


@dataclass(frozen=True, slots=True)
class _Ready:
    """What was made of a preparation that was signed off, and is not kept yet."""

    held: Preparation
    who: StaffMember
    ways: Ways
    offer: PreparedOffer

    @property
    def told(self) -> NewOffer:
        return self.offer.told


def hand_over(
    console: Console,
    who: StaffMember,
    name: str,
    *,
    phone: str,
    link_by: str,
    pin_by: str,
    letters: str = "",
    number: str = "",
    say: Words = ENGLISH,
) -> str:
    """Make the offer of the preparation ``name``; the offer's id.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.not_signed_off``,
            ``console.private``, ``console.not_private``, ``console.channel``, ``console.phone``,
            ``console.same_channel``, ``console.both_letters``.
        SourceError: as ``prepare_offer``.
    """
    require(who, Action.PREPARE)
    ways = checked_ways(link_by, pin_by, phone, letters)
    to = checked_number(number) if ways.link is LinkBy.TEXT or ways.pin is PinBy.TEXT else ""
    if to and not console.issuer.settings.web_text_url:
        raise ServiceError("console.channel", "no service that sends texts is set up")
    made: list[NewOffer] = []

    def prepare(held: Preparation) -> Offering:
        ready = _ready(console, who, held, ways)
        made[:] = [ready.told]
        return lambda tx: _keep(console, tx, ready)

    offer = console.preparations.finish(name, prepare)
    # An offer of another id was made by the same form, sent before.
    if to and made and made[0].id == offer:
        _send(console, made[0], ways, to, say)
    return offer


def take_pin(console: Console, who: StaffMember, offer: str) -> str:
    """The PIN of ``offer``, told this once.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.pin_told``.
    """
    require(who, Action.PREPARE)
    return console.handed.take_pin(offer)


def _ready(console: Console, who: StaffMember, held: Preparation, ways: Ways) -> _Ready:
    if held.step is not Step.SIGNED or held.checked is None:
        raise ServiceError("console.not_signed_off")
    made = prepare_offer(
        console.issuer,
        client=CLIENT,
        summary=held.reading.summary,
        wanted=held.wanted,
        reference=held.reference and replace(held.reference, wanted=held.wanted),
        minutes=_minutes(console, ways),
    )
    return _Ready(held, who, ways, made)


def _keep(console: Console, tx: Connection, ready: _Ready) -> str:
    """Keep the offer with all that stands beside it."""
    issuer, held, ways, made = console.issuer, ready.held, ready.ways, ready.told
    if held.checked is None or held.prepared_by is None or held.signed_by is None:
        raise ServiceError("console.not_signed_off")
    keep_offers(issuer, tx, [ready.offer], who=actor(issuer, ready.who))
    row = rows.HandedRow(
        offer=made.id,
        person=person_of(console, held.who.nhs_number),
        vouched_by=held.vouched_by or None,
        prepared_by=held.prepared_by.name,
        signed_by=held.signed_by.name,
        link_by=ways.link.value,
        pin_by=ways.pin.value,
        at=issuer.now(),
    )
    rows.add(tx, row)
    identity_checks.record(tx, made.id, held.checked)
    console.handed.add_in(tx, _told(made, ways, page_link(issuer, made.uri)))
    issuer.audit.write(
        "identity.checked",
        who=actor(issuer, held.prepared_by),
        tx=tx,
        subject=held.who.nhs_number or made.id,
        way=held.checked.value,
        offer=made.id,
    )
    _note_sign_off(console, tx, ready, held.signed_by)
    why = {} if ways.why is None else {"reason": ways.why.value}
    issuer.audit.write(
        "offer.pin_given",
        who=actor(issuer, ready.who),
        tx=tx,
        subject=made.id,
        channel=ways.pin.value,
        private=ways.phone is Phone.PRIVATE,
        **why,
    )
    return made.id


def _note_sign_off(console: Console, tx: Connection, ready: _Ready, signed_by: StaffMember) -> None:
    issuer, held, subject = console.issuer, ready.held, ready.told.id
    by = actor(issuer, signed_by)
    issuer.audit.write(
        "sign_off.made",
        who=by,
        tx=tx,
        subject=subject,
        records=len(held.wanted),
        left_out=len(held.reading.summary.records) - len(held.wanted),
    )
    if held.without_reason is None:
        return
    for kind in unticked(held.reading, held.wanted):
        issuer.audit.write(
            "sign_off.without",
            who=by,
            tx=tx,
            subject=subject,
            type=kind,
            reason=held.without_reason.value,
        )


def _minutes(console: Console, ways: Ways) -> int | None:
    """How long the offer stands; None for the setting of what is handed over at once."""
    if LinkBy.LETTER is ways.link or PinBy.LETTER is ways.pin:
        return console.issuer.settings.web_letter_days * DAY_MINUTES
    return DAY_MINUTES if ways.link is LinkBy.TEXT else None


def _told(made: NewOffer, ways: Ways, page: str) -> Told:
    return Told(
        offer=made.id,
        link=made.link,
        page=page,
        pin=made.pin,
        link_by=ways.link,
        pin_by=ways.pin,
        expires_at=made.expires_at,
        records=len(made.record_types),
        text_failed=ways.link is LinkBy.TEXT or ways.pin is PinBy.TEXT,
    )


def _send(console: Console, made: NewOffer, ways: Ways, number: str, say: Words) -> None:
    """Send the text; of one that is not sent staff read on the page with the code."""
    issuer = console.issuer
    if ways.pin is PinBy.TEXT:
        part, value = Part.PIN, made.pin
    else:
        part, value = Part.LINK, page_link(issuer, made.uri)
    try:
        send_text(
            issuer.settings,
            console.fetcher,
            number=number,
            part=part,
            value=value,
            say=say,
            now=issuer.clock(),
        )
        console.handed.note_sent(made.id, pin=part is Part.PIN)
    except (ServiceError, SettingsError):
        return
