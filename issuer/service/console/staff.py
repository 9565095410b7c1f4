"""Who may use the console: members of staff, their roles, and what each role may do.

Rules: what is not allowed here is refused; several roles allow what any of them allows. A clerk
prepares and hands over; only a clinician says that a record may go to the patient. What is *not*
here: how somebody signs in (``sign_in``), and which page asks for what (``web.access``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.languages import msg


class Role(StrEnum):
    """What somebody is at this console: a closed list."""

    CLERK = "clerk"
    CLINICIAN = "clinician"
    CORRECTIONS = "corrections"
    ADMIN = "admin"


class Action(StrEnum):
    """What can be done at the console, as far as roles differ in it."""

    PREPARE = "prepare"  # find a patient, check who they are, look, choose, hand over
    SIGN_OFF = "sign_off"  # say that what was prepared may go to the patient
    STATUS = "status"  # see what was handed over and change whether it stands
    CARD = "card"  # make, read aloud and replace an emergency card
    FORGET = "forget"  # withdraw and delete all of a patient who asks for it
    REPORTS = "reports"  # read and answer what patients say is wrong
    SET_UP = "set_up"  # see set-up, keys and trust
    BULK = "bulk"  # issue to many at once
    AUDIT = "audit"  # read the audit trail


ALLOWED: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        Role.CLERK: frozenset({Action.PREPARE, Action.STATUS}),
        Role.CLINICIAN: frozenset(
            {
                *(Action.PREPARE, Action.SIGN_OFF, Action.STATUS, Action.CARD),
                *(Action.REPORTS, Action.FORGET),
            }
        ),
        Role.CORRECTIONS: frozenset({Action.REPORTS}),
        Role.ADMIN: frozenset({Action.SET_UP, Action.BULK, Action.AUDIT}),
    }
)

ROLES: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.CLERK: msg("clerk"),
        Role.CLINICIAN: msg("clinician"),
        Role.CORRECTIONS: msg("corrections"),
        Role.ADMIN: msg("admin"),
    }
)


class Way(StrEnum):
    """How somebody came to be signed in."""

    MACHINE = "machine"  # nobody signs in here: one trusted machine
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody at the console. ``subject`` is empty where nobody signed in."""

    subject: str
    name: str
    roles: frozenset[Role]
    way: Way = Way.PROVIDER

    def may(self, action: Action | str) -> bool:
        """Whether any of the roles allows ``action``."""
        return any(Action(action) in ALLOWED[role] for role in self.roles)

    @property
    def signed_in(self) -> bool:
        """Whether this is somebody who signed in, and can sign out."""
        return self.way is Way.PROVIDER

    @property
    def role(self) -> Role:
        """The one role to name, of several the first in the order of ``Role``'s reach."""
        order = (Role.CLINICIAN, Role.CLERK, Role.CORRECTIONS, Role.ADMIN)
        return next(role for role in order if role in self.roles)


def require(member: StaffMember, action: Action) -> None:
    """Refuse what the roles of ``member`` do not allow.

    Raises:
        ServiceError: ``staff.role``.
    """
    if not member.may(action):
        raise ServiceError("staff.role")


def this_machine(roles: str) -> StaffMember:
    """Whoever is at the one trusted machine of a console without sign-in; roles with commas."""
    named = frozenset(Role(name) for name in roles.split(","))
    return StaffMember("", "", named, Way.MACHINE)
