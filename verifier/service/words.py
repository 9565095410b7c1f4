"""The exact words of clinical.md that a clinician reads, chosen from a VerifiedSummary.

Rules: an allergy list that is not fully and freshly shown never looks like "no allergies"; what is
missing is named and never guessed at; dates are dd-Mmm-yyyy. Without a ``say`` words are English.
What is *not* here: HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from healthpassport.credential import DeskState, VerifiedSection, VerifiedSummary
from healthpassport.encoding import Json
from healthpassport.languages import ENGLISH, Words, msg
from healthpassport.summary import definition, record_types, section_title
from schemas.definitions import warnings

ALLERGIES: Final = "AllergySummary"
MEDICINES: Final = "MedicationSummary"
IDENTITY: Final = "PatientIdentity"
NARRATIVE: Final = "NarrativeSummary"
EMERGENCY: Final = "EmergencySummary"
STATED: Final = "PatientStated"

KNOWN: Final = msg("Known allergies")
NONE_KNOWN: Final = msg("No known allergies")
NOT_RECORDED: Final = msg("Allergies not recorded")
UNAVAILABLE: Final = msg("Allergies unavailable")
WORDS_ONLY: Final = msg("Notes in words may tell of allergies")
UNRELIABLE: Final = msg("Unavailable: this summary is old, unchecked or not whole")
IN_SUMMARY: Final = msg("An emergency summary tells of allergies")
OLD: Final = msg("Old")
OUT_OF_DATE_SINCE: Final = msg("Out of date since %(day)s")

# Whatever is not said to be over counts as current: no status, or one that we do not know.
OVER: Final = ("inactive", "resolved")
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

# Clinical.md "Section state": one wording for each, the same for every reason to hold back.
STATES: Final = {
    DeskState.ITEMS: msg("Shared in full"),
    DeskState.NONE_KNOWN: msg("None known"),
    DeskState.NO_INFORMATION: msg("No information held by the source"),
    DeskState.NOT_RECORDED: msg("Not recorded at the source"),
    DeskState.WITHHELD: msg("Withheld by the practice"),
    DeskState.NARRATIVE_ONLY: msg("Held as free text only, not in this list"),
    DeskState.ONLY_INACTIVE: msg("Only past or inactive entries at the source"),
    DeskState.NOT_SHARED: msg("Not shared (may not have it, or chose not to)"),
    DeskState.PARTLY_SHARED: msg("Partly shared"),
    DeskState.NOT_ASKED_FOR: msg("Not asked for"),
    DeskState.OUT_OF_DATE: msg("Out of date"),
    DeskState.COULD_NOT_CHECK: msg("Could not check"),
    DeskState.FAILED_CHECK: msg("Failed check (hidden)"),
    DeskState.NOT_MATCHED: msg("Not matched to this person (hidden)"),
    DeskState.NOT_CHECKED: msg("Not checked"),
}

# States in which what is shown may stand under a clinical heading.
READABLE: Final = frozenset(
    {
        DeskState.ITEMS,
        DeskState.NONE_KNOWN,
        DeskState.NO_INFORMATION,
        DeskState.NOT_RECORDED,
        DeskState.WITHHELD,
        DeskState.NARRATIVE_ONLY,
        DeskState.ONLY_INACTIVE,
        DeskState.PARTLY_SHARED,
        DeskState.OUT_OF_DATE,
        DeskState.COULD_NOT_CHECK,
    }
)
WHOLE: Final = frozenset(
    {
        DeskState.ITEMS,
        DeskState.NONE_KNOWN,
        DeskState.NO_INFORMATION,
        DeskState.NOT_RECORDED,
        DeskState.ONLY_INACTIVE,
    }
)
# Warnings after which a list is still the whole list. Any other, also one in a source's own words
# ("deliberately withheld", "data in transit"), may mean that entries are missing.
STILL_WHOLE: Final = frozenset(
    {
        "some-kinds-left-out",  # said of every record, so that it marks none (clinical.md rule 4)
        "nhs-number-not-valid",
        "degraded-entries",
        "uncoded-entries",
        "unnamed-entries",
        "active-with-end-date",
        "dose-not-in-words",
    }
)
# States of the allergies in a summary that tell of no allergy beyond what a list itself says.
_NO_ALLERGY: Final = frozenset({"none_known", "no_information", "not_recorded", "only_inactive"})


@dataclass(frozen=True, slots=True)
class AllergyHeading:
    """One of the four headings, whether the list is incomplete, and why.

    ``is_known`` says which of them it is in any language: allergies are known.
    """

    heading: str
    incomplete: bool
    reasons: tuple[str, ...]
    is_known: bool = False


def allergy_heading(summary: VerifiedSummary, say: Words = ENGLISH) -> AllergyHeading:
    """The heading over all sources (clinical.md "Words and screens")."""
    sections = [s for s in summary.sections if s.record_type == ALLERGIES]
    doubtful = [s for s in sections if s.state not in WHOLE or s.old or _gaps(s, say)]
    in_words = [s for s in summary.sections if _may_tell_allergies(s)]
    whole = [(s.issuer, s.as_of) for s in sections if s not in doubtful]
    in_short = [
        s for s in summary.sections if _summary_may_tell(s) and (s.issuer, s.as_of) not in whole
    ]
    told = [f"{say(WORDS_ONLY)}{_from(s)}" for s in in_words]
    told += [f"{say(IN_SUMMARY)}{_from(s)}" for s in in_short]
    reasons = tuple(dict.fromkeys([*(_reason(s, say) for s in doubtful), *told]))
    doubtful += [*in_words, *in_short]
    if any(_has_active(s) for s in (*sections, *in_short)):
        return AllergyHeading(say(KNOWN), bool(doubtful), reasons, is_known=True)
    if not sections:
        return AllergyHeading(say(UNAVAILABLE), True, (say(STATES[DeskState.NOT_ASKED_FOR]),))
    if doubtful:
        return AllergyHeading(say(UNAVAILABLE), True, reasons)
    if any(s.state is DeskState.ITEMS for s in sections):
        # The source counts current allergies and none can be read: never "none".
        return AllergyHeading(say(UNAVAILABLE), True, (say(msg("The list could not be read")),))
    if any(s.state is DeskState.NONE_KNOWN for s in sections):
        return AllergyHeading(say(NONE_KNOWN), False, ())
    why = tuple(dict.fromkeys(_reason(s, say) for s in sections))
    return AllergyHeading(say(NOT_RECORDED), False, why)


def _has_active(section: VerifiedSection) -> bool:
    if section.state not in READABLE:
        return False
    return any(unit.get("clinicalStatus") not in OVER for unit in allergy_units(section))


def allergy_units(section: VerifiedSection) -> list[Mapping[str, Json]]:
    """The allergies that ``section`` holds: a list's own entries, or those of a summary."""
    units = [item.unit for item in section.items]
    if section.record_type == EMERGENCY:
        return [_own_unit(unit) for unit in units if unit.get("section") == "allergies"]
    return units if section.record_type == ALLERGIES else []


