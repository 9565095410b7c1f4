"""What the result page says, prepared from a VerifiedSummary so that templates only lay it out.

Rules (clinical.md): content stands under a clinical heading only in a readable state; what failed
is named and hidden; two issuers who disagree stand side by side. What is *not* here: HTML, and the
choice of words for states (``service.words``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.credential import (
    DeskState,
    Outcome,
    Verdict,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.encoding import Json
from healthpassport.errors import Party, catalogue
from healthpassport.summary import Item, RecordDefinition, definition, record_types
from healthpassport.summary.derived import noted, part_of
from healthpassport.verification import Step
from schemas.definitions import groups, warnings
from verifier.service.rule_words import rule_words
from verifier.service.words import (
    ALLERGIES,
    IDENTITY,
    OVER,
    READABLE,
    AllergyHeading,
    age_in_years,
    age_words,
    allergy_heading,
    day,
    day_of_text,
    is_list,
    part_words,
    state_words,
)

from .values import code_words, coded, count_words, number_words, plain, reactions, row_lines, shown

STEPS: Final = {
    Step.SIGNATURE: "Signature",
    Step.ISSUER: "Issuer on the trust list",
    Step.STATUS: "Not withdrawn",
}
HANDLED: Final = frozenset(
    {"text", "coding", "reaction", "group", "doNotPerform", "notGiven", "sha256"}
)
# States in which there is, or may be, more than what the page shows.
NOT_ALL: Final = frozenset(
    {
        DeskState.PARTLY_SHARED,
        DeskState.NOT_SHARED,
        DeskState.WITHHELD,
        DeskState.NARRATIVE_ONLY,
        DeskState.OUT_OF_DATE,
    }
)
NARRATIVE: Final = "NarrativeSummary"
# A value that means "nothing special" is not worth a clinician's line.
ROUTINE: Final[Mapping[str, Json]] = {"clinicalStatus": "active", "status": "active"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One item: its own words, what must never be missed, and the rest as label and value."""

    text: str
    alerts: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    is_negation: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Items under one heading of their own; no heading where the type has no groups."""

    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class SectionPage:
    """One record: heading, state, where it is from, how it was checked, and its content."""

    heading: str
    state: str
    readable: bool
    wrong: str
    next_step: str
    party: Party | None
    code: str
    old: bool
    rules: tuple[str, ...]
    caution: bool
    count: str
    source: str
    as_of: str
    valid_until: str
    checks: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...]
    subject: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    stated: bool


@dataclass(frozen=True, slots=True)
class Banner:
    """Who the record says that this is."""

    name: str
    born: str
    gender: str
    nhs_number: str
    deceased: bool


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Everything on the result page."""

    accepted: bool
    banner: Banner | None
    allergies: AllergyHeading
    sections: tuple[SectionPage, ...]
    not_asked: tuple[str, ...]
    verified_at: str
    trust_age: str


def result_page(summary: VerifiedSummary) -> ResultPage:
    """``summary`` ready to be laid out, sections in the order in which clinicians read."""
    order = {name: place for place, name in enumerate(record_types())}
    asked = [s for s in summary.sections if s.state is not DeskState.NOT_ASKED_FOR]
    asked.sort(key=lambda section: order.get(section.record_type, len(order)))
    not_asked = [s for s in summary.sections if s.state is DeskState.NOT_ASKED_FOR]
    heading = allergy_heading(summary)
    told_in_words = any(s.record_type == NARRATIVE and s.items for s in asked if _readable(s))
    return ResultPage(
        accepted=summary.verdict is Verdict.ACCEPTED,
        banner=_banner(asked, summary.verified_at),
        allergies=heading,
        sections=tuple(
            _section(section, heading, told_in_words=told_in_words) for section in asked
        ),
        not_asked=tuple(_title(section) for section in not_asked),
        verified_at=f"{day(summary.verified_at.date())} {summary.verified_at:%H:%M} UTC",
        trust_age=age_words(summary.trust_list_age),
    )


