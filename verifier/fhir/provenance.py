"""Where each section is from and how it was checked, as a Provenance (FHIR R4 section 6.3).

What is *not* here: what was checked in which step (docs/verification.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from healthpassport.credential import Check, VerifiedSection, VerifiedSummary
from healthpassport.encoding import Json

from .values import TERMINOLOGY, Resource, extension, plain, reference


def provenance(
    section: VerifiedSection,
    summary: VerifiedSummary,
    *,
    targets: Sequence[str],
    issuer: str | None,
    desk: str,
    evidence: str | None,
) -> Resource:
    """The Provenance of ``section`` over ``targets``; ``evidence`` is the stored presentation."""
    agents = [_agent("author", issuer)] if issuer else []
    agents.append(_agent("verifier", desk))
    entity: list[Json] = [{"role": "source", "what": reference(evidence)}] if evidence else []
    return {
        "resourceType": "Provenance",
        "extension": [_result(section, summary)],
        "target": [reference(url) for url in targets],
        **plain(occurredDateTime=section.as_of.isoformat() if section.as_of else None),
        "recorded": instant(summary.verified_at),
        "agent": list(agents),
        **plain(entity=entity),
    }


def instant(moment: datetime) -> str:
    """``moment`` as FHIR writes an instant, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _agent(kind: str, who: str) -> Resource:
    system = TERMINOLOGY + "provenance-participant-type"
    return {"type": {"coding": [{"system": system, "code": kind}]}, "who": reference(who)}


def _result(section: VerifiedSection, summary: VerifiedSummary) -> Resource:
    """The result of the verification: verdict, state, every step, and how old the lists were."""
    known: list[tuple[str, str, Json]] = [
        ("recordType", "valueCode", section.record_type),
        ("verdict", "valueCode", summary.verdict.value),
        ("state", "valueCode", section.state.value),
        ("problem", "valueString", section.code),
        ("issuer", "valueUri", section.issuer.iss if section.issuer else None),
        ("status", "valueString", section.status),
        ("issuedAt", "valueInstant", instant(section.issued_at) if section.issued_at else None),
        (
            "validUntil",
            "valueInstant",
            instant(section.valid_until) if section.valid_until else None,
        ),
        ("trustListAgeSeconds", "valueUnsignedInt", _seconds(section.trust_list_age)),
        ("statusListAgeSeconds", "valueUnsignedInt", _seconds(section.status_list_age)),
    ]
    parts: list[Json] = [{"url": n, kind: v} for n, kind, v in known if v is not None]
    parts += [_check(check) for check in section.checks]
    return extension("verification", extension=parts)


def _check(check: Check) -> Resource:
    told: list[Json] = [
        {"url": "step", "valueUnsignedInt": int(check.step)},
        {"url": "name", "valueString": check.name},
        {"url": "outcome", "valueCode": check.outcome.value},
    ]
    if check.code:
        told.append({"url": "problem", "valueString": check.code})
    return {"url": "check", "extension": told}


def _seconds(age: timedelta | None) -> int | None:
    return None if age is None else max(0, int(age.total_seconds()))
