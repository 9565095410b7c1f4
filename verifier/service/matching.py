"""Whether what was shared is of the person whom the hospital admitted.

The hospital's own system may say whom it expects; each difference is then named (clinical.md rule
11). A difference never hides anything: people marry, and systems hold typing errors. What is *not*
here: the comparison of records with each other (``healthpassport.verification``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.credential import VerifiedSummary
from healthpassport.encoding import Json

from .words import READABLE

CODE: Final = "match.demographics"


@dataclass(frozen=True, slots=True)
class Expected:
    """The person as the hospital knows them; an empty member is not compared."""

    family_name: str = ""
    birth_date: str = ""
    nhs_number: str = ""


def differences(expected: Expected, summary: VerifiedSummary) -> tuple[str, ...]:
    """The fields in which ``summary`` differs from ``expected``, or that it does not show."""
    wanted = {
        "familyName": _name(expected.family_name),
        "birthDate": expected.birth_date.strip(),
        "nhsNumber": _digits(expected.nhs_number),
    }
    subjects = [s.subject or {} for s in summary.sections if s.state in READABLE]
    found = []
    for name, value in wanted.items():
        shown = {_comparable(name, subject[name]) for subject in subjects if name in subject}
        if value and shown != {value}:
            found.append(name)
    return tuple(found)


def _comparable(name: str, value: Json) -> str:
    if isinstance(value, Mapping):
        return _digits(value.get("value"))
    return _name(value) if name == "familyName" else str(value)


def _name(value: Json) -> str:
    return " ".join(value.casefold().split()) if isinstance(value, str) else ""


def _digits(value: Json) -> str:
    return "".join(c for c in value if c.isdigit()) if isinstance(value, str) else ""
