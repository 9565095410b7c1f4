"""Who may use the desk: members of staff, their roles, and what each role may do.

Rules: what is not allowed here is refused; several roles allow what any of them allows; clinical
sections open to a clinician who has said how they care for the patient. What is *not* here: how
somebody signs in (``sign_in``), which record is clinical (``seen``), and who is asked (``gate``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from healthpassport.languages import msg

MAX_SIGNATURE: Final = 200  # characters


class Role(StrEnum):
    """What somebody is at this desk."""

    CLERK = "clerk"
    CLINICIAN = "clinician"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Action(StrEnum):
    """What can be done at a desk, as far as roles differ in it."""

    ASK = "ask"  # open a request, follow it, confirm and close it
    IDENTITY = "identity"  # see who the patient is, and what they need to communicate
    CLINICAL = "clinical"  # see every section, save, print and write it
    CARD = "card"  # read an emergency card
    AUDIT = "audit"  # read the audit trail
    SET_UP = "set_up"  # see set-up, keys and lists


ALLOWED: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        Role.CLERK: frozenset({Action.ASK, Action.IDENTITY}),
        Role.CLINICIAN: frozenset({Action.ASK, Action.IDENTITY, Action.CLINICAL, Action.CARD}),
        Role.AUDITOR: frozenset({Action.AUDIT}),
        Role.ADMIN: frozenset({Action.SET_UP, Action.AUDIT}),
    }
)


class Relationship(StrEnum):
    """How a clinician cares for the patient: a closed list, stated once for each result."""

    PRESENT = "patient_present"
    REFERRED = "referred"
    TEAM = "care_team"
    EMERGENCY = "emergency"
    CALLED = "called_to_help"


class Way(StrEnum):
    """How somebody came to be signed in."""

    MACHINE = "machine"  # nobody signs in here: one trusted machine
    PROVIDER = "provider"
    CODE = "code"  # an emergency code
    KEY = "key"  # a program, by its API key


RELATIONSHIPS: Final[Mapping[Relationship, str]] = MappingProxyType(
    {
        Relationship.PRESENT: msg("The patient is here with me and knows that I look"),
        Relationship.REFERRED: msg("The patient was referred or handed over to me"),
        Relationship.TEAM: msg("I am in the team that cares for the patient"),
        Relationship.EMERGENCY: msg("It is an emergency and the patient cannot be asked"),
        Relationship.CALLED: msg("A colleague who cares for the patient asked me for help"),
    }
)


ROLES: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.CLERK: msg("clerk"),
        Role.CLINICIAN: msg("clinician"),
        Role.AUDITOR: msg("auditor"),
        Role.ADMIN: msg("admin"),
    }
)


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody, or some program, at the desk. ``subject`` is empty where nobody signed in."""

    subject: str
    name: str
    roles: frozenset[Role]
    organisation: str = ""
    way: Way = Way.PROVIDER

    def may(self, action: Action) -> bool:
        """Whether any of the roles allows ``action``."""
        return any(action in ALLOWED[role] for role in self.roles)

    @property
    def states_relationship(self) -> bool:
        """Whether clinical sections wait for a word on the care: a program's users say it there."""
        return self.way in {Way.PROVIDER, Way.CODE}

    @property
    def signature(self) -> str:
        """Under what name a card is read."""
        return f"{self.name} ({self.subject})"[:MAX_SIGNATURE]

    @property
    def role(self) -> Role:
        """The one role to name, of several the first in the order of ``Role``'s reach."""
        order = (Role.CLINICIAN, Role.CLERK, Role.AUDITOR, Role.ADMIN)
        return next(role for role in order if role in self.roles)


def this_machine(roles: str, organisation: str = "") -> StaffMember:
    """Whoever is at the one trusted machine of a desk without sign-in; roles with commas."""
    named = frozenset(Role(name) for name in roles.split(","))
    return StaffMember("", "", named, organisation, Way.MACHINE)
