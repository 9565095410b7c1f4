"""What a line of the audit trail says to people: an event, who, and the facts beside it.

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

from .pages import moment

SHORT: Final = 8  # letters of a digest: enough to see which lines belong together
EVENT_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "trail.begun": msg("The audit trail was begun"),
        "trail.pruned": msg("Old entries were let go"),
        "trail.read": msg("The audit trail was read"),
        "trail.exported": msg("The audit trail was exported"),
        "desk.started": msg("The desk was started"),
        "api_key.made": msg("An API key was made"),
        "api_key.removed": msg("An API key was taken out"),
        "request.made": msg("A patient was asked"),
        "request.timed_out": msg("Nobody answered in time"),
        "answer.accepted": msg("An answer was accepted"),
        "answer.refused": msg("An answer was refused"),
        "answer.declined": msg("The patient shared nothing"),
        "result.confirmed": msg("The code on the screen of the patient was typed"),
        "result.not_confirmed": msg("A wrong code was typed"),
        "result.opened": msg("A result was opened"),
        "result.exported": msg("A result was exported"),
        "result.closed": msg("A result was closed and forgotten"),
        "result.timed_out": msg("A result was forgotten when its time was over"),
        "card.read": msg("An emergency card was read"),
        "card.closed": msg("An emergency card was closed and forgotten"),
        "receipt.given": msg("A receipt was given"),
        "care.stated": msg("Care for the patient was stated"),
        "sign_in.made": msg("Somebody signed in"),
        "sign_in.refused": msg("Signing in was refused"),
        "sign_out.made": msg("Somebody signed out"),
        "webhook.sent": msg("A system was told"),
        "webhook.failed": msg("A system could not be told"),
        "record.written": msg("A result was written to the record of the hospital"),
        "record.refused": msg("The record of the hospital took no result"),
        "presentation.verified_again": msg("A stored result was checked again"),
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
    time = moment(sealed.at, say)
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
