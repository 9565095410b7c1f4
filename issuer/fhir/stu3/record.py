"""GP Connect's structured record: whether it holds what was asked for, and what it holds back.

GP Connect 1.5 (Access Record: Structured): each area that is asked for has its List; a parameter
that a practice's system does not know is named in an OperationOutcome; an empty List with the
warning confidential-items holds something back. Rules: without the Lists of allergies and medicines
there is no record; every other area that is missing is told as missing. What is *not* here: asking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import SourceError
from issuer.fhir.gaps import UNAVAILABLE, WITHHELD, gap
from issuer.fhir.outcomes import Issue, issues_of, words
from issuer.fhir.source import resource_type
from issuer.fhir.values import codes, concept, extensions, obj, objs, seq, string

from .conversion import converted

CURRENT: Final = "current"
WARNING: Final = (
    "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-ListWarningCode-1"
)
_NOT_IMPLEMENTED: Final = "not_implemented"
_GPC: Final = "CareConnect-GPC-AllergyIntolerance"
# The note that goes with each warning code, by words that only it has: some systems send it alone.
_NOTES: Final = (
    (re.compile(r"\bconfidential", re.IGNORECASE), "confidential-items"),
    (re.compile(r"\btransfer from previous\b", re.IGNORECASE), "data-in-transit"),
    (re.compile(r"\b(?:awaiting|not been) review", re.IGNORECASE), "data-awaiting-filing"),
)


@dataclass(frozen=True, slots=True)
class Area:
    """One area that may be asked for: parameter with parts, section, and code of its List."""

    parameter: str
    section: str
    list_code: str
    needed: bool = False
    parts: tuple[tuple[str, bool], ...] = ()


AREAS: Final = (
    Area(
        "includeAllergies",
        "allergies",
        "886921000000105",
        needed=True,
        parts=(("includeResolvedAllergies", True),),
    ),
    Area("includeMedication", "medications", "933361000000108", needed=True),
    Area("includeProblems", "problems", "717711000000103"),
    Area("includeImmunisations", "immunisations", "1102181000000102"),
    Area("includeInvestigations", "results", "887191000000108"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A structured record as R4, and the sections that it does not hold."""

    bundle: JsonObject
    missing: tuple[str, ...]


def structured_record(answer: JsonObject, *, asked: Iterable[Area] = AREAS) -> Told:
    """What ``answer`` to ``$gpc.getstructuredrecord`` holds of what was ``asked`` for.

    Raises:
        SourceError: ``source.answer`` for what is no structured record, ``source.incomplete`` where
            allergies or medicines are not all there, ``source.refused``.
    """
    bundle = _bundle(answer)
    resources = [obj(obj(row).get("resource")) for row in objs(bundle.get("entry"))]
    issues = [issue for r in resources if _is(r, "OperationOutcome") for issue in issues_of(r)]
    _refuse(issues)
    areas = tuple(asked)
    missing = {area.section: area for area in _unknown(issues, areas)}
    lists = {code for r in resources if _is(r, "List") for code in _list_codes(r)}
    missing |= {area.section: area for area in areas if area.list_code not in lists}
    for area in missing.values():
        if area.needed:
            raise SourceError("source.incomplete", f"it does not give {area.section}")
    subject = next((f"Patient/{r.get('id')}" for r in resources if _is(r, "Patient")), "Patient")
    rows: list[Json] = [_entry(row) for row in objs(bundle.get("entry"))]
    rows += [{"resource": gap(section, subject, UNAVAILABLE)} for section in missing]
    if any(issue.withholds for issue in issues):
        rows += [{"resource": gap(area.section, subject, WITHHELD)} for area in areas]
    return Told({**bundle, "entry": rows}, tuple(missing))


def _bundle(answer: JsonObject) -> JsonObject:
    """The Bundle of ``answer``, which Parameters may carry."""
    if _is(answer, "Parameters"):
        held = [obj(row.get("resource")) for row in objs(answer.get("parameter"))]
        bundles = [one for one in held if _is(one, "Bundle")]
        answer = bundles[0] if len(bundles) == 1 else answer
    if not _is(answer, "Bundle") or not isinstance(answer.get("entry"), list):
        raise SourceError("source.answer", "it is no structured record")
    if any(string(row.get("relation")) == "next" for row in objs(answer.get("link"))):
        raise SourceError("source.incomplete", "it comes in parts")
    if any(resource_type(obj(obj(row).get("resource"))) is None for row in seq(answer["entry"])):
        raise SourceError("source.incomplete", "an entry holds no resource")
    return answer


def _refuse(issues: list[Issue]) -> None:
    if any(issue.leaves_less for issue in issues):
        raise SourceError("source.incomplete", words(issues))
    if any(issue.is_bad for issue in issues):
        raise SourceError("source.refused", words(issues))


def _unknown(issues: list[Issue], areas: tuple[Area, ...]) -> Iterator[Area]:
    """The areas that the system does not know, or not with the parts that were asked for."""
    for issue in issues:
        if issue.code != "not-supported" and _NOT_IMPLEMENTED not in issue.details:
            continue
        named = issue.about.partition(".")[0]
        found = [area for area in areas if area.parameter == named]
        if not found:
            raise SourceError("source.incomplete", "it does not say what it cannot give")
        yield from found


def _list_codes(resource: JsonObject) -> Iterator[str]:
    if CURRENT in codes(resource.get("status")):
        yield from (c.code for c in concept(resource.get("code")).codings if c.code)


def _entry(row: JsonObject) -> Json:
    resource = obj(row.get("resource"))
    if _is(resource, "List"):
        resource = _with_warnings(resource)
    if _is(resource, "AllergyIntolerance"):
        resource = _without_fixed_word(resource)
    if isinstance(inner := resource.get("contained"), list):
        contained = [_without_fixed_word(one) if isinstance(one, dict) else one for one in inner]
        resource = {**resource, "contained": contained}
    return {**row, "resource": converted(resource)}


def _without_fixed_word(resource: JsonObject) -> JsonObject:
    """GP Connect fixes verificationStatus to "unconfirmed" and forbids to read a meaning in it."""
    profiles = str(obj(resource.get("meta")).get("profile"))
    if resource.get("verificationStatus") != "unconfirmed" or _GPC not in profiles:
        return resource
    return {name: value for name, value in resource.items() if name != "verificationStatus"}


def _with_warnings(resource: JsonObject) -> JsonObject:
    """The List with the warning codes that its note speaks of and its extensions do not."""
    known = {
        word
        for found in extensions(resource, "ListWarningCode")
        for word in codes(found.get("valueCode") or found.get("valueCodeableConcept"))
    }
    notes = " ".join(string(note.get("text")) or "" for note in objs(resource.get("note")))
    said = [code for pattern, code in _NOTES if pattern.search(notes) and code not in known]
    if not said:
        return resource
    added: list[Json] = [{"url": WARNING, "valueCode": code} for code in said]
    return {**resource, "extension": [*objs(resource.get("extension")), *added]}


def _is(resource: JsonObject, kind: str) -> bool:
    return resource_type(resource) == kind
