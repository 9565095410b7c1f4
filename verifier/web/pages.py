"""What the result page says, prepared from a VerifiedSummary so that templates only lay it out.

Rules (clinical.md): who it is, the allergy line and whatever failed stand first, for a reader who
has ten seconds; records follow in the order in which clinicians read. What is *not* here: the
records themselves (``sections``), HTML, and the choice of words for states (``service.words``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.credential import DeskState, Verdict, VerifiedSection, VerifiedSummary
from healthpassport.encoding import Json
from healthpassport.languages import ENGLISH, Words, msg
from healthpassport.summary import record_types
from healthpassport.uk_time import uk_clock, uk_day
from verifier.service.words import (
    ALLERGIES,
    IDENTITY,
    NARRATIVE,
    OLD,
    READABLE,
    AllergyHeading,
    age_in_years,
    age_words,
    allergy_heading,
    day,
    day_of_text,
    state_words,
)

from .sections import SectionPage, active_allergies, allergy_sources, section_page, title
from .values import code_words, number_words, plain

UNSURE: Final = frozenset({DeskState.COULD_NOT_CHECK, DeskState.OUT_OF_DATE})
PARTLY: Final = frozenset({DeskState.PARTLY_SHARED, DeskState.WITHHELD, DeskState.NARRATIVE_ONLY})


@dataclass(frozen=True, slots=True)
class Banner:
    """Who the record says that this is."""

    name: str
    born: str
    gender: str
    nhs_number: str
    deceased: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """What a reader with ten seconds needs: allergies by name, and what the page does not show.

    ``sources`` says from whom the allergies are and as of which day. Each of the others is the
    place of a section on the page (from 1), its title, and its state in words where the line that
    it stands in does not say that already.
    """

    allergies: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    failed: tuple[tuple[int, str, str], ...]
    not_matched: tuple[tuple[int, str, str], ...]
    unsure: tuple[tuple[int, str, str], ...]
    partly: tuple[tuple[int, str, str], ...]
    not_shared: tuple[tuple[int, str, str], ...]
    stated: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Everything on the result page."""

    accepted: bool
    banner: Banner | None
    allergies: AllergyHeading
    glance: Glance
    sections: tuple[SectionPage, ...]
    not_asked: tuple[str, ...]
    allergies_not_asked: bool
    verified_at: str
    trust_age: str


def result_page(summary: VerifiedSummary, say: Words = ENGLISH) -> ResultPage:
    """``summary`` ready to be laid out, sections in the order in which clinicians read."""
    order = {name: place for place, name in enumerate(record_types())}
    asked = [s for s in summary.sections if s.state is not DeskState.NOT_ASKED_FOR]
    asked.sort(key=lambda section: order.get(section.record_type, len(order)))
    not_asked = [s for s in summary.sections if s.state is DeskState.NOT_ASKED_FOR]
    heading = allergy_heading(summary, say)
    told = any(s.record_type == NARRATIVE and s.items and s.state in READABLE for s in asked)
    return ResultPage(
        accepted=summary.verdict is Verdict.ACCEPTED,
        banner=_banner(asked, summary.verified_at, say),
        allergies=heading,
        glance=_glance(asked, say),
        sections=tuple(
            section_page(section, heading, told_in_words=told, say=say) for section in asked
        ),
        not_asked=tuple(title(section, say) for section in not_asked),
        allergies_not_asked=all(s.record_type != ALLERGIES for s in asked),
        verified_at=moment(summary.verified_at, say),
        trust_age=age_words(summary.trust_list_age, say),
    )


def _glance(asked: Sequence[VerifiedSection], say: Words) -> Glance:
    """``asked`` in the order of the page."""

    def told(
        states: frozenset[DeskState], *, old: bool = False, in_words: bool = True
    ) -> tuple[tuple[int, str, str], ...]:
        return tuple(
            (place, title(s, say), _state(s, say) if in_words else "")
            for place, s in enumerate(asked, start=1)
            if s.state in states or (old and s.old and s.state in READABLE)
        )

    return Glance(
        allergies=active_allergies(asked, say),
        sources=allergy_sources(asked, say),
        failed=told(frozenset({DeskState.FAILED_CHECK}), in_words=False),
        not_matched=told(frozenset({DeskState.NOT_MATCHED}), in_words=False),
        unsure=told(UNSURE, old=True),
        partly=told(PARTLY),
        not_shared=told(frozenset({DeskState.NOT_SHARED}), in_words=False),
        stated=told(frozenset({DeskState.NOT_CHECKED}), in_words=False),
    )


def _state(section: VerifiedSection, say: Words) -> str:
    fresh = state_words(section, say)
    return f"{say(OLD)}, {fresh}" if section.old else fresh


def moment(when: datetime, say: Words = ENGLISH) -> str:
    """A day and a time as every page of the desk writes them."""
    return f"{day(uk_day(when), say)} {uk_clock(when)}"


def _banner(sections: Iterable[VerifiedSection], now: datetime, say: Words) -> Banner | None:
    """The person, from the identity record before any other; None where nobody is named."""
    named = [s for s in sections if s.state in READABLE and s.subject]
    named.sort(key=lambda section: section.record_type != IDENTITY)
    if not named:
        return None
    subject: dict[str, Json] = {}
    for section in named:
        subject = {**(section.subject or {}), **subject}
    died = any((s.always or {}).get("deceased") is True for s in named)
    return banner(subject, now, deceased=died, say=say)


def banner(
    subject: Mapping[str, Json], now: datetime, *, deceased: bool = False, say: Words = ENGLISH
) -> Banner:
    """What the banner says of ``subject``: a name, a day, a number."""
    given = subject.get("givenNames")
    first = " ".join(map(str, given)) if isinstance(given, list | tuple) else ""
    family = plain(subject.get("familyName")).upper()
    born = subject.get("birthDate")
    years = age_in_years(born, now.date())
    age = f" ({say(msg('%(years)sy'), years=years)})" if years is not None else ""
    return Banner(
        name=", ".join(part for part in (family, first) if part),
        born=day_of_text(born, say) + age,
        gender=code_words(subject.get("gender"), say),
        nhs_number=number_words(subject.get("nhsNumber"), say),
        deceased=deceased,
    )
