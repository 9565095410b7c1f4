"""What is prepared for patients, in memory alone, for a short time, and bounded.

Rules: a patient's record is read for one preparation and forgotten with it; a restart forgets all;
nothing of it is written anywhere (docs/adr/0065). Steps follow one another under one lock, so that
a form that is sent twice does its work once. What is *not* here: what is allowed at each step
(``signing``, ``handing``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock
from typing import Any, Final

from healthpassport.errors import ServiceError
from issuer.client import Found
from issuer.service.reading import Reading
from issuer.service.sources import SourceReference

from .identity import IdentityCheck
from .staff import StaffMember

HELD: Final = timedelta(minutes=60)  # from the last step
MAX_HELD: Final = 40  # preparations at once; a record in memory may take tens of megabytes
MAX_SEARCHES: Final = 200


class Step(StrEnum):
    """How far a preparation is."""

    OPENED = "opened"
    WAITING = "waiting"  # for a clinician's sign-off
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Who:
    """The patient, as staff compare them with the person in front of them."""

    family_name: str
    given_names: tuple[str, ...]
    birth_date: str
    nhs_number: str


@dataclass(frozen=True, slots=True)
class Preparation:
    """One patient's record on its way; ``reference`` is None for a file that was brought."""

    id: str
    who: Who = field(repr=False)
    reading: Reading = field(repr=False)
    reference: SourceReference | None = field(repr=False)
    opened_by: StaffMember
    opened_at: datetime
    ends_at: datetime
    step: Step = Step.OPENED
    checked: IdentityCheck | None = None
    vouched_by: str = ""
    wanted: tuple[str, ...] = ()
    prepared_by: StaffMember | None = None
    signed_by: StaffMember | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    """What a preparation became; the record itself is let go."""

    offer: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Search:
    """Who was found, so that one of them can be chosen without naming them in an address."""

    id: str
    found: tuple[Found, ...] = field(repr=False)
    kind: str
    by: str
    ends_at: datetime


class Preparations:
    """All preparations of one process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._held: dict[str, Preparation] = {}
        self._searches: dict[str, Search] = {}
        self._done: dict[str, _Done] = {}
        self._lock = Lock()

    def add(self, made: Preparation) -> None:
        """Hold ``made``.

        Raises:
            ServiceError: ``console.full``.
        """
        with self._lock:
            self._forget()
            if len(self._held) >= MAX_HELD:
                raise ServiceError("console.full")
            self._held[made.id] = made

    def find(self, name: str) -> Preparation:
        """The preparation of this name.

        Raises:
            ServiceError: ``console.gone``.
        """
        with self._lock:
            return self._there(name)

    def change(self, name: str, step: Callable[[Preparation], Preparation]) -> Preparation:
        """Take a step with the preparation ``name``; nobody else takes one meanwhile.

        Raises:
            ServiceError: ``console.gone``, and what ``step`` refuses.
        """
        with self._lock:
            changed = replace(step(self._there(name)), ends_at=self._clock() + HELD)
            self._held[name] = changed
            return changed

    def finish(self, name: str, step: Callable[[Preparation], str]) -> str:
        """The offer that ``step`` makes of the preparation ``name``, or made of it before.

        The record is let go, and ``step`` runs once, however often this is called.

        Raises:
            ServiceError: ``console.gone``, and what ``step`` refuses.
        """
        with self._lock:
            self._forget()
            if name not in self._done:
                offer = step(self._there(name))
                self._done[name] = _Done(offer, self._clock() + HELD)
                del self._held[name]
            return self._done[name].offer

    def offer_of(self, name: str) -> str:
        """The offer that was made of the preparation ``name``; empty where none was."""
        with self._lock:
            self._forget()
            return self._done[name].offer if name in self._done else ""

    def drop(self, name: str) -> None:
        """Forget the preparation ``name``."""
        with self._lock:
            self._held.pop(name, None)

    def waiting(self) -> tuple[Preparation, ...]:
        """Those that are not offered yet, the oldest first."""
        with self._lock:
            self._forget()
            return tuple(sorted(self._held.values(), key=lambda one: one.opened_at))

    def keep_search(self, search: Search) -> None:
        """Hold ``search``; the oldest leave where there are many."""
        with self._lock:
            self._forget()
            while len(self._searches) >= MAX_SEARCHES:
                del self._searches[next(iter(self._searches))]
            self._searches[search.id] = search

    def searched(self, name: str, *, by: str) -> Search:
        """The search of this name, for whoever made it.

        Raises:
            ServiceError: ``console.gone``.
        """
        with self._lock:
            self._forget()
            found = self._searches.get(name)
        if found is None or found.by != by:
            raise ServiceError("console.gone")
        return found

    def _there(self, name: str) -> Preparation:
        self._forget()
        if name not in self._held:
            raise ServiceError("console.gone")
        return self._held[name]

    def _forget(self) -> None:
        now = self._clock()
        for rows in (self._held, self._searches, self._done):
            _drop_ended(rows, now)


def _drop_ended(rows: dict[str, Any], now: datetime) -> None:
    for name in [name for name, row in rows.items() if row.ends_at <= now]:
        del rows[name]
