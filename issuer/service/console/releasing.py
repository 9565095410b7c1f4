"""Records that wait until a clinician has looked: which, whose notes to look at, release or deny.

Rules: what waits is sealed for the wallet and names nobody, so a clinician types the NHS number,
and the audit trail says whether the offer was made for that patient; the notes are shown as they
stand now. What an API client offered is its record system's to decide. What is *not* here: when a
record waits (``issuer.service.deferring``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from healthpassport.encoding import parse_json_object
from healthpassport.errors import ServiceError, SourceError
from issuer.client import Person
from issuer.service import sign_off
from issuer.service.patient_sign_in import CLIENT as SIGNED_IN
from issuer.service.reading import Reading
from issuer.service.sign_off import Decision, WaitingRecord
from issuer.store import Wanted, identity_checks
from issuer.store import audit as entries
from issuer.store.identity_checks import IdentityCheck

from .finding import look_for, read_found
from .handing import CLIENT
from .lookup import checked_number
from .opening import Console
from .preparing import Who
from .staff import Action, StaffMember, require
from .trail import actor

COMMAND_LINE: Final = "command-line"  # whose offers those of commands are
OWN: Final = (CLIENT, SIGNED_IN, COMMAND_LINE)
MAX_LINES: Final = 100
MAX_OFFERS: Final = 200  # of one patient, the newest


@dataclass(frozen=True, slots=True)
class Waits:
    """A record that waits; ``checked`` says how the patient was identified, where that is known."""

    record: WaitingRecord
    checked: IdentityCheck | None


@dataclass(frozen=True, slots=True)
class Seen:
    """The notes of the patient, as they stand now."""

    person: Who = field(repr=False)
    reading: Reading = field(repr=False)


def waiting(console: Console, who: StaffMember) -> tuple[Waits, ...]:
    """What waits, oldest first.

    Raises:
        ServiceError: ``staff.role``.
    """
    require(who, Action.SIGN_OFF)
    issuer = console.issuer
    found = [
        one
        for client in OWN
        for one in sign_off.waiting_records(issuer, limit=MAX_LINES, client=client)
        if one.expires_at > issuer.now()
    ]
    with issuer.store.reading() as tx:
        checks = [identity_checks.of_offer(tx, one.offer) for one in found]
    both = zip(found, checks, strict=True)
    return tuple(Waits(*one) for one in sorted(both, key=lambda one: one[0].asked_at))


def one(console: Console, who: StaffMember, name: str) -> Waits:
    """The record of this name.

    Raises:
        ServiceError: ``staff.role``, ``deferred.decided``.
    """
    found = next((each for each in waiting(console, who) if each.record.id == name), None)
    if found is None:
        raise ServiceError("deferred.decided")
    return found


def look(console: Console, who: StaffMember, name: str, *, nhs_number: str) -> Seen:
    """The notes of the patient with this number, if what waits is theirs.

    Raises:
        ServiceError: ``staff.role``, ``deferred.decided``, ``console.number``,
            ``console.not_theirs``.
        SourceError: ``offer.nobody`` and as ``finding.open_found``.
    """
    waits, number = one(console, who, name), checked_number(nhs_number)
    if not _was_offered(console, number, waits.record.offer):
        raise ServiceError("console.not_theirs")
    search = look_for(console, who, Person(nhs_number=number))
    if len(search.found) != 1:
        raise SourceError("offer.nobody")
    read = read_found(console, who, search.id, 0)
    by = actor(console.issuer, who)
    console.issuer.audit.write("patient.opened", who=by, subject=number)
    return Seen(read.person, read.reading)


def decide(
    console: Console, who: StaffMember, name: str, *, decision: Decision, looked: bool
) -> None:
    """Release a record to its wallet, or deny it and forget it.

    Raises:
        ServiceError: ``staff.role``, ``deferred.decided``, ``console.look_first``.
    """
    waits = one(console, who, name)
    if decision is Decision.RELEASE and not looked:
        raise ServiceError("console.look_first")
    issuer = console.issuer
    sign_off.decide(issuer, deferral=waits.record.id, decision=decision, who=actor(issuer, who))


def _was_offered(console: Console, number: str, offer: str) -> bool:
    """Whether the audit trail says that ``offer`` was made for the patient with this number."""
    audit = console.issuer.audit
    audit.settle()  # entries are bound a little later than they are written
    wanted = Wanted(event="patient.offered", about=audit.about(number))
    with console.issuer.store.reading() as tx:
        found = entries.find(tx, wanted, MAX_OFFERS)
    for entry in found:
        facts = parse_json_object(entry.entry).get("facts")
        if isinstance(facts, dict) and facts.get("offer") == offer:
            return True
    return False
