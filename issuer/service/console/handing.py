"""Handing over what was signed off: one offer, its link and its PIN by two ways.

Rules: one preparation makes one offer, however often its form is sent; the record is let go once it
is offered, and waits sealed as every offer does; what is kept beside the offer names no patient.
What is *not* here: the offer itself (``issuer.service.offers``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from healthpassport.errors import ServiceError, SettingsError
from healthpassport.languages import ENGLISH, Words
from issuer.service.offers import NewOffer, offer_summary
from issuer.store import handed as rows
from issuer.store import identity_checks

from .channels import LinkBy, Phone, PinBy, checked_number, checked_ways
from .handed import Told
from .lookup import person_of
from .opening import Console
from .preparing import Preparation, Step
from .second_look import unticked
from .staff import Action, StaffMember, require
from .texting import Part, send_text
from .trail import actor

CLIENT: Final = "staff console"  # to whom its offers belong; no API key can bear this name
DAY_MINUTES: Final = 1_440


def hand_over(
    console: Console,
    who: StaffMember,
    name: str,
    *,
    phone: str,
    link_by: str,
    pin_by: str,
    number: str = "",
    say: Words = ENGLISH,
) -> str:
    """Make the offer of the preparation ``name``; the offer's id.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.not_signed_off``,
            ``console.private``, ``console.not_private``, ``console.channel``, ``console.phone``,
            ``console.same_channel``.
        SourceError: as ``offer_summary``.
    """
    require(who, Action.PREPARE)
    ways = checked_ways(link_by, pin_by, phone)
    to = checked_number(number) if ways[0] is LinkBy.TEXT or ways[1] is PinBy.TEXT else ""
    if to and not console.issuer.settings.web_text_url:
        raise ServiceError("console.channel", "no service that sends texts is set up")
    made: list[NewOffer] = []

    def step(held: Preparation) -> str:
        if held.step is not Step.SIGNED:
            raise ServiceError("console.not_signed_off")
        made.append(_offered(console, who, held, ways))
        return made[0].id

    offer = console.preparations.finish(name, step)
    if made:
        console.handed.add(_told(console, made[0], ways, to, say))
    return offer


def take_pin(console: Console, who: StaffMember, offer: str) -> str:
    """The PIN of ``offer``, told this once.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.pin_told``.
    """
    require(who, Action.PREPARE)
    return console.handed.take_pin(offer)


def _offered(
    console: Console,
    who: StaffMember,
    held: Preparation,
    ways: tuple[LinkBy, PinBy, Phone],
) -> NewOffer:
    issuer = console.issuer
    link_by, pin_by, phone = ways
    if held.checked is None or held.prepared_by is None or held.signed_by is None:
        raise ServiceError("console.not_signed_off")
    reference = held.reference and replace(held.reference, wanted=held.wanted)
    made = offer_summary(
        issuer,
        client=CLIENT,
        summary=held.reading.summary,
        wanted=held.wanted,
        reference=reference,
        who=actor(issuer, who),
        minutes=_minutes(console, link_by, pin_by),
    )
    row = rows.HandedRow(
        offer=made.id,
        person=person_of(console, held.who.nhs_number),
        vouched_by=held.vouched_by or None,
        prepared_by=held.prepared_by.name,
        signed_by=held.signed_by.name,
        link_by=link_by.value,
        pin_by=pin_by.value,
        at=issuer.now(),
    )
    audit, by = issuer.audit, actor(issuer, who)
    with issuer.store.writing() as tx:
        rows.add(tx, row)
        identity_checks.record(tx, made.id, held.checked)
        audit.write(
            "identity.checked",
            who=actor(issuer, held.prepared_by),
            tx=tx,
            subject=held.who.nhs_number or made.id,
            way=held.checked.value,
            offer=made.id,
        )
        audit.write(
            "sign_off.made",
            who=actor(issuer, held.signed_by),
            tx=tx,
            subject=made.id,
            records=len(held.wanted),
            left_out=len(held.reading.summary.records) - len(held.wanted),
        )
        if held.without_reason is not None:
            for kind in unticked(held.reading, held.wanted):
                audit.write(
                    "sign_off.without",
                    who=actor(issuer, held.signed_by),
                    tx=tx,
                    subject=made.id,
                    type=kind,
                    reason=held.without_reason.value,
                )
        audit.write(
            "offer.pin_given",
            who=by,
            tx=tx,
            subject=made.id,
            channel=pin_by.value,
            private=phone is Phone.PRIVATE,
        )
    return made


def _minutes(console: Console, link_by: LinkBy, pin_by: PinBy) -> int | None:
    """How long the offer stands; None for the setting of what is handed over at once."""
    if LinkBy.LETTER is link_by or PinBy.LETTER is pin_by:
        return console.issuer.settings.web_letter_days * DAY_MINUTES
    return DAY_MINUTES if link_by is LinkBy.TEXT else None


def _told(
    console: Console,
    made: NewOffer,
    ways: tuple[LinkBy, PinBy, Phone],
    number: str,
    say: Words,
) -> Told:
    told = Told(
        offer=made.id,
        link=made.link,
        pin=made.pin,
        link_by=ways[0],
        pin_by=ways[1],
        expires_at=made.expires_at,
        records=len(made.record_types),
    )
    if not number:
        return told
    part, value = (Part.PIN, made.pin) if ways[1] is PinBy.TEXT else (Part.LINK, made.link)
    issuer = console.issuer
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
    except (ServiceError, SettingsError):
        return replace(told, text_failed=True)
    return replace(told, pin="" if part is Part.PIN else made.pin, sent=True)
