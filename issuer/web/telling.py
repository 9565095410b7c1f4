"""Days, numbers and names as every page of the console writes them (NHS CUI).

What is *not* here: anything of a record.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from healthpassport.languages import ENGLISH, Words, msg
from healthpassport.uk_time import uk_clock, uk_day
from issuer.service.console.preparing import Who

MONTHS: Final = (
    msg("Jan"),
    msg("Feb"),
    msg("Mar"),
    msg("Apr"),
    msg("May"),
    msg("Jun"),
    msg("Jul"),
    msg("Aug"),
    msg("Sep"),
    msg("Oct"),
    msg("Nov"),
    msg("Dec"),
)
NHS_DIGITS: Final = 10


def day(value: date, say: Words = ENGLISH) -> str:
    """``value`` as dd-Mmm-yyyy."""
    return f"{value.day:02d}-{say(MONTHS[value.month - 1])}-{value.year:04d}"


def day_of_text(text: str, say: Words = ENGLISH) -> str:
    """A date as the source wrote it: whole dates as dd-Mmm-yyyy, anything else as it is."""
    try:
        return day(date.fromisoformat(text), say)
    except ValueError:
        return text


def moment(when: datetime, say: Words = ENGLISH) -> str:
    """A day and a time, on the clock of whoever reads it."""
    return f"{day(uk_day(when), say)} {uk_clock(when)}"


def nhs_number(text: str) -> str:
    """Ten digits in groups of 3, 3 and 4; anything else as it is."""
    if len(text) == NHS_DIGITS and text.isdigit():
        return f"{text[:3]} {text[3:6]} {text[6:]}"
    return text


def full_name(family: str, given: tuple[str, ...]) -> str:
    """FAMILYNAME, Given."""
    return ", ".join(part for part in (family.upper(), " ".join(given)) if part)


def banner(who: Who, say: Words = ENGLISH) -> dict[str, str | bool]:
    """Who the patient is, for the top of each page about them."""
    return {
        "name": full_name(who.family_name, who.given_names),
        "born": day_of_text(who.birth_date, say),
        "nhs_number": nhs_number(who.nhs_number),
        "unverified": bool(who.nhs_number) and not who.number_verified,
    }