def _own_unit(unit: Mapping[str, Json]) -> Mapping[str, Json]:
    """The unit of an entry of a summary as its own record has it."""
    entry = unit.get("entry")
    return entry if isinstance(entry, Mapping) else {}


def _summary_may_tell(section: VerifiedSection) -> bool:
    """Whether a summary tells of allergies, or may do so in a part that nobody can read here.

    It can only ever make a list longer: that there are none is said by the list itself alone.
    """
    if section.record_type != EMERGENCY:
        return False
    if section.state in {DeskState.FAILED_CHECK, DeskState.NOT_MATCHED}:
        return True
    listed = (section.always or {}).get("sections")
    rows = listed if isinstance(listed, list | tuple) else ()
    said = [r for r in rows if isinstance(r, Mapping) and r.get("section") == "allergies"]
    return any(row.get("state") not in _NO_ALLERGY for row in said)


def _may_tell_allergies(section: VerifiedSection) -> bool:
    """Whether notes in words tell of allergies, or may do so in a part that nobody can read here.

    Their source's own list need not be among those shown.
    """
    if section.record_type != NARRATIVE:
        return False
    if section.state in {DeskState.FAILED_CHECK, DeskState.NOT_MATCHED}:
        return True
    told = any(item.unit.get("section") == "allergies" for item in section.items)
    return told or section.shown < section.total


def _from(section: VerifiedSection) -> str:
    return f" ({section.issuer.name})" if section.issuer else ""


def _gaps(section: VerifiedSection, say: Words) -> list[str]:
    """The warnings of ``section`` that speak of missing entries, in words."""
    return [warning_words(w, say) for w in section.warnings if w not in STILL_WHOLE]


def warning_words(warning: str, say: Words = ENGLISH) -> str:
    """A warning of a source; one in the source's own words stands as it is."""
    known = warnings().get(warning)
    return say.of(known).clinical if known else warning


def _reason(section: VerifiedSection, say: Words) -> str:
    where = _from(section)
    if section.state in WHOLE and section.old:
        return f"{say(OLD)}{where}"
    if section.state in WHOLE and (gaps := _gaps(section, say)):
        return f"{' '.join(gaps)}{where}"
    return f"{state_words(section, say)}{where}"


