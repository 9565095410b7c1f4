"""The form of an entry: canonical JSON, its hash, and what each entry follows.

Format version 1, docs/audit.md. What is *not* here: the database, and the signed heads.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from healthpassport.encoding import Json, b64url_encode, dump_json, jcs
from healthpassport.terminal import visible
from verifier.store import Place, Sealed

from .audit_events import Fact
from .matching import is_nhs_number

VERSION: Final = 1
MAX_NAME: Final = 200  # characters of each part of an actor
_NUMBERS: Final = re.compile(r"\d(?:[ -]?\d){9,}")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: the organisation's code, the desk, a member of staff, in which role.

    ``subject`` and ``role`` are empty where nobody signed in. What looks like an NHS number is
    taken out of each part.
    """

    organisation: str
    desk: str
    subject: str = ""
    role: str = ""

    @property
    def person(self) -> str:
        """Under whom an entry is found: the member of staff, else the desk."""
        return self.subject or self.desk


@dataclass(frozen=True, slots=True)
class Happened:
    """What an entry tells, before it has a number. ``about`` is a keyed digest, or empty."""

    at: datetime
    event: str
    who: Actor
    about: str
    facts: Mapping[str, Fact]


def plain_actor(who: Actor) -> Actor:
    """``who`` as it may be written down: of bounded length, printable, without NHS numbers."""
    return Actor(*(_plain(part) for part in (who.organisation, who.desk, who.subject, who.role)))


def _plain(text: str) -> str:
    shown = visible(text[:MAX_NAME], kept="").strip()
    return _NUMBERS.sub(
        lambda run: "(number)" if _holds_number(run.group()) else run.group(), shown
    )


def _holds_number(run: str) -> bool:
    digits = "".join(c for c in run if c.isdigit())
    return any(is_nhs_number(digits[at : at + 10]) for at in range(len(digits) - 9))


def digest(data: bytes) -> str:
    """SHA-256 of ``data`` in base64url."""
    return b64url_encode(hashlib.sha256(data).digest())


def first_hash(tenant: str, trail: str) -> str:
    """What the first entry of a trail follows: the digest of the trail's own name."""
    return digest(jcs({"tenant": tenant, "trail": trail, "version": VERSION}))


def seal(happened: Happened, place: Place, tenant: str) -> Sealed:
    """``happened`` as the entry at ``place``."""
    moment = happened.at.astimezone(UTC)
    facts: dict[str, Json] = dict(sorted(happened.facts.items()))
    who = happened.who
    # Canonical (RFC 8785) because members stand in order and no number has a fraction; the general
    # way costs a third of an entry.
    entry = dump_json(
        {
            "about": happened.about,
            "at": written(moment),
            "event": happened.event,
            "facts": facts,
            "prev": place.previous,
            "seq": place.seq,
            "tenant": tenant,
            "trail": place.trail,
            "version": VERSION,
            "who": {
                "desk": who.desk,
                "organisation": who.organisation,
                "role": who.role,
                "subject": who.subject,
            },
        }
    )
    return Sealed(
        seq=place.seq,
        at=moment,
        event=happened.event,
        person=happened.who.person,
        entry=entry.decode(),
        hash=digest(entry),
    )


def written(moment: datetime) -> str:
    """A moment as entries and heads write it: UTC, whole milliseconds, Z (RFC 3339)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
