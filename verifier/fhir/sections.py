"""One verified section as a section of a Composition, with the resources that stand in it.

Rules (clinical.md): what failed a check or is not matched to the person never goes out; only a
whole, fresh and checked assertion becomes ``nilknown``; what was not shared is ``unavailable``, in
one wording whatever the reason, and a part of a list says n of m. Content that is out of date or
could not be checked goes out marked as uncertain. What a person states themselves is left out, and
a summary goes out in words: its entries are resources of the records that it was made from. What is
*not* here: words, which the service
gives, and Provenance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from healthpassport.credential import DeskState, VerifiedSection
from healthpassport.encoding import Json
from healthpassport.summary import Item, definition, record_types
from healthpassport.summary.derived import part_of
from healthpassport.verification.person import identifies

from . import allergies, immunisations, measures, medicines, people, problems
from .narrative import text
from .values import TERMINOLOGY, Resource, concept, extension, plain, reference, rows

Writer: TypeAlias = Callable[[Item, str], Resource]

WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "AllergySummary": allergies.allergy,
        "MedicationSummary": medicines.medicine,
        "ProblemSummary": problems.problem,
        "ImmunisationSummary": immunisations.immunisation,
        "ProcedureSummary": problems.procedure,
        "KeyResults": measures.result,
        "PregnancyStatus": measures.pregnancy,
        "DeviceImplant": people.device,
        "EmergencyContacts": people.contact,
        "CommunicationNeeds": people.need,
        "AdvanceCarePlan": people.plan,
        "ProxyAuthority": people.proxy,
    }
)
# LOINC, as the sections of the International Patient Summary 2.0 have them.
_LOINC: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AllergySummary": "48765-2",
        "MedicationSummary": "10160-0",
        "ProblemSummary": "11450-4",
        "ImmunisationSummary": "11369-6",
        "ProcedureSummary": "47519-4",
        "KeyResults": "30954-2",
        "PregnancyStatus": "10162-6",
        "DeviceImplant": "46264-8",
        "AdvanceCarePlan": "42348-3",
    }
)
# The status with which IPS writes an entry that says that there is none.
_DENIED_STATUS: Final[Mapping[str, Mapping[str, Json]]] = MappingProxyType(
    {
        "AllergySummary": {"clinicalStatus": "active"},
        "ProblemSummary": {"clinicalStatus": "active"},
        "MedicationSummary": {"status": "active"},
        "ImmunisationSummary": {"status": "completed"},
        "ProcedureSummary": {"status": "completed"},
        "DeviceImplant": {"status": "active"},
    }
)
_HIDDEN: Final = frozenset(
    {
        DeskState.FAILED_CHECK,
        DeskState.NOT_MATCHED,
        DeskState.NOT_SHARED,
        DeskState.NOT_ASKED_FOR,
        DeskState.NOT_CHECKED,
    }
)
UNCERTAIN: Final = frozenset({DeskState.OUT_OF_DATE, DeskState.COULD_NOT_CHECK})
_DENYING: Final = frozenset({DeskState.NONE_KNOWN, DeskState.NO_INFORMATION})
_EMPTY: Final = "list-empty-reason"
_NIL_KNOWN: Final = "nilknown"
_ABSENT_INFO: Final = "absent_info"


@dataclass(frozen=True, slots=True)
class Told:
    """A section with the service's words for it.

    ``whole`` says that nothing is missing: every item shown, fresh, checked, and no warning speaks
    of entries that are not there. Only then may the section say that there is none.
    """

    section: VerifiedSection
    title: str
    state: str
    notes: tuple[str, ...] = ()
    whole: bool = False

    @property
    def goes_out(self) -> bool:
        """Whether content may leave: checked or marked, and tied to a person."""
        section = self.section
        return section.state not in _HIDDEN and identifies(section.subject or {})

    @property
    def may_deny(self) -> bool:
        """Whether rows that say that there is none, of all or of a part, may leave as entries."""
        return self.whole and self.goes_out and self.section.state in _DENYING


def resources(told: Told, patient: str) -> list[Resource]:
    """The resources of a section: its items, or the rows that say that there is none."""
    section = told.section
    write = WRITERS.get(section.record_type)
    if write is None or not told.goes_out:
        return []
    if section.items:
        return [_marked(write(item, patient), section) for item in section.items]
    denials = [row for row in section.negations if told.may_deny and not _is_reason(row)]
    return [_marked(_denied(write, row, section, patient), section) for row in denials]


def composed(told: Told, urls: list[str], author: str | None) -> Resource:
    """The section of the Composition over the resources at ``urls``."""
    section = told.section
    items = _in_words(section) if told.goes_out else ()
    denials = section.negations if told.whole and told.goes_out else ()
    loinc = _LOINC.get(section.record_type)
    code = [{"system": "http://loinc.org", "code": loinc}] if loinc else []
    made: Resource = {
        "extension": [_state(section)],
        "title": told.title,
        "code": concept(told.title, code),
        **plain(author=[reference(author)] if author else None),
        "text": text((told.state, *told.notes), items, denials),
    }
    if urls:  # invariant cmp-2: only an empty section may say why it is empty
        made["entry"] = [reference(url) for url in urls]
    elif not items:  # items of a type that is told in words only stand in the text
        made["emptyReason"] = _empty(told)
    return made


def _in_words(section: VerifiedSection) -> tuple[Item, ...]:
    """The items for the text; those of a summary each behind the title of its part."""
    if section.record_type not in record_types():
        return section.items
    known = definition(section.record_type)
    if not known.derived:
        return section.items
    parts = (part_of(item, known) for item in section.items)
    return tuple(
        Item({**item.unit, "text": f"{own.labels['en'].clinical}: {item.unit['text']}"})
        for own, item in parts
    )


def _state(section: VerifiedSection) -> Resource:
    """The desk's state, with n of m: an importer must not take a part for a list."""
    parts: list[Json] = [
        {"url": "state", "valueCode": section.state.value},
        {"url": "shown", "valueUnsignedInt": section.shown},
        {"url": "total", "valueUnsignedInt": section.total},
        {"url": "old", "valueBoolean": section.old},
    ]
    if section.record_state is not None:
        parts.append({"url": "recordState", "valueCode": section.record_state.value})
    return extension("section-state", extension=parts)


