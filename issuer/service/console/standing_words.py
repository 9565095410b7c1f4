"""How an offer stands, what can be done to it, why, and with what effect: in words for staff.

What is *not* here: the rules (``standing``).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.languages import msg
from issuer.service.statuses import Change

from .standing import Reason, Standing

STANDINGS: Final[Mapping[Standing, str]] = MappingProxyType(
    {
        Standing.OFFERED: msg("Offered: waits for the patient"),
        Standing.EXPIRED: msg("Not collected in time: erased"),
        Standing.BURNED: msg("Five wrong PINs: closed and erased"),
        Standing.CANCELLED: msg("Taken back before it was collected: erased"),
        Standing.ADDING: msg("The wallet is collecting it"),
        Standing.ADDED: msg("Added by the patient"),
        Standing.SUSPENDED: msg("On hold"),
        Standing.REPLACED: msg("Replaced by a newer one"),
        Standing.WITHDRAWN: msg("Withdrawn"),
    }
)
CHANGES: Final[Mapping[Change, str]] = MappingProxyType(
    {
        Change.WITHDRAW: msg("Withdraw it for good"),
        Change.SUSPEND: msg("Put it on hold"),
        Change.REINSTATE: msg("End the hold"),
        Change.REPLACE: msg("Mark it as replaced"),
    }
)
EFFECTS: Final[Mapping[Change, tuple[str, ...]]] = MappingProxyType(
    {
        Change.WITHDRAW: (
            msg("Every copy on the patient's phone stops being accepted, within minutes."),
            msg("Hospitals that look read that it was withdrawn. They do not read why."),
            msg("The phone can fetch nothing new. This is never reversed: you can give it anew."),
        ),
        Change.SUSPEND: (
            msg("Every copy stops being accepted, within minutes, until the hold is ended."),
            msg("Hospitals that look read that it is on hold. They do not read why."),
            msg("The phone can fetch nothing new of it meanwhile."),
        ),
        Change.REINSTATE: (
            msg("Every copy is accepted again, within minutes."),
            msg("The phone can fetch newer ones again."),
        ),
        Change.REPLACE: (
            msg("Every copy stops being accepted, within minutes, as one that has a newer one."),
            msg("Give the patient the newer record as well: until then they have none to show."),
        ),
    }
)
# Of an offer that nobody has collected yet.
TAKE_BACK: Final = msg("Take it back")
TAKEN_BACK: Final = (
    msg("The code and the link open nothing any more, and what waits is erased at once."),
    msg("Nothing is on the patient's phone yet. You can give it anew."),
)
REASON_WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.WRONG_PERSON: msg("It went to the wrong person"),
        Reason.WRONG_CONTENT: msg("Something in it is wrong"),
        Reason.PATIENT_ASKED: msg("The patient asked for it"),
        Reason.DEVICE_LOST: msg("The phone was lost or stolen"),
        Reason.LEFT_PRACTICE: msg("The patient left the practice"),
        Reason.BEING_CHECKED: msg("It is being checked whether it is right"),
        Reason.CHECKED: msg("It was checked and is right"),
        Reason.DEVICE_FOUND: msg("The phone was found"),
        Reason.NEWER_GIVEN: msg("The patient has, or gets, a newer one"),
    }
)
# How one record stands, by the words of the status lists.
ISSUED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "valid": msg("Stands"),
        "withdrawn": msg("Withdrawn"),
        "suspended": msg("On hold"),
        "replaced": msg("Replaced by a newer one"),
    }
)