def _banner(sections: Iterable[VerifiedSection], now: datetime) -> Banner | None:
    """The person, from the identity record before any other; None where nobody is named."""
    named = [s for s in sections if s.state in READABLE and s.subject]
    named.sort(key=lambda section: section.record_type != IDENTITY)
    if not named:
        return None
    subject: dict[str, Json] = {}
    for section in named:
        subject = {**(section.subject or {}), **subject}
    died = any((s.always or {}).get("deceased") is True for s in named)
    return banner(subject, now, deceased=died)


def banner(subject: Mapping[str, Json], now: datetime, *, deceased: bool = False) -> Banner:
    """What the banner says of ``subject``: a name, a day, a number."""
    given = subject.get("givenNames")
    first = " ".join(map(str, given)) if isinstance(given, list | tuple) else ""
    family = plain(subject.get("familyName")).upper()
    born = subject.get("birthDate")
    years = age_in_years(born, now.date())
    return Banner(
        name=", ".join(part for part in (family, first) if part),
        born=day_of_text(born) + (f" ({years}y)" if years is not None else ""),
        gender=code_words(subject.get("gender")),
        nhs_number=number_words(subject.get("nhsNumber")),
        deceased=deceased,
    )


def _readable(section: VerifiedSection) -> bool:
    return section.state in READABLE


def _section(
    section: VerifiedSection, heading: AllergyHeading, *, told_in_words: bool
) -> SectionPage:
    stated = section.state is DeskState.NOT_CHECKED
    readable = _readable(section) or stated
    entry = catalogue().get(section.code) if section.code else None
    kind = _definition(section)
    return SectionPage(
        heading=heading.heading if section.record_type == ALLERGIES else _title(section),
        state=state_words(section),
        readable=readable,
        wrong=entry.title if entry else "",
        next_step=entry.hint if entry else "",
        party=entry.party if entry else None,
        code=section.code or "",
        old=section.old,
        rules=tuple(rule_words(fired) for fired in section.rules),
        caution=section.state in NOT_ALL
        or (section.record_type == ALLERGIES and heading.incomplete)
        or stated,
        count=_count(section) if readable else "",
        source=_source(section),
        as_of=day(section.as_of) if section.as_of else "",
        valid_until=day(section.valid_until.date()) if section.valid_until else "",
        checks=() if stated else _checks(section),
        groups=_groups(section, kind) if readable else (),
        subject=_facts(section, kind) if readable else (),
        notes=_notes(section, kind, told_in_words=told_in_words) if readable else (),
        stated=stated,
    )


def _count(section: VerifiedSection) -> str:
    return (
        f"{section.shown} of {section.total} shared" if section.total and is_list(section) else ""
    )


def _definition(section: VerifiedSection) -> RecordDefinition | None:
    return definition(section.record_type) if section.record_type in record_types() else None


def _title(section: VerifiedSection) -> str:
    kind = _definition(section)
    return kind.labels["en"].clinical if kind else section.record_type


def _source(section: VerifiedSection) -> str:
    if section.issuer is None:
        return ""
    own = plain((section.source or {}).get("ods"))
    issuer = f"{section.issuer.name} ({section.issuer.ods})"
    return issuer if own in {"", section.issuer.ods} else f"{issuer}, record of {own}"


def _checks(section: VerifiedSection) -> tuple[tuple[str, str], ...]:
    words = {
        Outcome.PASSED: "Checked",
        Outcome.FAILED: "Failed",
        Outcome.COULD_NOT_CHECK: "Could not check",
    }
    ages = {Step.ISSUER: section.trust_list_age, Step.STATUS: section.status_list_age}
    rows = []
    for step, name in STEPS.items():
        found = [check for check in section.checks if check.step == step]
        if found:
            age = f", list {age_words(ages[step])}" if step in ages else ""
            rows.append((name, words[found[-1].outcome] + age))
    return tuple(rows)


