"""What of a result is written to a hospital's own record (FHIR R4 section 3.1.0.11, transaction).

Rules: entries are unconfirmed statements for a clinician to reconcile, never orders, and stand
beside the hospital's own, of which none is changed; only what was shown and passed every check
becomes an entry; that there is none is never written, whoever says so, nor that something was held
back: the document, which goes along whole, says both. Each entry is created only where it is not
there already. What is *not* here: which patient it is, which the service hands in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from healthpassport.credential import DeskState, VerifiedIssuer
from healthpassport.encoding import Json, b64_encode, dump_json, jcs

from . import allergies, immunisations, medicines, problems
from .document import Organisation
from .provenance import instant
from .sections import Told, Writer
from .values import ODS, OWN, TERMINOLOGY, Resource, coded, extension, plain, reference

IMPORT: Final = OWN.removesuffix("StructureDefinition/") + "import"
TAG: Final = {
    "system": OWN.removesuffix("StructureDefinition/") + "CodeSystem/import",
    "code": "not-reconciled",
    "display": "Shared by the patient, not reconciled",
}
WRITTEN: Final = frozenset({DeskState.ITEMS, DeskState.PARTLY_SHARED, DeskState.ONLY_INACTIVE})
# A medicine is what the patient takes, not an order: nobody dispenses a statement.
WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "AllergySummary": allergies.allergy,
        "MedicationSummary": medicines.statement,
        "ProblemSummary": problems.problem,
        "ImmunisationSummary": immunisations.immunisation,
        "ProcedureSummary": problems.procedure,
    }
)
_CERTAINTY: Final = MappingProxyType(
    {
        "AllergyIntolerance": "allergyintolerance-verification",
        "Condition": "condition-ver-status",
    }
)
_UNCONFIRMED: Final = "unconfirmed"
_DOCUMENT_TYPE: Final = {"system": "http://loinc.org", "code": "60591-5"}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the transaction in words: resource type, record type, title and its own text.

    The document is of no record type.
    """

    kind: str
    record_type: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Import:
    """A transaction and, entry for entry, what it writes."""

    bundle: Resource
    lines: tuple[Line, ...]


def transaction(
    told: Sequence[Told],
    *,
    patient: str,
    document: Resource,
    desk: Organisation,
    at: datetime,
) -> Import:
    """The transaction that adds ``document`` and its checked entries to ``patient``.

    Args:
        told: the sections of the result.
        patient: the reference of the patient who was confirmed, ``Patient/ID``.
        document: the whole result as a FHIR document, which is kept as it is.
        desk: the organisation that verified.
        at: when the result was verified, so that writing it again makes the same transaction.
    """
    entries: list[Json] = []
    lines: list[Line] = []
    urls_used: set[str] = set()

    def add(resource: Resource, key: str, line: Line, *, search: str = "identifier") -> str:
        url = f"urn:uuid:{key[:8]}-{key[8:12]}-5{key[13:16]}-8{key[17:20]}-{key[20:32]}"
        kind = str(resource["resourceType"])
        if url in urls_used:  # two records say the same; a Bundle holds an address once (bdl-7)
            return url
        urls_used.add(url)
        request = {"method": "POST", "url": kind, "ifNoneExist": f"{search}={IMPORT}|{key}"}
        entries.append({"fullUrl": url, "resource": resource, "request": request})
        lines.append(line)
        return url

    whole = _kept(document, patient, desk, at)
    key = _key("DocumentReference", document.get("identifier"), patient)
    held = add({**whole, "identifier": [_identifier(key)]}, key, _line(whole, None))
    for one in told:
        urls = []
        for resource in _resources(one, patient):
            key = _key(resource, one.section.issuer.iss if one.section.issuer else "")
            marked = {**resource, "identifier": [_identifier(key)]}
            urls.append(add(marked, key, _line(resource, one)))
        if urls:
            made = _provenance(one, urls, desk=desk, document=held, at=at)
            key = _key("Provenance", document.get("identifier"), one.section.query_id, patient)
            made["meta"] = {"tag": [TAG, _identifier_tag(key)]}
            add(made, key, _line(made, one), search="_tag")
    return Import({"resourceType": "Bundle", "type": "transaction", "entry": entries}, tuple(lines))


