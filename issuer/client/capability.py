"""What a server says that it can do: its CapabilityStatement (FHIR R4 section 5.2).

Rules: what it does not say it can, it is not asked. What is *not* here: what follows for a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import JsonObject
from healthpassport.errors import SourceError
from issuer.fhir.source import resource_type
from issuer.fhir.values import objs, string, strings

VERSIONS: Final = ("4.0", "4.3")  # R4, R4B
EVERYTHING: Final = "everything"
SUMMARY: Final = "summary"


@dataclass(frozen=True, slots=True)
class Capability:
    """By type: the search parameter that names the patient, and what may be included.

    A type that cannot be searched is absent. ``operations`` are those on one Patient.
    """

    patient_parameters: Mapping[str, str]
    operations: frozenset[str]

    def can_search(self, kind: str) -> bool:
        """Whether resources of ``kind`` can be asked for at all."""
        return kind in self.patient_parameters


def read_capability(statement: JsonObject) -> Capability:
    """What ``statement`` says.

    Raises:
        SourceError: ``source.version`` for another FHIR than R4, ``source.answer`` for what is no
            statement.
    """
    if resource_type(statement) != "CapabilityStatement":
        raise SourceError("source.answer", "its metadata is no CapabilityStatement")
    if not (string(statement.get("fhirVersion")) or "").startswith(VERSIONS):
        raise SourceError("source.version")
    servers = [r for r in objs(statement.get("rest")) if string(r.get("mode")) in {"server", None}]
    found = {
        kind: parameter
        for server in servers
        for resource in objs(server.get("resource"))
        if (kind := string(resource.get("type"))) is not None and _searches(resource)
        for parameter in [_patient_parameter(resource)]
    }
    operations = {name for server in servers for name in _operations(server)}
    return Capability(found, frozenset(operations))


def _searches(resource: JsonObject) -> bool:
    said = [string(row.get("code")) for row in objs(resource.get("interaction"))]
    return "search-type" in said


def _patient_parameter(resource: JsonObject) -> str:
    """The parameter that names the patient; a statement may leave the usual one unsaid."""
    named = [string(row.get("name")) for row in objs(resource.get("searchParam"))]
    return "subject" if "subject" in named and "patient" not in named else "patient"


def _operations(server: JsonObject) -> Iterator[str]:
    rows = [
        row
        for resource in objs(server.get("resource"))
        if string(resource.get("type")) == "Patient"
        for row in objs(resource.get("operation"))
    ]
    for row in [*rows, *objs(server.get("operation"))]:
        named = [string(row.get("name")) or "", *strings(row.get("definition"))]
        for name in (EVERYTHING, SUMMARY):
            ends = (f"patient-{name}", f"/{name}")
            if any(
                text.lower().removeprefix("$") == name or text.lower().endswith(ends)
                for text in named
            ):
                yield name
