"""Whose entry an entry is: every resource's subject is checked, none is taken on trust.

What is *not* here: what happens to an entry of somebody else (extraction.py, issuer.records).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from healthpassport.encoding import Json

from .patients import Person, nhs_number
from .references import Index, address
from .source import Found
from .values import obj


class Stranger(Enum):
    """Why an entry belongs to none of the persons of a source."""

    UNNAMED = "subject_missing"
    ELSEWHERE = "subject_elsewhere"
    NOT_A_PATIENT = "subject_not_a_patient"


@dataclass(frozen=True, slots=True)
class Subjects:
    """The persons of a source and how to tell whose a resource is."""

    index: Index
    persons: tuple[Person, ...]
    _owners: dict[int, Person] = field(default_factory=dict, init=False)
    _numbers: dict[str, Person] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for person in self.persons:
            self._owners.update((id(found), person) for found in person.patients)
            if (number := person.nhs_number) is not None:
                self._numbers.setdefault(number, person)

    def of(self, found: Found) -> Person | Stranger:
        """The person to whom ``found`` belongs."""
        if found.type == "Patient":
            return self._owners.get(id(found), Stranger.ELSEWHERE)
        reference = self._reference(found)
        if reference is None:
            return Stranger.UNNAMED
        target = self.index.resolve(reference, found)
        if target is not None:
            return self._owners.get(id(target), Stranger.NOT_A_PATIENT)
        number = nhs_number({"identifier": [obj(obj(reference).get("identifier"))]})
        if number is not None:
            named = self._numbers.get(number)
            if named is not None or address(reference) is None:
                return named or Stranger.ELSEWHERE
        if address(reference) is None:
            return Stranger.UNNAMED
        # A Patient without id and fullUrl cannot be named by any reference.
        lone = len(self.persons) == 1 and not any(p.id or p.url for p in self.persons[0].patients)
        return Stranger.UNNAMED if lone else Stranger.ELSEWHERE

    def _reference(self, found: Found) -> Json:
        for holder in (found, found.container):
            if holder is None:
                continue
            for name in ("patient", "subject"):
                if (value := holder.resource.get(name)) is not None:
                    return value
        return None
