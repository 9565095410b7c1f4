"""What ``$verify-again`` found, in words and as FHIR.

What is *not* here: the judgement (``again``).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from healthpassport.encoding import Json
from healthpassport.summary import definition, record_types
from verifier.fhir.outcome import Finding, parameters

from .again import Again, Content, RecordAgain, Standing

WORDS: Final = MappingProxyType(
    {
        Standing.STANDS: "It stands today as it was shown.",
        Standing.ENDED: "It was good when it was shown. Its time has ended since.",
        Standing.WITHDRAWN: "The issuer's list calls it withdrawn today.",
        Standing.KEY: "The trust list does not vouch today for the key that signed it.",
        Standing.UNSURE: "It could not be checked with the lists at hand.",
        Standing.FAILED: "It fails a check, whatever the lists say.",
    }
)
CONTENT: Final = MappingProxyType(
    {
        Content.SAME: "The document says what the presentation proves.",
        Content.PARTLY: "The document was compared only with what can still be proven.",
        Content.NOT_COMPARED: "There was no document to compare the presentation with.",
    }
)
_THEN_VALID: Final = "When it was shown, the document says, it was not withdrawn."
# FHIR R4 issue-severity and issue-type.
_ISSUE: Final = MappingProxyType(
    {
        Standing.STANDS: ("information", "informational"),
        Standing.ENDED: ("warning", "expired"),
        Standing.WITHDRAWN: ("error", "business-rule"),
        Standing.KEY: ("error", "security"),
        Standing.UNSURE: ("warning", "incomplete"),
        Standing.FAILED: ("error", "invalid"),
    }
)


def title(record: RecordAgain) -> str:
    """The record type in clinical words."""
    known = record.record_type in record_types()
    return definition(record.record_type).labels["en"].clinical if known else record.record_type


def words(record: RecordAgain) -> str:
    """One line on ``record``."""
    said = [f"{title(record)}: {WORDS[record.standing]}"]
    if record.standing is Standing.WITHDRAWN and record.status_then == "valid":
        said.append(_THEN_VALID)
    return " ".join(said)


def again_fhir(found: Again) -> dict[str, Json]:
    """``found`` as Parameters."""
    findings = [_finding(record) for record in found.records]
    kind = "informational" if found.content is Content.SAME else "incomplete"
    about = Finding("information", kind, f"content.{found.content}", CONTENT[found.content])
    return parameters(
        [*findings, about],
        stands=found.stands,
        facts=(
            ("shownAt", "valueInstant", _instant(found.shown_at.isoformat(timespec="seconds"))),
            ("checkedAt", "valueInstant", _instant(found.checked_at.isoformat(timespec="seconds"))),
            ("askedHere", "valueBoolean", found.asked_here),
            ("content", "valueCode", found.content.value),
            (
                "trustListAgeSeconds",
                "valueUnsignedInt",
                max(0, int(found.trust_list_age.total_seconds())),
            ),
        ),
    )


def again_json(found: Again) -> dict[str, Json]:
    """``found`` for ``--json``."""
    return {
        "version": 1,
        "stands": found.stands,
        "shownAt": found.shown_at.isoformat(timespec="seconds"),
        "checkedAt": found.checked_at.isoformat(timespec="seconds"),
        "askedHere": found.asked_here,
        "content": found.content.value,
        "trustListAgeSeconds": int(found.trust_list_age.total_seconds()),
        "records": [
            {
                "query": one.query_id,
                "type": one.record_type,
                "standing": one.standing.value,
                "code": one.code,
                "issuer": one.issuer,
                "statusThen": one.status_then,
                "words": words(one),
            }
            for one in found.records
        ],
    }


def _finding(record: RecordAgain) -> Finding:
    severity, kind = _ISSUE[record.standing]
    parts = [
        ("type", record.record_type),
        ("standing", record.standing.value),
        ("code", record.code or ""),
        ("issuer", record.issuer),
        ("statusThen", record.status_then or ""),
    ]
    kept = tuple((name, said) for name, said in parts if said)
    return Finding(severity, kind, record.code or record.standing.value, words(record), kept)


def _instant(text: str) -> str:
    return text.replace("+00:00", "Z")
