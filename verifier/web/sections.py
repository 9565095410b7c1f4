"""What the result page says of one record: where it is from, how it was checked, what is in it.

Rules (clinical.md): content stands under a clinical heading only in a readable state; what failed
is named and hidden; values stand as their source wrote them, in whatever language. What is *not*
here: the page around the records (``pages``), and HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.credential import DeskState, Outcome, VerifiedSection
from healthpassport.encoding import Json
from healthpassport.languages import ENGLISH, Words, msg
from healthpassport.summary import FieldDefinition, Item, RecordDefinition, definition, record_types
from healthpassport.summary.derived import noted, part_of
from healthpassport.verification import Step
from schemas.definitions import groups
from verifier.service.problem_words import problem_words
from verifier.service.rule_words import rule_words
from verifier.service.words import (
    ALLERGIES,
    IDENTITY,
    NARRATIVE,
    OVER,
    READABLE,
    AllergyHeading,
    age_words,
    allergy_units,
    day,
    day_of_text,
    is_list,
    part_words,
    shared_words,
    state_words,
    warning_words,
)

from .values import (
    coded,
    count_words,
    is_ours,
    number_words,
    plain,
    reactions,
    row_lines,
    shown,
    window_words,
)

STEPS: Final = {
    Step.SIGNATURE: msg("Signature"),
    Step.ISSUER: msg("Issuer on the trust list"),
    Step.STATUS: msg("Not withdrawn"),
}
OUTCOMES: Final = {
    Outcome.PASSED: msg("checked"),
    Outcome.FAILED: msg("failed"),
    Outcome.COULD_NOT_CHECK: msg("could not check"),
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
# A value that means "nothing special" is not worth a clinician's line.
ROUTINE: Final[Mapping[str, Json]] = {"clinicalStatus": "active", "status": "active"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One item: its own words, what must never be missed, and the rest as label and value.

    ``issued`` names the labels whose values stand in the source's words, in its language.
    """

    text: str
    alerts: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    is_negation: bool = False
    issued: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Group:
    """Items under one heading of their own; no heading where the type has no groups."""

    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class SectionPage:
    """One record: heading, state, where it is from, how it was checked, and its content.

    ``absent`` says that nothing of it came, so that a line is enough for it; never for allergies.
    """

    heading: str
    is_allergies: bool
    state: str
    readable: bool
    wrong: str
    next_step: str
    side: str
    technical: str
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
    absent: bool


def section_page(
    section: VerifiedSection, heading: AllergyHeading, *, told_in_words: bool, say: Words
) -> SectionPage:
    """``section`` ready to be laid out; ``told_in_words`` says that notes in words are shown."""
    stated = section.state is DeskState.NOT_CHECKED
    readable = section.state in READABLE or stated
    problem = problem_words(section.code, say)
    kind = _definition(section)
    is_allergies = section.record_type == ALLERGIES
    return SectionPage(
        heading=heading.heading if is_allergies else title(section, say),
        is_allergies=is_allergies,
        state=state_words(section, say),
        readable=readable,
        wrong=problem.title if problem else "",
        next_step=problem.hint if problem else "",
        side=problem.side if problem else "",
        technical=problem.technical if problem else "",
        code=section.code or "",
        old=section.old,
        rules=tuple(rule_words(fired, say) for fired in section.rules),
        caution=section.state in NOT_ALL or (is_allergies and heading.incomplete) or stated,
        count=_count(section, say) if readable else "",
        source=_source(section, say),
        as_of=day(section.as_of, say) if section.as_of else "",
        valid_until=day(section.valid_until.date(), say) if section.valid_until else "",
        checks=() if stated else _checks(section, say),
        groups=_groups(section, kind, say) if readable else (),
        subject=_facts(section, kind, say) if readable else (),
        notes=_notes(section, kind, told_in_words=told_in_words, say=say) if readable else (),
        stated=stated,
        absent=section.state is DeskState.NOT_SHARED and not (is_allergies or section.total),
    )


def title(section: VerifiedSection, say: Words) -> str:
    """What clinicians call a record of this type."""
    kind = _definition(section)
    return say.of(kind.labels).clinical if kind else section.record_type


def _definition(section: VerifiedSection) -> RecordDefinition | None:
    return definition(section.record_type) if section.record_type in record_types() else None


def _count(section: VerifiedSection, say: Words) -> str:
    counts = section.total and is_list(section)
    return shared_words(section.shown, section.total, say) if counts else ""


def _source(section: VerifiedSection, say: Words) -> str:
    if section.issuer is None:
        return ""
    own = plain((section.source or {}).get("ods"))
    issuer = f"{section.issuer.name} ({section.issuer.ods})"
    if own in {"", section.issuer.ods}:
        return issuer
    return say(msg("%(issuer)s, record of %(own)s"), issuer=issuer, own=own)


def _checks(section: VerifiedSection, say: Words) -> tuple[tuple[str, str], ...]:
    ages = {Step.ISSUER: section.trust_list_age, Step.STATUS: section.status_list_age}
    rows = []
    for step, name in STEPS.items():
        found = [check for check in section.checks if check.step == step]
        if found:
            told = say(OUTCOMES[found[-1].outcome])
            if step in ages:
                age = age_words(ages[step], say)
                told = say(msg("%(outcome)s, list %(age)s"), outcome=told, age=age)
            rows.append((say(name), told))
    return tuple(rows)


