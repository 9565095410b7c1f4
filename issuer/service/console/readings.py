"""What was understood of the notes of a preparation, by whichever process looks at them.

Rules: notes are read again as they were read first, at that moment and of that person; where this
process understands something else of them, with other rules or in another release, nothing is
shown, since a clinician signs off what was looked at. A reading is remembered here for minutes.
What is *not* here: the notes themselves (``issuer.service.shelves``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from healthpassport.encoding import b64url_encode, dump_json
from healthpassport.errors import ServiceError
from healthpassport.summary import to_payload
from issuer.service.context import IssuerContext, digest
from issuer.service.reading import Reading, read_bundle, rules_of

REMEMBERED: Final = timedelta(minutes=10)
MAX_REMEMBERED: Final = 40  # a record in memory may take tens of megabytes


@dataclass(frozen=True, slots=True)
class Notes:
    """How notes were read: of which of their people, when, and a digest of what was understood."""

    subject: str | None
    read_at: datetime
    understood: str


@dataclass(frozen=True, slots=True)
class _Remembered:
    reading: Reading = field(repr=False)
    ends_at: datetime


def understood(reading: Reading) -> str:
    """A digest of all that would be issued of ``reading``."""
    told = [b64url_encode(dump_json(to_payload(one))) for one in reading.summary.records]
    return digest("\n".join(told))


class Readings:
    """Those that one process remembers. Calls may come from several threads."""

    def __init__(self, issuer: IssuerContext) -> None:
        self._issuer = issuer
        self._known: dict[str, _Remembered] = {}
        self._lock = Lock()

    def keep(self, name: str, reading: Reading) -> None:
        """Remember ``reading``; the oldest leaves where there are many."""
        now = self._issuer.clock()
        with self._lock:
            for old in [one for one, row in self._known.items() if row.ends_at <= now]:
                del self._known[old]
            while len(self._known) >= MAX_REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[name] = _Remembered(reading, now + REMEMBERED)

    def of(self, name: str, notes: Notes, data: Callable[[], bytes]) -> Reading:
        """The reading of the preparation ``name``, whose notes are ``data``.

        Raises:
            ServiceError: ``console.gone``, also where it would be another than the first.
        """
        with self._lock:
            known = self._known.get(name)
        if known is not None and known.ends_at > self._issuer.clock():
            return known.reading
        rules = rules_of(self._issuer.settings)
        reading = read_bundle(data(), rules=rules, subject=notes.subject, now=notes.read_at)
        if understood(reading) != notes.understood:
            raise ServiceError("console.gone", "it is understood in another way now")
        self.keep(name, reading)
        return reading

    def drop(self, name: str) -> None:
        """Forget the reading of the preparation ``name``."""
        with self._lock:
            self._known.pop(name, None)
