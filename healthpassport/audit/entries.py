"""The form of an entry: canonical JSON, its hash, and what each entry follows.

Format version 1, docs/audit.md. What is *not* here: the database, the signed heads, and what an
entry may tell of (``facts``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from healthpassport.encoding import Json, b64url_encode, dump_json, jcs
from healthpassport.nhs_numbers import without_numbers
from healthpassport.terminal import visible

from .facts import Fact

VERSION: Final = 1
MAX_NAME: Final = 200  # characters of each part of an actor


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next entry goes: its trail, its number, and the hash of the entry before it."""

    trail: str
    seq: int
    previous: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """One entry as it is kept: ``entry`` is its canonical JSON, ``hash`` the digest of that."""

    seq: int
    at: datetime
    event: str
    person: str
    entry: str
    hash: str


def plain_actor(who: Actor) -> Actor:
    """``who`` as it may be written down: of bounded length, printable, without NHS numbers."""
    return Actor(*(_plain(part) for part in (who.organisation, who.desk, who.subject, who.role)))


def _plain(text: str) -> str:
    return without_numbers(visible(text[:MAX_NAME], kept="").strip())


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