def _groups(
    section: VerifiedSection, kind: RecordDefinition | None, say: Words
) -> tuple[Group, ...]:
    words = {name: say.of(label).clinical for name, label in groups().items()}
    if kind and kind.derived:
        return _parts(section, kind, words, say)
    found: dict[str, list[Entry]] = {}
    for item in section.items:
        name = item.unit.get("group")
        if name is None and section.record_type == ALLERGIES:
            name = "past" if item.unit.get("clinicalStatus") in OVER else None
        heading = words.get(str(name), str(name)) if name is not None else ""
        found.setdefault(heading, []).append(_entry(item, kind, say))
    for item in section.negations:
        found.setdefault("", []).append(Entry(plain(item.unit.get("text")), (), (), True))
    order = ["", *words.values()]
    names = sorted(found, key=lambda name: order.index(name) if name in order else len(order))
    return tuple(Group(name, tuple(found[name])) for name in names)


def _parts(
    section: VerifiedSection, kind: RecordDefinition, words: Mapping[str, str], say: Words
) -> tuple[Group, ...]:
    """The entries of a summary under the headings of their own records, told as these tell them."""
    found: dict[str, list[Entry]] = {}
    for item in section.items:
        own, inner = part_of(item, kind)
        name = inner.unit.get("group")
        group = f": {words.get(str(name), str(name))}" if name is not None else ""
        heading = f"{say.of(own.labels).clinical}{group}"
        found.setdefault(heading, []).append(_entry(inner, own, say))
    return tuple(Group(heading, tuple(entries)) for heading, entries in found.items())


def active_allergies(
    sections: Iterable[VerifiedSection], say: Words
) -> tuple[tuple[str, str], ...]:
    """Every current allergy that a readable record names, with its reactions, each once."""
    units = [
        unit
        for section in sections
        if section.state in READABLE
        for unit in allergy_units(section)
        if unit.get("clinicalStatus") not in OVER
    ]
    told = [(plain(unit.get("text")), reactions(unit.get("reaction"), say)) for unit in units]
    return tuple(dict.fromkeys(told))


def allergy_sources(sections: Iterable[VerifiedSection], say: Words) -> tuple[tuple[str, str], ...]:
    """From whom the allergies that may be read are, and as of which day; each once."""
    told = [
        (_source(section, say), day(section.as_of, say) if section.as_of else "")
        for section in sections
        if section.state in READABLE
        and section.issuer
        and (section.record_type == ALLERGIES or allergy_units(section))
    ]
    return tuple(dict.fromkeys(told))


def alerts(item: Item, say: Words) -> tuple[str, ...]:
    """What must never be missed: that something is not to be given, or was not."""
    told = {"doNotPerform": msg("Do not give"), "notGiven": msg("Not given")}
    return tuple(say(words) for name, words in told.items() if item.unit.get(name) is True)


def label(field: FieldDefinition | None, name: str, say: Words) -> str:
    """What a field is called; the name of one that we do not know."""
    return say.of(field.labels).clinical if field else name


def _entry(item: Item, kind: RecordDefinition | None, say: Words = ENGLISH) -> Entry:
    fields = {**kind.unit_fields, **kind.item_fields} if kind else {}
    values: Mapping[str, Json] = {**item.unit, **item.fields}
    reaction = reactions(item.unit.get("reaction"), say)
    lines = [(say(msg("Reaction")), reaction)] if reaction else []
    issued = {name for name, _ in lines}
    for name, value in values.items():
        if name in HANDLED or (name in ROUTINE and ROUTINE[name] == value):
            continue
        field = fields.get(name)
        found = [(label(field, name, say), shown(field, value, say))]
        if field and field.type == "rows":
            found = row_lines(value, say)
        lines += found
        if not is_ours(field, value):
            issued |= {own for own, _ in found}
    if not fields or "coding" in fields:
        lines.append((say(msg("Code")), coded(item.unit.get("coding") or [], say)))
    told = alerts(item, say)
    return Entry(plain(item.unit.get("text")), told, tuple(lines), issued=frozenset(issued))


def _facts(
    section: VerifiedSection, kind: RecordDefinition | None, say: Words
) -> tuple[tuple[str, str], ...]:
    """What stands before the entries: who the person is, or what a summary says of its parts."""
    if section.record_type != IDENTITY:
        return part_words(section, say)
    fields = kind.subject_fields if kind else {}
    return tuple(
        (label(fields.get(name), name, say), _fact(name, fields.get(name), value, say))
        for name, value in (section.subject or {}).items()
    )


def _fact(name: str, field: FieldDefinition | None, value: Json, say: Words) -> str:
    number = number_words(value, say) if name == "nhsNumber" else ""
    born = day_of_text(value, say) if name == "birthDate" else ""
    return number or born or shown(field, value, say)


def _notes(
    section: VerifiedSection, kind: RecordDefinition | None, *, told_in_words: bool, say: Words
) -> tuple[str, ...]:
    """What travels beside the content: where else to read, counts, windows, warnings."""
    always = section.always or {}
    notes = []
    if section.state is DeskState.NARRATIVE_ONLY and told_in_words:
        name = say.of(definition(NARRATIVE).labels).clinical
        notes.append(say(msg("Read it on this page under “%(name)s”."), name=name))
    if kind:
        notes += [say.of(one.note).clinical for one in noted(always, kind) if one.note]
    if counts := count_words(always.get("counts"), say):
        notes.append(say(msg("The source holds: %(counts)s."), counts=counts))
    if ended := plain(always.get("endedCount") or None):
        ended_words = msg("The source holds ended entries that are not listed: %(number)s.")
        notes.append(say(ended_words, number=ended))
    if section.window != "all":
        window = window_words(section.window, say)
        notes.append(say(msg("Covers: %(window)s."), window=window))
    return (*notes, *(warning_words(w, say) for w in section.warnings))