def _groups(section: VerifiedSection, kind: RecordDefinition | None) -> tuple[Group, ...]:
    words = {name: label["en"].clinical for name, label in groups().items()}
    if kind and kind.derived:
        return _parts(section, kind, words)
    found: dict[str, list[Entry]] = {}
    for item in section.items:
        name = item.unit.get("group")
        if name is None and section.record_type == ALLERGIES:
            name = "past" if item.unit.get("clinicalStatus") in OVER else None
        heading = words.get(str(name), str(name)) if name is not None else ""
        found.setdefault(heading, []).append(_entry(item, kind))
    for item in section.negations:
        found.setdefault("", []).append(Entry(plain(item.unit.get("text")), (), (), True))
    order = ["", *words.values()]
    names = sorted(found, key=lambda name: order.index(name) if name in order else len(order))
    return tuple(Group(name, tuple(found[name])) for name in names)


def _parts(
    section: VerifiedSection, kind: RecordDefinition, words: Mapping[str, str]
) -> tuple[Group, ...]:
    """The entries of a summary under the headings of their own records, told as these tell them."""
    found: dict[str, list[Entry]] = {}
    for item in section.items:
        own, inner = part_of(item, kind)
        name = inner.unit.get("group")
        group = f": {words.get(str(name), str(name))}" if name is not None else ""
        heading = f"{own.labels['en'].clinical}{group}"
        found.setdefault(heading, []).append(_entry(inner, own))
    return tuple(Group(heading, tuple(entries)) for heading, entries in found.items())


def _entry(item: Item, kind: RecordDefinition | None) -> Entry:
    fields = {**kind.unit_fields, **kind.item_fields} if kind else {}
    values: Mapping[str, Json] = {**item.unit, **item.fields}
    alerts = []
    if item.unit.get("doNotPerform") is True:
        alerts.append("Do not give")
    if item.unit.get("notGiven") is True:
        alerts.append("Not given")
    lines = []
    if reaction := reactions(item.unit.get("reaction")):
        lines.append(("Reaction", reaction))
    for name, value in values.items():
        if name in HANDLED or (name in ROUTINE and ROUTINE[name] == value):
            continue
        field = fields.get(name)
        label = field.labels["en"].clinical if field else name
        lines += (
            row_lines(value) if field and field.type == "rows" else [(label, shown(field, value))]
        )
    if not fields or "coding" in fields:
        lines.append(("Code", coded(item.unit.get("coding") or [])))
    return Entry(plain(item.unit.get("text")), tuple(alerts), tuple(lines))


def _facts(section: VerifiedSection, kind: RecordDefinition | None) -> tuple[tuple[str, str], ...]:
    """What stands before the entries: who the person is, or what a summary says of its parts."""
    if section.record_type == IDENTITY:
        return _subject(section, kind)
    return part_words(section)


def _subject(
    section: VerifiedSection, kind: RecordDefinition | None
) -> tuple[tuple[str, str], ...]:
    fields = kind.subject_fields if kind else {}
    rows = []
    for name, value in (section.subject or {}).items():
        field = fields.get(name)
        label = field.labels["en"].clinical if field else name
        number = number_words(value) if name == "nhsNumber" else ""
        rows.append(
            (
                label,
                number
                or (day_of_text(value) if name == "birthDate" else "")
                or shown(field, value),
            )
        )
    return tuple(rows)


def _notes(
    section: VerifiedSection, kind: RecordDefinition | None, *, told_in_words: bool
) -> tuple[str, ...]:
    """What travels beside the content: where else to read, counts, windows, warnings."""
    notes = []
    if section.state is DeskState.NARRATIVE_ONLY and told_in_words:
        name = definition(NARRATIVE).labels["en"].clinical
        notes.append(f"Read it on this page under “{name}”.")
    if kind:
        told = noted(section.always or {}, kind)
        notes += [one.note["en"].clinical for one in told if one.note]
    if counts := count_words((section.always or {}).get("counts")):
        notes.append(f"The source holds: {counts}.")
    if ended := plain((section.always or {}).get("endedCount") or None):
        notes.append(f"The source holds ended entries that are not listed: {ended}.")
    if section.window != "all":
        notes.append(f"Covers: {section.window}.")
    known = warnings()
    notes += [known[w]["en"].clinical if w in known else w for w in section.warnings]
    return tuple(notes)
