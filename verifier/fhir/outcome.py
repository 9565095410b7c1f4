"""What was found when a presentation was verified again, and refusals, as FHIR R4 says such things.

An OperationOutcome (section 2.29) for readers, inside Parameters (section 2.45) for programs. What
is *not* here: the judgement, which the service hands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json

from .values import OWN, Resource, plain

FHIR_VERSION: Final = "4.0.1"
OPERATION: Final = "verify-again"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: how grave, of which issue type, its code of ours, and words."""

    severity: str
    kind: str
    code: str
    words: str
    parts: tuple[tuple[str, str], ...] = ()


def outcome(findings: Sequence[Finding]) -> Resource:
    """The OperationOutcome of ``findings``; there is at least one."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": one.severity,
                "code": one.kind,
                "details": {"coding": [{"system": OWN + "code", "code": one.code}]},
                "diagnostics": one.words,
            }
            for one in findings
        ],
    }


def parameters(
    findings: Sequence[Finding], *, stands: bool, facts: Sequence[tuple[str, str, Json]]
) -> Resource:
    """The answer to ``$verify-again``: ``result``, each record, and the outcome in words."""
    records: list[Json] = [
        {
            "name": "record",
            "part": [{"name": name, "valueString": said} for name, said in one.parts],
        }
        for one in findings
        if one.parts
    ]
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "result", "valueBoolean": stands},
            *({"name": name, kind: value} for name, kind, value in facts),
            *records,
            {"name": "outcome", "resource": outcome(findings)},
        ],
    }


def capability(*, url: str, date: str, name: str) -> Resource:
    """What this desk offers in FHIR: one operation, and documents that it writes."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "fhirVersion": FHIR_VERSION,
        "format": ["application/fhir+json"],
        "implementation": {"description": name, "url": url},
        "rest": [
            {
                "mode": "server",
                **plain(documentation="Documents are read under /requests/{id}/fhir."),
                "operation": [
                    {
                        "name": OPERATION,
                        "definition": f"{OWN.removesuffix('StructureDefinition/')}"
                        f"OperationDefinition/{OPERATION}",
                    }
                ],
            }
        ],
    }
