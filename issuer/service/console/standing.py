"""What was handed over, how it stands, and changing that with a reason.

Rules: staff see what this console handed over and nothing of another client's; lists name nobody
and no content; a patient's offers are found by typing their number again. A change takes in all
that was issued for the offer and for the wallet that collected it. What is *not* here: the words
for states and effects (``standing_words``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.status.entries import SUSPENDED, VALID, WITHDRAWN
from issuer.service.grants import stop_grant
from issuer.service.statuses import Change, change_status
from issuer.store import OfferState
from issuer.store import handed as rows
from issuer.store import offers as offer_rows
from issuer.store.handed import HandedOffer

from .handing import CLIENT
from .lookup import checked_number, person_of
from .opening import Console
from .staff import Action, StaffMember, require
from .trail import actor

DAY: Final = timedelta(days=1)
MAX_LINES: Final = 200


class Standing(StrEnum):
    """How an offer stands, in one word."""

    OFFERED = "offered"
    EXPIRED = "expired"
    BURNED = "burned"
    CANCELLED = "cancelled"
    ADDING = "adding"
    ADDED = "added"
    SUSPENDED = "suspended"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class Reason(StrEnum):
    """Why staff change how something stands: a closed list."""

    WRONG_PERSON = "wrong_person"
    WRONG_CONTENT = "wrong_content"
    PATIENT_ASKED = "patient_asked"
    DEVICE_LOST = "device_lost"
    LEFT_PRACTICE = "left_practice"
    BEING_CHECKED = "being_checked"
    CHECKED = "checked"
    DEVICE_FOUND = "device_found"
    NEWER_GIVEN = "newer_given"


REASONS: Final[Mapping[Change, tuple[Reason, ...]]] = MappingProxyType(
    {
        Change.WITHDRAW: (
            Reason.WRONG_PERSON,
            Reason.WRONG_CONTENT,
            Reason.PATIENT_ASKED,
            Reason.DEVICE_LOST,
            Reason.LEFT_PRACTICE,
        ),
        Change.SUSPEND: (Reason.BEING_CHECKED, Reason.DEVICE_LOST, Reason.PATIENT_ASKED),
        Change.REINSTATE: (Reason.CHECKED, Reason.DEVICE_FOUND, Reason.PATIENT_ASKED),
        Change.REPLACE: (Reason.NEWER_GIVEN, Reason.WRONG_CONTENT),
    }
)
# What can be done to an offer that stands so.
POSSIBLE: Final[Mapping[Standing, tuple[Change, ...]]] = MappingProxyType(
    {
        Standing.OFFERED: (Change.WITHDRAW,),
        Standing.ADDING: (Change.WITHDRAW,),
        Standing.ADDED: (Change.SUSPEND, Change.REPLACE, Change.WITHDRAW),
        Standing.SUSPENDED: (Change.REINSTATE, Change.REPLACE, Change.WITHDRAW),
        Standing.REPLACED: (Change.WITHDRAW,),
    }
)
_ALIVE: Final = frozenset({VALID, SUSPENDED})


def today(console: Console, who: StaffMember) -> tuple[HandedOffer, ...]:
    """What was handed over in the last day, the newest first."""
    require(who, Action.STATUS)
    issuer = console.issuer
    moment = issuer.now() - int(DAY.total_seconds())
    with issuer.store.reading() as tx:
        return rows.since(tx, moment, limit=MAX_LINES)


def of_patient(console: Console, who: StaffMember, nhs_number: str) -> tuple[HandedOffer, ...]:
    """What was handed to the patient with this number, the newest first.

    Raises:
        ServiceError: ``staff.role``, ``console.number``.
    """
    require(who, Action.STATUS)
    number = checked_number(nhs_number)
    issuer, person = console.issuer, person_of(console, number) or ""
    with issuer.store.reading() as tx:
        found = rows.of_person(tx, person, limit=MAX_LINES)
    by = actor(issuer, who)
    issuer.audit.write("patient.looked_for", who=by, subject=number, found=len(found))
    return found


def one(console: Console, who: StaffMember, offer: str) -> HandedOffer:
    """One offer that this console handed over.

    Raises:
        ServiceError: ``staff.role``, ``not_found``.
    """
    require(who, Action.STATUS)
    with console.issuer.store.reading() as tx:
        found = rows.find(tx, offer)
    if found is None or found.client != CLIENT:
        raise ServiceError("not_found")
    return found


def standing(console: Console, found: HandedOffer) -> Standing:
    """How ``found`` stands now."""
    now = console.issuer.now()
    statuses = {issued.status for issued in found.issued}
    newest = {i.status for i in found.issued if i.status in _ALIVE}
    if not statuses:
        return _unclaimed(found, now)
    if SUSPENDED in newest:
        return Standing.SUSPENDED
    if VALID in newest:
        return Standing.ADDED
    return Standing.WITHDRAWN if WITHDRAWN in statuses else Standing.REPLACED


def change(console: Console, who: StaffMember, offer: str, *, wanted: str, reason: str) -> Standing:
    """Do what is ``wanted`` to everything of ``offer``; how it stands then.

    Raises:
        ServiceError: ``staff.role``, ``not_found``, ``console.change``, ``console.reason``.
    """
    found = one(console, who, offer)
    if wanted not in set(Change):
        raise ServiceError("console.change")
    asked = Change(wanted)
    if asked not in POSSIBLE.get(standing(console, found), ()):
        raise ServiceError("console.change")
    if reason not in set(REASONS[asked]):
        raise ServiceError("console.reason")
    _do(console, who, found, asked, reason)
    return standing(console, one(console, who, offer))


def _do(console: Console, who: StaffMember, found: HandedOffer, asked: Change, reason: str) -> None:
    issuer, by = console.issuer, actor(console.issuer, who)
    if asked in {Change.WITHDRAW, Change.SUSPEND}:
        _stop_collecting(console, who, found, reason)
        found = one(console, who, found.row.offer)  # a wallet may have collected it meanwhile
    for issued in one(console, who, found.row.offer).issued:
        if _open_to(asked, issued.status):
            change_status(
                issuer, issuance=issued.id, change=asked, client=CLIENT, who=by, reason=reason
            )
    if asked is Change.WITHDRAW and found.grant is not None:
        stop_grant(issuer, grant=found.grant, client=CLIENT, who=by)


def _open_to(asked: Change, status: int) -> bool:
    """Whether a record with this status takes part in the change."""
    if asked is Change.WITHDRAW:
        return status != WITHDRAWN
    return status == SUSPENDED if asked is Change.REINSTATE else status in _ALIVE


def _stop_collecting(console: Console, who: StaffMember, found: HandedOffer, reason: str) -> None:
    """What waits to be collected is erased, and no token collects anything more."""
    issuer, offer = console.issuer, found.row.offer
    console.handed.drop(offer)
    with issuer.store.writing() as tx:
        now = offer_rows.find(tx, offer)
        if now is not None and now.grant is not None:
            offer_rows.close_of_grant(tx, now.grant)
        elif now is not None and now.state is OfferState.REDEEMED:
            offer_rows.close(tx, offer, OfferState.DONE)
        if now is not None and now.state is OfferState.OPEN:
            offer_rows.close(tx, offer, OfferState.CANCELLED)
            by = actor(issuer, who)
            issuer.audit.write("offer.cancelled", who=by, tx=tx, subject=offer, reason=reason)
    issuer.store.wipe()


def _unclaimed(found: HandedOffer, now: int) -> Standing:
    match found.state:
        case OfferState.OPEN if found.expires_at > now:
            return Standing.OFFERED
        case OfferState.BURNED:
            return Standing.BURNED
        case OfferState.CANCELLED:
            return Standing.CANCELLED
        case OfferState.REDEEMED:
            return Standing.ADDING
        case _:
            return Standing.EXPIRED
