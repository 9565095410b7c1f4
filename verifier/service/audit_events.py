"""What an audit trail may tell of, and of each event the facts that may stand with it.

Rules: a closed list; a fact is a number, a yes or no, a word of ours, or a digest; never a value or
a field of a record, nor anything that came from a patient's wallet. What is *not* here: writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport import audit
from healthpassport.audit.facts import DIGEST, Fact, Forms

FORMS: Final[Forms] = MappingProxyType({"key": DIGEST, "settings": DIGEST})


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


def checked_facts(event: str, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """``facts`` as they may stand with ``event``.

    Raises:
        ServiceError: ``audit.event`` for what is not in the list.
    """
    return audit.checked_facts(event, facts, events=EVENTS, forms=FORMS)
