"""What is prepared for patients: sealed in the database, for a short time, and bounded.

Rules: a patient's notes are read for one preparation and erased with it (docs/adr/0078); every
process reads the same of them, or nothing. One step is taken at a time on all machines, so that a
form that is sent twice does its work once. What is *not* here: what is allowed at each step
(``signing``, ``handing``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter

from healthpassport.errors import ServiceError
from issuer.client import Found
from issuer.service.context import IssuerContext
from issuer.service.reading import Reading
from issuer.service.shelves import Kind, Shelf
from issuer.service.sources import SourceReference

from .identity import IdentityCheck
from .readings import Notes, Readings
from .second_look import WithoutReason
from .staff import StaffMember

HELD: Final = timedelta(minutes=60)  # from the last step
SEARCH_HELD: Final = timedelta(minutes=10)
MAX_HELD: Final = 200  # preparations at once, of all machines
MAX_SEARCHES: Final = 1_000
MAX_DONE: Final = 10_000
PAUSE: Final = 0.1  # seconds
PAUSES: Final = 150  # that a form waits for the same form that was sent before


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """One patient's record on its way; ``source`` says where it was read, in a form to be kept.

    It is empty for a file that was brought.
    """

    id: str
    who: Who = field(repr=False)
    notes: Notes = field(repr=False)
    source: str = field(repr=False)
    opened_by: StaffMember
    opened_at: datetime
    step: Step = Step.OPENED
    checked: IdentityCheck | None = None
    vouched_by: str = ""
    wanted: tuple[str, ...] = ()
    prepared_by: StaffMember | None = None
    signed_by: StaffMember | None = None
    without_reason: WithoutReason | None = None

    @property
    def reference(self) -> SourceReference | None:
        """Where the record is read again; None for a file that was brought."""
        return SourceReference.parse(self.source.encode()) if self.source else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation(Underway):
    """What is under way, with what was understood of the notes."""

    reading: Reading = field(repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """What a preparation became; the record itself is let go."""

    offer: str


@dataclass(frozen=True, slots=True)
class Search:
    """Who was found, so that one of them can be chosen without naming them in an address."""

    id: str
    found: tuple[Found, ...] = field(repr=False)
    kind: str
    by: str


UNDERWAY: Final = Kind("preparation", TypeAdapter(Underway), MAX_HELD, oldest_leaves=False)
SEARCHES: Final = Kind("search", TypeAdapter(Search), MAX_SEARCHES)
DONE: Final = Kind("done", TypeAdapter(Done), MAX_DONE)


class Preparations:
    """All preparations of one issuer, whichever process they began in."""

    def __init__(self, issuer: IssuerContext) -> None:
        self._issuer = issuer
        self._held = Shelf(issuer, UNDERWAY)
        self._searches = Shelf(issuer, SEARCHES)
        self._done = Shelf(issuer, DONE)
        self._readings = Readings(issuer)

    def add(self, made: Preparation, notes: bytes) -> None:
        """Hold ``made``, which was read of ``notes``.

        Raises:
            ServiceError: ``console.full``.
        """
        self._held.add(made.id, _without(made), ends_at=self._end(), notes=notes)
        self._readings.keep(made.id, made.reading)

    def find(self, name: str) -> Preparation:
        """The preparation of this name.

        Raises:
            ServiceError: ``console.gone``.
        """
        return self._with(self._held.find(name))

    def change(self, name: str, step: Callable[[Preparation], Preparation]) -> Preparation:
        """Take a step with the preparation ``name``; nobody else takes one meanwhile.

        Raises:
            ServiceError: ``console.gone``, and what ``step`` refuses.
        """
        reading = self.find(name).reading  # before the transaction: it may take a while
        changed = self._held.change(
            name,
            lambda one: _without(step(_joined(one, reading))),
            ends_at=self._end(),
        )
        return _joined(changed, reading)

    def finish(self, name: str, step: Callable[[Preparation], str]) -> str:
        """The offer that ``step`` makes of the preparation ``name``, or made of it before.

        The record is let go, and ``step`` runs once, however often this is called, and wherever.

        Raises:
            ServiceError: ``console.gone``, ``console.busy``, and what ``step`` refuses.
        """
        for _ in range(PAUSES):
            try:
                return self.offer_of(name) or self._finished(name, step)
            except ServiceError as error:
                if error.code != "console.busy":
                    raise
            time.sleep(PAUSE)
        raise ServiceError("console.busy")

    def offer_of(self, name: str) -> str:
        """The offer that was made of the preparation ``name``; empty where none was."""
        try:
            return self._done.find(name).offer
        except ServiceError as error:
            if error.code != "console.gone":
                raise
            return ""

    def drop(self, name: str) -> None:
        """Forget the preparation ``name``."""
        self._readings.drop(name)
        self._held.drop(name)

    def waiting(self) -> tuple[Underway, ...]:
        """Those that are not offered yet, the oldest first."""
        return tuple(sorted(self._held.every(), key=lambda one: one.opened_at))

    def keep_search(self, search: Search) -> None:
        """Hold ``search``; the oldest leave where there are many."""
        self._searches.add(search.id, search, ends_at=self._issuer.clock() + SEARCH_HELD)

    def searched(self, name: str, *, by: str) -> Search:
        """The search of this name, for whoever made it.

        Raises:
            ServiceError: ``console.gone``.
        """
        found = self._searches.find(name)
        if found.by != by:
            raise ServiceError("console.gone")
        return found

    def _finished(self, name: str, step: Callable[[Preparation], str]) -> str:
        try:
            with self._held.alone(name) as held:
                offer = step(self._with(held))
                with self._issuer.store.writing() as tx:
                    self._held.drop_in(tx, name)
                    self._done.add_in(tx, name, Done(offer), ends_at=self._end())
        except ServiceError as error:
            # Another process may have ended it since we looked.
            if error.code == "console.gone" and (offer := self.offer_of(name)):
                return offer
            raise
        self._readings.drop(name)
        self._issuer.store.wipe()
        return offer

    def _with(self, held: Underway) -> Preparation:
        notes = held.notes
        return _joined(held, self._readings.of(held.id, notes, lambda: self._held.notes(held.id)))

    def _end(self) -> datetime:
        return self._issuer.clock() + HELD


def _joined(held: Underway, reading: Reading) -> Preparation:
    return Preparation(**_values(held), reading=reading)


def _without(held: Preparation) -> Underway:
    return Underway(**_values(held))


def _values(held: Underway) -> dict[str, Any]:
    return {one.name: getattr(held, one.name) for one in fields(Underway)}
