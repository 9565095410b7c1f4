"""The way out to FHIR in tests: a verified summary of records, and what a document must be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from healthpassport.credential import (
    Check,
    DeskState,
    Outcome,
    Verdict,
    VerifiedIssuer,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.encoding import dump_json
from healthpassport.summary import PatientSummary, Record, definition
from issuer.fhir import Extraction, extract
from issuer.fhir.readings import READINGS
from issuer.fhir.telling import details
from verifier.fhir import Organisation
from verifier.service.export import export

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ISSUER = VerifiedIssuer("https://surgery.example", "A12345", "Example Surgery")
DESK = Organisation("Example Hospital", "RXX01")


def section_of(record: Record, **changes: Any) -> VerifiedSection:
    """``record`` as a desk has it when everything was shown and checked."""
    known = definition(record.type)
    total = len(record.items) if known.has_items else len(record.subject)
    parts: dict[str, Any] = {
        "query_id": record.type,
        "record_type": record.type,
        "state": DeskState(record.state.value),
        "shown": total,
        "total": total,
        "record_state": record.state,
        "items": record.items,
        "negations": record.negations,
        "subject": record.subject,
        "always": record.always,
        "source": {"ods": record.source.ods, "name": record.source.name, "system": "demo"},
        "window": record.window,
        "warnings": record.warnings,
        "issuer": ISSUER,
        "as_of": record.as_of,
        "issued_at": NOW - timedelta(days=1),
        "valid_until": NOW + timedelta(days=30),
        "status": "valid",
        "trust_list_age": timedelta(hours=1),
        "status_list_age": timedelta(minutes=1),
        "checks": (Check(4, "signature", Outcome.PASSED),),
    }
    return VerifiedSection(**(parts | changes))


def verified(*sections: VerifiedSection) -> VerifiedSummary:
    return VerifiedSummary(Verdict.ACCEPTED, sections, NOW, timedelta(hours=1))


def written(summary: VerifiedSummary, **more: Any) -> dict[str, Any]:
    return dict(export(summary, desk=DESK, seed="https://desk.example/requests/1", **more))


def everything(summary: PatientSummary) -> dict[str, Any]:
    """The document of ``summary`` with everything shared."""
    return written(verified(*(section_of(record) for record in summary.records)))


def read_again(document: Mapping[str, Any]) -> Extraction:
    return extract(dump_json(document))


def resources(document: Mapping[str, Any], *kinds: str) -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in document["entry"]]
    return [r for r in found if not kinds or r["resourceType"] in kinds]


def composed(document: Mapping[str, Any], title: str) -> dict[str, Any]:
    """The section called ``title``."""
    (composition,) = resources(document, "Composition")
    return next(s for s in composition["section"] if s["title"] == title)


def told_again(extraction: Extraction, section: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What the issuer's reading says of every entry that a record may hold."""
    found = []
    for entry in extraction.section(section):
        told = READINGS[section] and details(entry, extraction.index)
        if told is not None:
            found.append(({"text": entry.concept.name, **told.unit}, dict(told.fields)))
    return found


def walk(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def assert_is_a_document(document: Mapping[str, Any]) -> None:
    """The invariants of a FHIR R4 document Bundle (sections 2.36 and 3.3)."""
    assert document["type"] == "document"  # bdl-9, bdl-10
    assert document["identifier"].keys() == {"system", "value"}
    assert document["timestamp"].endswith("Z")
    entries = document["entry"]
    assert entries[0]["resource"]["resourceType"] == "Composition"  # bdl-11
    urls = Counter(entry["fullUrl"] for entry in entries)
    assert set(urls.values()) == {1}  # bdl-7
    for entry in entries:
        resource = entry["resource"]
        assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"
        inner = {f"#{held['id']}" for held in resource.get("contained", [])}
        used = {n["reference"] for n in walk(resource) if isinstance(n.get("reference"), str)}
        assert used <= urls.keys() | inner
        assert inner <= used  # dom-3
    for section in entries[0]["resource"].get("section", ()):
        assert "text" in section  # cmp-1
        assert not ("entry" in section and "emptyReason" in section)  # cmp-2
    assert not any(
        value in ("", [], {}, None) for node in walk(document) for value in node.values()
    )