def _resources(told: Told, patient: str) -> list[Resource]:
    """The entries of a section; none unless what it shows was checked and is not out of date."""
    section = told.section
    write = WRITERS.get(section.record_type)
    if write is None or section.state not in WRITTEN or not told.goes_out:
        return []
    return [_unconfirmed(write(item, patient), section.issuer) for item in section.items]


def _unconfirmed(resource: Resource, issuer: VerifiedIssuer | None) -> Resource:
    """``resource`` as something that a clinician here has not confirmed."""
    made = dict(resource)
    kind = str(made["resourceType"])
    made["meta"] = plain(source=issuer.iss if issuer else None, tag=[TAG])
    system = _CERTAINTY.get(kind)
    if system is not None:
        own = made.get("verificationStatus")
        if own is not None:
            kept = extension("source-verification-status", valueCodeableConcept=own)
            others = made.get("extension", [])
            made["extension"] = [*(others if isinstance(others, list) else []), kept]
        known = frozenset({_UNCONFIRMED})
        made["verificationStatus"] = coded(_UNCONFIRMED, TERMINOLOGY + system, known)
    if kind == "Immunization":
        made["primarySource"] = False
    return made


def _kept(document: Resource, patient: str, desk: Organisation, at: datetime) -> Resource:
    """The document itself, in one piece, so that it can be verified again."""
    return {
        "resourceType": "DocumentReference",
        "meta": {"tag": [TAG]},
        "status": "current",
        "docStatus": "preliminary",
        "type": {"coding": [_DOCUMENT_TYPE], "text": "Patient summary"},
        "subject": reference(patient),
        "date": instant(at),
        "author": [_who(desk)],
        "description": "Summary that the patient shared, as it was verified. Not reconciled.",
        "content": [
            {
                "attachment": {
                    "contentType": "application/fhir+json",
                    "data": b64_encode(dump_json(document)),
                    "title": "Patient summary, as shared by the patient",
                }
            }
        ],
    }


def _provenance(
    told: Told, urls: Sequence[str], *, desk: Organisation, document: str, at: datetime
) -> Resource:
    section = told.section
    agents = [("verifier", desk)]
    if section.issuer is not None:
        agents.insert(0, ("author", Organisation(section.issuer.name, section.issuer.ods)))
    system = TERMINOLOGY + "provenance-participant-type"
    return {
        "resourceType": "Provenance",
        "target": [reference(url) for url in urls],
        **plain(occurredDateTime=section.as_of.isoformat() if section.as_of else None),
        "recorded": instant(at),
        "agent": [
            {"type": {"coding": [{"system": system, "code": kind}]}, "who": _who(who)}
            for kind, who in agents
        ],
        "entity": [{"role": "source", "what": reference(document)}],
    }


def _who(organisation: Organisation) -> Resource:
    """An organisation by name and number: none is made in the hospital's system."""
    number = {"system": ODS, "value": organisation.ods} if organisation.ods else None
    return {**plain(identifier=number), "display": organisation.name}


def _identifier(key: str) -> Resource:
    return {"system": IMPORT, "value": key}


def _identifier_tag(key: str) -> Resource:
    """Provenance has no identifier in R4: what it is found by again is a tag."""
    return {"system": IMPORT, "code": key}


def _key(*parts: Json) -> str:
    """What names the same entry again, whoever shares it when: a hash of what it says."""
    return hashlib.sha256(jcs(list(parts))).hexdigest()


def _line(resource: Resource, told: Told | None) -> Line:
    """What a person reads of an entry."""
    found: Json = resource.get("code") or resource.get("medicationCodeableConcept")
    contained = resource.get("contained")
    if found is None and isinstance(contained, list) and isinstance(contained[0], Mapping):
        found = contained[0].get("code")
    found = found or resource.get("vaccineCode")
    text = found.get("text") if isinstance(found, Mapping) else None
    kind = str(resource["resourceType"])
    if told is None:
        return Line(kind, "", "Document", "")
    return Line(kind, told.section.record_type, told.title, str(text or ""))
