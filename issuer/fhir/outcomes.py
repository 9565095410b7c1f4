"""What a server says of its own troubles: OperationOutcome (FHIR R4 section 2.32), told in words.

Only words of FHIR's own lists are told on: a server's free text may name the patient. What is *not*
here: what is done about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import JsonObject, parse_source_json
from healthpassport.errors import EncodingError

from .values import codes, obj, objs, string

MAX_BYTES: Final = 262_144  # of an answer whose words alone are wanted
MAX_ISSUES: Final = 50

_WORDS: Final = {
    "login": "it wants a new sign-in",
    "security": "it does not allow this",
    "forbidden": "it does not allow this",
    "unknown": "it does not know who asks",
    "expired": "the sign-in ended",
    "suppressed": "something is held back",
    "not-supported": "it cannot do something that was asked",
    "not-found": "it does not have this",
    "deleted": "it was deleted",
    "multiple-matches": "more than one fits",
    "too-long": "something is too long for it",
    "too-costly": "it is too much work for it",
    "business-rule": "a rule of its own is against it",
    "conflict": "somebody else changes it just now",
    "lock-error": "somebody else changes it just now",
    "exception": "something failed inside it",
    "no-store": "its store is away",
    "timeout": "it took too long inside it",
    "incomplete": "it could not get all of it",
    "throttled": "it is asked too often",
    "transient": "it cannot do it just now",
    "processing": "it could not work on it",
    "invalid": "it does not take the question as it is",
    "structure": "it does not take the question as it is",
    "required": "it misses something in the question",
    "value": "it does not take a value of the question",
}
# What leaves an answer with less than there is (FHIR R4, value set issue-type).
_LESS: Final = frozenset(
    {"incomplete", "timeout", "throttled", "too-costly", "no-store", "exception", "transient"}
)
_BAD: Final = frozenset({"fatal", "error"})


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue: severity, FHIR's issue type, the codes of its details, and what it is about.

    ``about`` is the server's own text: it is compared with, and never shown.
    """

    severity: str
    code: str
    details: tuple[str, ...]
    about: str

    @property
    def is_bad(self) -> bool:
        """Whether the server says that it failed."""
        return self.severity in _BAD

    @property
    def leaves_less(self) -> bool:
        """Whether the answer holds less than there is."""
        return self.code in _LESS

    @property
    def withholds(self) -> bool:
        """Whether something was held back on purpose."""
        return self.code == "suppressed"


def issues_of(outcome: JsonObject) -> tuple[Issue, ...]:
    """The issues of one OperationOutcome."""
    return tuple(
        Issue(
            severity=(string(row.get("severity")) or "").strip().lower(),
            code=(string(row.get("code")) or "").strip().lower(),
            details=tuple(codes({"coding": obj(row.get("details")).get("coding")})),
            about=(string(row.get("diagnostics")) or "").strip(),
        )
        for row in objs(outcome.get("issue"))[:MAX_ISSUES]
    )


def issues_in(body: bytes) -> tuple[Issue, ...]:
    """The issues of the OperationOutcome that ``body`` may be; none where it is something else."""
    try:
        value, _ = parse_source_json(body, max_bytes=MAX_BYTES)
    except EncodingError:
        return ()
    if not isinstance(value, dict) or value.get("resourceType") != "OperationOutcome":
        return ()
    return issues_of(value)


def words(issues: Iterable[Issue]) -> str:
    """What ``issues`` say, each once; empty where nothing of it is known."""
    return "; ".join(dict.fromkeys(_WORDS[one.code] for one in issues if one.code in _WORDS))
