"""Whether the records of one presentation speak of one person.

A clinical heading without the person is as dangerous as a wrong one: content counts as matched only
with an NHS number, or with family name and birth date, from the same record (clinical.md). Two
records that contradict each other about the person are refused together.
What is *not* here: comparison with the hospital's own demographics (the desk's), and who holds the
phone (nobody's: a passport does not prove it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from healthpassport.encoding import Json


class Match(Enum):
    """How two records' subjects compare."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


def identifies(subject: Mapping[str, Json]) -> bool:
    """Whether ``subject`` names a person: NHS number, or family name and birth date."""
    return bool(_nhs_number(subject)) or bool(_family_name(subject) and subject.get("birthDate"))


def compare(one: Mapping[str, Json], other: Mapping[str, Json]) -> Match:
    """Compare two subjects by what both of them show.

    A differing NHS number or birth date is another person. A differing family name is another
    person unless the NHS numbers agree, since people change their names.
    """
    numbers = _both(_nhs_number(one), _nhs_number(other))
    births = _both(one.get("birthDate"), other.get("birthDate"))
    names = _both(_family_name(one), _family_name(other))
    if Match.DIFFERENT in (numbers, births):
        return Match.DIFFERENT
    if numbers is Match.SAME:
        return Match.SAME
    if names is Match.DIFFERENT:
        return Match.DIFFERENT
    return Match.SAME if names is births is Match.SAME else Match.UNKNOWN


def contradicts(subjects: Iterable[Mapping[str, Json]]) -> bool:
    """Whether any two of ``subjects`` are different people."""
    known = [subject for subject in subjects if identifies(subject)]
    return any(
        compare(one, other) is Match.DIFFERENT
        for position, one in enumerate(known)
        for other in known[position + 1 :]
    )


def _both(one: Json, other: Json) -> Match:
    if not one or not other:
        return Match.UNKNOWN
    return Match.SAME if one == other else Match.DIFFERENT


def _nhs_number(subject: Mapping[str, Json]) -> Json:
    number = subject.get("nhsNumber")
    return number.get("value") if isinstance(number, Mapping) else None


def _family_name(subject: Mapping[str, Json]) -> str:
    name = subject.get("familyName")
    return " ".join(name.casefold().split()) if isinstance(name, str) else ""
