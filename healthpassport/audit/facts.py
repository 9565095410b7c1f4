"""Facts beside an event: of a closed list, and of a form that nothing clinical fits in.

Rules: a fact is a number, a yes or no, a word of ours, or a text of a form that the app names; what
an entry is about stands there as a keyed digest. What is *not* here: which events and facts there
are; each app has its list.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from healthpassport.encoding import b64url_encode
from healthpassport.errors import ServiceError

Fact: TypeAlias = bool | int | str
Events: TypeAlias = Mapping[str, frozenset[str]]
Forms: TypeAlias = Mapping[str, re.Pattern[str]]

# A word of ours: a template, an error code, a relationship. No ten digits in a row fit in it.
WORD: Final = re.compile(r"(?!.*\d{7})[a-z][A-Za-z0-9_.-]{0,63}")
DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{43}")
MAX_NUMBER: Final = 2**53 - 1
LATE: Final = "late"  # stands with any event that could not be written when it happened
_NO_FORMS: Final[Forms] = MappingProxyType({})


def checked_facts(
    event: str, facts: Mapping[str, Fact], *, events: Events, forms: Forms = _NO_FORMS
) -> dict[str, Fact]:
    """``facts`` as they may stand with ``event``.

    Args:
        event: what happened.
        facts: what is told of it.
        events: the app's list: the facts that each event may hold.
        forms: of which form a text is, by the name of its fact; the others are words.

    Raises:
        ServiceError: ``audit.event`` for what is not in the list.
    """
    allowed = events.get(event)
    if allowed is None:
        raise ServiceError("audit.event", "there is no such event")
    for name, value in facts.items():
        if name not in allowed and name != LATE:
            raise ServiceError("audit.event", f"{event} holds no such fact")
        if not _allowed(value, forms.get(name, WORD)):
            raise ServiceError("audit.event", f"{name} of {event} is nothing that may stand there")
    return dict(facts)


def keyed_digest(key: bytes, kind: str, text: str) -> str:
    """HMAC-SHA-256 of ``text`` in base64url; two kinds of the same text have nothing in common."""
    return b64url_encode(hmac.new(key, f"{kind}\x00{text}".encode(), hashlib.sha256).digest())


def _allowed(value: Fact, form: re.Pattern[str]) -> bool:
    if isinstance(value, int):  # a bool is one
        return 0 <= value <= MAX_NUMBER
    return bool(form.fullmatch(value))