def state_words(section: VerifiedSection, say: Words = ENGLISH) -> str:
    """The state in words, with n of m and the date where they belong to it."""
    if section.state is DeskState.PARTLY_SHARED:
        return shared_words(section.shown, section.total, say)
    if section.state is DeskState.NOT_SHARED and section.total:
        return shared_words(0, section.total, say)
    if section.state is DeskState.ITEMS and not is_list(section):
        return say(msg("Shared"))
    if section.state is DeskState.OUT_OF_DATE and section.valid_until:
        return say(OUT_OF_DATE_SINCE, day=day(section.valid_until.date(), say))
    return say(STATES[section.state])


def shared_words(shown: object, total: object, say: Words = ENGLISH) -> str:
    """How much of a list is shown."""
    return say(msg("%(shown)s of %(total)s shared"), shown=shown, total=total)


def part_words(section: VerifiedSection, say: Words = ENGLISH) -> tuple[tuple[str, str], ...]:
    """What a summary says of each of its parts: its title, and its state or how much is shown.

    A part that there is none of is only said to be so where the summary is fresh and checked.
    """
    listed = (section.always or {}).get("sections")
    rows = listed if isinstance(listed, list | tuple) else ()
    told = []
    for row in rows:
        if isinstance(row, Mapping):
            name = str(row["section"])
            title = section_title(name)
            state = _part_state(section, name, row, say)
            told.append((say.of(title).clinical if title else name, state))
    return tuple(told)


def _part_state(section: VerifiedSection, name: str, row: Mapping[str, Json], say: Words) -> str:
    shown = sum(item.unit.get("section") == name for item in section.items)
    count, state = row.get("count"), DeskState(str(row["state"]))
    if state is DeskState.ITEMS:
        return shared_words(shown, count, say)
    doubtful = section.state in {DeskState.OUT_OF_DATE, DeskState.COULD_NOT_CHECK} or section.old
    if state is DeskState.NONE_KNOWN and (doubtful or _gaps(section, say)):
        return say(UNRELIABLE)
    told = say(STATES[state])
    return f"{told} ({shared_words(shown, count, say)})" if count else told


def is_list(section: VerifiedSection) -> bool:
    """Whether n of m means anything: separate facts about a person are no list."""
    known = section.record_type in record_types()
    return not known or definition(section.record_type).has_items


def day(value: date, say: Words = ENGLISH) -> str:
    """``value`` as dd-Mmm-yyyy (NHS CUI)."""
    return f"{value.day:02d}-{say(MONTHS[value.month - 1])}-{value.year:04d}"


def day_of_text(text: object, say: Words = ENGLISH) -> str:
    """A date as the source wrote it: whole dates as dd-Mmm-yyyy, parts as far as they go."""
    if not isinstance(text, str):
        return ""
    try:
        whole = len(text) >= len("2000-01-01")
        return day(date.fromisoformat(text[:10]), say) if whole else _part(text, say)
    except ValueError:
        return text


def _part(text: str, say: Words) -> str:
    year, _, month = text.partition("-")
    if month.isdigit() and 1 <= int(month) <= len(MONTHS):
        return f"{say(MONTHS[int(month) - 1])}-{year}"
    return text


def age_in_years(born: object, today: date) -> int | None:
    """Whole years since ``born``, an ISO date; None where it is not one."""
    if not isinstance(born, str):
        return None
    try:
        birth = date.fromisoformat(born)
    except ValueError:
        return None
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def nhs_number(value: object) -> str:
    """Ten digits in groups of 3, 3 and 4; anything else as it is."""
    text = value if isinstance(value, str) else ""
    if len(text) == NHS_DIGITS and text.isdigit():
        return f"{text[:3]} {text[3:6]} {text[6:]}"
    return text


def age_words(age: timedelta | None, say: Words = ENGLISH) -> str:
    """How old a list is, as staff say it."""
    if age is None:
        return say(msg("not held"))
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return say(msg("less than an hour old"))
    if hours < 48:  # noqa: PLR2004 - two days are told in hours
        return say.many(msg("%(num)s hour old"), msg("%(num)s hours old"), hours)
    days = hours // 24
    return say.many(msg("%(num)s day old"), msg("%(num)s days old"), days)


def minutes_left(until: datetime, now: datetime) -> int:
    """Whole minutes until ``until``, rounded up, never below 0."""
    seconds = (until - now).total_seconds()
    return max(0, -(-int(seconds) // 60))


def minutes_words(minutes: int, say: Words = ENGLISH) -> str:
    """A number of minutes."""
    return say.many(msg("%(num)s minute"), msg("%(num)s minutes"), minutes)


def joined(values: Iterable[str]) -> str:
    """``values`` with commas, without empty ones."""
    return ", ".join(value for value in values if value)