def _empty(told: Told) -> Resource:
    """Why the section is empty: the source's own reason where that says no less than ours."""
    own = [row.unit for row in told.section.negations if _is_reason(row)] if told.whole else []
    ours, said = _reason(told), "; ".join((told.state, *told.notes))
    coding: list[Json] = [{"system": TERMINOLOGY + _EMPTY, "code": ours}]
    if not own or not told.goes_out:
        return concept(said, coding)
    codings = rows(own[0].get("coding"))
    if ours != _NIL_KNOWN and any(row.get("code") == _NIL_KNOWN for row in codings):
        return concept(own[0].get("text"), coding)
    return concept(own[0].get("text"), own[0].get("coding") or coding)


def _reason(told: Told) -> str:
    """Section 3.3 of R4's list-empty-reason, on the side of caution."""
    section = told.section
    if section.state is DeskState.NONE_KNOWN:
        return _NIL_KNOWN if told.whole and told.goes_out else "unavailable"
    if section.state is DeskState.NOT_ASKED_FOR:
        return "notasked"
    held_back = section.state is DeskState.NOT_SHARED and section.total
    if held_back or section.state in {DeskState.WITHHELD, DeskState.PARTLY_SHARED}:
        return "withheld"
    return "unavailable"


def _is_reason(row: Item) -> bool:
    """Whether ``row`` says why a list is empty, or that nothing is known: that is no entry."""
    codings = rows(row.unit.get("coding"))
    reason = any(str(coding.get("system", "")).endswith(_EMPTY) for coding in codings)
    return reason or row.unit.get("kind") == _ABSENT_INFO


def _denied(write: Writer, row: Item, section: VerifiedSection, patient: str) -> Resource:
    kept = {name: row.unit[name] for name in ("text", "coding") if name in row.unit}
    return write(Item({**kept, **_DENIED_STATUS.get(section.record_type, {})}), patient)


def _marked(resource: Resource, section: VerifiedSection) -> Resource:
    """Where it is from, and that it is uncertain where that could not be settled."""
    uncertain = section.state in UNCERTAIN
    meta = plain(
        source=section.issuer.iss if section.issuer else None,
        security=[uncertain_label()] if uncertain else None,
    )
    return {"resourceType": resource["resourceType"], **plain(meta=meta), **resource}


def uncertain_label() -> Resource:
    """The security label of what is out of date or could not be checked."""
    return {
        "system": TERMINOLOGY + "v3-ObservationValue",
        "code": "UNCERTREL",
        "display": "uncertain reliability",
    }
