"""What a line of the issuer's audit trail says to people: an event, who, and the facts beside it.

What is *not* here: which lines are shown (``audit``), and the list of events (the service has it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from healthpassport.audit import Sealed
from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError
from healthpassport.languages import Words, msg
from healthpassport.record_words import day
from healthpassport.uk_time import uk_clock, uk_day

SHORT: Final = 8  # letters of a digest: enough to see which lines belong together
EVENT_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "trail.begun": msg("The audit trail was begun"),
        "trail.pruned": msg("Old entries were let go"),
        "trail.read": msg("The audit trail was read"),
        "trail.exported": msg("The audit trail was exported"),
        "issuer.started": msg("The service was started"),
        "key.made": msg("A signing key was made"),
        "key.renewed": msg("A certificate was asked for"),
        "key.stopped": msg("A signing key was stopped"),
        "trust.updated": msg("The copy of the trust list was brought up to date"),
        "status.published": msg("Status lists were written as files"),
        "status.skipped": msg("Places in status lists were passed over"),
        "status.restored": msg("The lists were begun anew after a restore"),
        "clock.confirmed": msg("Somebody said that the clock is right"),
        "clock.believed": msg("After a time in which nothing ran the clock is believed"),
        "backup.made": msg("A copy of the database was made"),
        "backup.restored": msg("A copy of the database was put back"),
        "api_key.made": msg("An API key was made"),
        "api_key.removed": msg("An API key was taken out"),
        "api.refused": msg("A record system was refused"),
        "api.limited": msg("Somebody asked too often"),
        "token.refused": msg("A wallet was refused at the start"),
        "access.refused": msg("A wallet was not let in"),
        "credential.refused": msg("A wallet was refused a record"),
        "card.refused": msg("A wallet was refused a card"),
        "webhook.sent": msg("A record system was told"),
        "webhook.failed": msg("A record system could not be told"),
        "patient.looked_for": msg("A patient was looked for"),
        "patient.opened": msg("The record of a patient was opened"),
        "patient.offered": msg("A patient was offered their record"),
        "patient.card_made": msg("A card was made for a patient"),
        "patient.forgotten": msg("What was held about a patient was deleted"),
        "identity.checked": msg("It was checked who somebody is"),
        "source.failed": msg("A record could not be read"),
        "sign_in.made": msg("Somebody signed in"),
        "sign_in.refused": msg("Signing in was refused"),
        "sign_out.made": msg("Somebody signed out"),
        "sign_off.made": msg("A record was signed off"),
        "sign_off.without": msg("Signed off without a record that doctors rely on"),
        "sign_off.refused": msg("Signing off was refused"),
        "offer.made": msg("An offer was made"),
        "offer.collected": msg("An offer was collected"),
        "offer.pin_given": msg("A PIN was given"),
        "offer.pin_refused": msg("A wrong PIN was typed"),
        "offer.burned": msg("An offer ended after five wrong PINs"),
        "offer.expired": msg("An offer ran out"),
        "offer.cancelled": msg("An offer was cancelled"),
        "record.issued": msg("A record was given to a wallet"),
        "record.notified": msg("A wallet said what became of a record"),
        "record.withdrawn": msg("A record was withdrawn"),
        "record.suspended": msg("A record was suspended"),
        "record.reinstated": msg("A record was put back in force"),
        "record.replaced": msg("A record was replaced by a newer one"),
        "copies.withdrawn": msg("A patient withdrew copies"),
        "grant.refreshed": msg("A wallet came back for newer records"),
        "grant.moved": msg("A patient moved to another phone"),
        "grant.replayed": msg("A wallet key was used twice, and ended"),
        "grant.ended": msg("A wallet may no longer come back"),
        "report.made": msg("A patient said that something is wrong"),
        "report.read": msg("What a patient says is wrong was read"),
        "report.answered": msg("What a patient says is wrong was answered"),
        "card.shown": msg("A card was read aloud or looked at"),
        "card.printed": msg("A card was shown to be printed"),
        "card.replaced": msg("A lost card was replaced"),
        "bulk.planned": msg("Records for many people were planned"),
        "bulk.started": msg("Records for many people were started"),
        "bulk.ended": msg("Records for many people were done"),
        "bulk.cancelled": msg("Records for many people were stopped"),
    }
)
UNREADABLE: Final = msg("This entry cannot be read. Check the trail.")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the page."""

    seq: int
    time: str
    event: str
    who: str
    role: str
    about: str
    facts: str


def audit_line(sealed: Sealed, say: Words) -> AuditLine:
    """``sealed`` in the words of the page; what cannot be read is said to be so."""
    time = f"{day(uk_day(sealed.at), say.language)} {uk_clock(sealed.at, seconds=True)}"
    try:
        told = parse_json_object(sealed.entry)
    except EncodingError:
        return AuditLine(sealed.seq, time, say(UNREADABLE), "", "", "", "")
    who, facts, event = told.get("who"), told.get("facts"), str(told.get("event"))
    who = who if isinstance(who, Mapping) else {}
    facts = facts if isinstance(facts, Mapping) else {}
    return AuditLine(
        seq=sealed.seq,
        time=time,
        event=say(EVENT_WORDS[event]) if event in EVENT_WORDS else event,
        who=", ".join(str(who[name]) for name in ("subject", "desk") if who.get(name)),
        role=str(who.get("role", "")),
        about=str(told.get("about", ""))[:SHORT],
        facts=", ".join(f"{name}: {_plain(value)}" for name, value in facts.items()),
    )


def _plain(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
