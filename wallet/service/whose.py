"""Whether two records are about one person: yes, no, or ask.

Rules: twins share a birth date and a family name; people marry; an NHS number can change, or stand
on a sibling's record by mistake. What could be either is ``UNSURE`` and is asked, never guessed;
``DIFFERENT`` never stands in one passport, whoever says so. What is *not* here: what a desk does
with records that contradict each other (``healthpassport.verification.person``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, TypeAlias
from unicodedata import normalize

from healthpassport.encoding import Json

VERIFIED: Final = "01"  # NHS Data Dictionary: number present and verified
NAMES: Final = ("nhsNumber", "familyName", "givenNames", "birthDate")

Subject: TypeAlias = "Mapping[str, Json]"


class Kin(Enum):
    """How a record compares with another, or with a passport."""

    SAME = "same"
    UNSURE = "unsure"
    DIFFERENT = "different"


def subject_of(payload: Mapping[str, Json]) -> dict[str, Json]:
    """What ``payload`` says of who it is about."""
    return {name: payload[name] for name in NAMES if name in payload}


def compare(one: Subject, other: Subject) -> Kin:
    """Compare two subjects by NHS number, birth date, family name and first given name."""
    number = _agree(_number(one), _number(other))
    birth = _agree(_text(one.get("birthDate")), _text(other.get("birthDate")))
    family = _agree(_text(one.get("familyName")), _text(other.get("familyName")))
    given = _agree(_given(one), _given(other))
    if number is None:
        return _without_numbers(birth=birth, family=family, given=given)
    if not number:
        # A changed number keeps person and birth date; a father and son, or twins, do not.
        return Kin.DIFFERENT if birth is False or given is False else Kin.UNSURE
    if birth is False or given is False:  # a sibling's number, or a slip of the pen
        return Kin.UNSURE
    if family is False:
        sure = birth and given and _is_verified(one) and _is_verified(other)
        return Kin.SAME if sure else Kin.UNSURE
    return Kin.SAME


def among(subject: Subject, others: Iterable[Subject]) -> Kin:
    """How ``subject`` compares with a passport whose records have the subjects ``others``."""
    found = {compare(subject, other) for other in others}
    if Kin.DIFFERENT in found:
        return Kin.DIFFERENT
    return Kin.SAME if Kin.SAME in found else Kin.UNSURE


def _without_numbers(*, birth: bool | None, family: bool | None, given: bool | None) -> Kin:
    """Where one of two has no NHS number: all that is left must agree."""
    if birth and family and given:
        return Kin.SAME
    if birth is False:  # the same full name: a corrected date, or a father and son
        return Kin.UNSURE if family and given else Kin.DIFFERENT
    return Kin.DIFFERENT if family is False and given is False else Kin.UNSURE


def _agree(one: str, other: str) -> bool | None:
    return one == other if one and other else None


def _number(subject: Subject) -> str:
    value = subject.get("nhsNumber")
    return _text(value.get("value")) if isinstance(value, Mapping) else ""


def _is_verified(subject: Subject) -> bool:
    value = subject.get("nhsNumber")
    return isinstance(value, Mapping) and value.get("verificationStatus") == VERIFIED


def _given(subject: Subject) -> str:
    value = subject.get("givenNames")
    first = value[0] if isinstance(value, list | tuple) and value else ""
    words = _text(first).split()
    return words[0] if words else ""


def _text(value: Json) -> str:
    return " ".join(normalize("NFC", value).casefold().split()) if isinstance(value, str) else ""
