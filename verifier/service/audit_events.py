"""What an audit trail may tell of, and of each event the facts that may stand with it.

Rules: a closed list; a fact is a number, a yes or no, a word of ours, or a digest; never a value or
a field of a record, nor anything that came from a patient's wallet. What is *not* here: writing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from healthpassport.errors import ServiceError

Fact: TypeAlias = bool | int | str

# A word of ours: a template, an error code, a relationship. No ten digits in a row fit in it.
_WORD: Final = re.compile(r"(?!.*\d{7})[a-z][A-Za-z0-9_.-]{0,63}")
_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_DIGESTS: Final = frozenset({"key", "settings"})
MAX_NUMBER: Final = 2**53 - 1


def _facts(*names: str) -> frozenset[str]:
    return frozenset(names)


EVENTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "trail.begun": _facts(),
        "trail.pruned": _facts("through"),
        "trail.read": _facts(),
        "trail.exported": _facts(),
        "desk.started": _facts("key", "settings"),
        "api_key.made": _facts(),
        "api_key.removed": _facts(),
        "request.made": _facts("template"),
        "request.timed_out": _facts(),
        "answer.accepted": _facts("acting"),
        "answer.refused": _facts("code"),
        "answer.declined": _facts(),
        "result.confirmed": _facts(),
        "result.not_confirmed": _facts("tries"),
        "result.opened": _facts("relationship", "part"),
        "result.exported": _facts("form", "presentation"),
        "result.closed": _facts(),
        "result.timed_out": _facts(),
        "card.read": _facts("reason", "accepted", "code"),
        "card.closed": _facts(),
        "receipt.given": _facts("kind"),
        "care.stated": _facts("relationship"),
        "sign_in.made": _facts("way"),
        "sign_in.refused": _facts("code"),
        "sign_out.made": _facts(),
        "webhook.sent": _facts("attempts"),
        "webhook.failed": _facts("attempts", "code"),
        "record.written": _facts("entries"),
        "record.refused": _facts("code"),
        "presentation.verified_again": _facts("outcome"),
    }
)
LATE: Final = "late"  # stands with any event that could not be written when it happened


def checked_facts(event: str, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """``facts`` as they may stand with ``event``.

    Raises:
        ServiceError: ``audit.event`` for what is not in the list.
    """
    allowed = EVENTS.get(event)
    if allowed is None:
        raise ServiceError("audit.event", "there is no such event")
    for name, value in facts.items():
        if name not in allowed and name != LATE:
            raise ServiceError("audit.event", f"{event} holds no such fact")
        if not _allowed(name, value):
            raise ServiceError("audit.event", f"{name} of {event} is nothing that may stand there")
    return dict(facts)


def _allowed(name: str, value: Fact) -> bool:
    if isinstance(value, int):  # a bool is one
        return 0 <= value <= MAX_NUMBER
    return bool((_DIGEST if name in _DIGESTS else _WORD).fullmatch(value))
