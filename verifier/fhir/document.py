"""A VerifiedSummary as a FHIR R4 document Bundle, shaped like an International Patient Summary.

The Composition stands first, then the person, the organisations, the content of each section and a
Provenance for each. Identifiers are made from the request's own, so that writing twice gives the
same document. What is *not* here: reading FHIR, which the desk never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from healthpassport.credential import DeskState, VerifiedSummary
from healthpassport.encoding import Json, b64_encode

from .narrative import text
from .patient import IDENTITY, patient
from .provenance import instant, provenance
from .sections import UNCERTAIN, Told, composed, resources, uncertain_label
from .values import ODS, Resource, plain, reference, words

_TYPE: Final = {"system": "http://loinc.org", "code": "60591-5"}
_TITLE: Final = "Patient summary, as shared by the patient"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation by name and, where it has one, ODS code."""

    name: str
    ods: str = ""


@dataclass(slots=True)
class _Entries:
    """The entries of the Bundle; each resource gets its address when it is added."""

    seed: str
    rows: list[Json] = field(default_factory=list)

    def add(self, resource: Resource, name: str = "") -> str:
        """Add ``resource`` and return its fullUrl."""
        url = self.address(name or str(len(self.rows)))
        identified = {"resourceType": resource["resourceType"], "id": url[-36:]}
        self.rows.append({"fullUrl": url, "resource": identified | resource})
        return url

    def address(self, name: str) -> str:
        """The address of the resource called ``name``."""
        return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{self.seed}#{name}')}"


def document(
    summary: VerifiedSummary,
    told: Sequence[Told],
    *,
    desk: Organisation,
    seed: str,
    cautions: Sequence[str] = (),
    presentation: bytes | None = None,
) -> Resource:
    """The Bundle of ``summary``, whose sections ``told`` has in words.

    Args:
        summary: what was proven.
        told: its sections in the order in which they are to stand.
        desk: the organisation that verified.
        seed: what names this request, an address or identifier.
        cautions: what a reader must know before anything else.
        presentation: the presentation itself, only where it is to be added to a record.
    """
    entries = _Entries(seed)
    out = [one for one in told if one.goes_out]
    first = entries.add({"resourceType": "Composition"}, "composition")
    person = entries.add(_person(out), "patient")
    author = entries.add(_organisation(desk), "desk")
    issuers = _issuers(out, entries)
    evidence = _evidence(presentation, entries, person, summary) if presentation else None
    sections: list[Json] = []
    targets: list[tuple[Told, list[str]]] = []
    for one in told:
        urls = [entries.add(resource) for resource in resources(one, person)]
        is_person = one.section.record_type == IDENTITY and one.goes_out
        if not is_person:
            sections.append(composed(one, urls, _issuer(one, issuers)))
        targets.append((one, [person] if is_person else urls or [first]))
    for one, urls in targets:
        if one.section.checks and one.section.state is not DeskState.NOT_CHECKED:
            made = provenance(
                one.section,
                summary,
                targets=urls,
                issuer=_issuer(one, issuers),
                desk=author,
                evidence=evidence if one.goes_out else None,
            )
            entries.add(made)
    composition = _composition(summary, person, author, sections)
    if cautions:
        composition["text"] = text(cautions, (), ())
    entries.rows[0] = {"fullUrl": first, "resource": {**composition, "id": first[-36:]}}
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": entries.address("document")},
        "type": "document",
        "timestamp": instant(summary.verified_at),
        "entry": entries.rows,
    }


def _composition(
    summary: VerifiedSummary, person: str, author: str, sections: list[Json]
) -> Resource:
    return {
        "resourceType": "Composition",
        "status": "final",
        "type": {"coding": [_TYPE], "text": "Patient summary"},
        "subject": reference(person),
        "date": instant(summary.verified_at),
        "author": [reference(author)],
        "title": _TITLE,
        **plain(section=sections),
    }


def _person(out: Sequence[Told]) -> Resource:
    """The Patient, marked where nothing that names the person could be settled."""
    made = patient(one.section for one in out)
    if all(one.section.state in UNCERTAIN for one in out):
        return {**made, "meta": {"security": [uncertain_label()]}}
    return made


def _organisation(known: Organisation) -> Resource:
    number = [{"system": ODS, "value": known.ods}] if known.ods else None
    return {"resourceType": "Organization", **plain(identifier=number), "name": known.name}


def _issuers(told: Sequence[Told], entries: _Entries) -> dict[str, str]:
    """One Organization for each issuer, by its address in the trust list."""
    found = {one.section.issuer.iss: one.section.issuer for one in told if one.section.issuer}
    return {
        iss: entries.add(_organisation(Organisation(one.name, one.ods)), f"issuer {iss}")
        for iss, one in found.items()
    }


def _issuer(told: Told, issuers: dict[str, str]) -> str | None:
    return issuers.get(told.section.issuer.iss) if told.section.issuer else None


def _evidence(presentation: bytes, entries: _Entries, person: str, summary: VerifiedSummary) -> str:
    """The presentation as a Binary, and the DocumentReference that says what it is."""
    kind = "application/json"
    held = entries.add(
        {"resourceType": "Binary", "contentType": kind, "data": b64_encode(presentation)},
        "presentation",
    )
    return entries.add(
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "type": words("Signed presentation, to be verified again"),
            "subject": reference(person),
            "date": instant(summary.verified_at),
            "content": [{"attachment": {"contentType": kind, "url": held}}],
        },
        "evidence",
    )
