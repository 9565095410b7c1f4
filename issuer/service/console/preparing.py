"""What is prepared for patients: sealed in the database, for a short time, and bounded.

Rules: a patient's notes are read for one preparation and erased with it (docs/adr/0078); every
process reads the same of them, or nothing. One step is taken at a time on all machines. A
preparation ends in the very transaction that makes its offer, so that a form that is sent twice, or
one that comes after it was dropped, makes nothing. What is *not* here: what is allowed at each step
(``signing``, ``handing``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter
from sqlalchemy import Connection

from healthpassport.errors import ServiceError
from issuer.client import Found
from issuer.service.context import IssuerContext
from issuer.service.reading import Reading
from issuer.service.shelves import Kind, Shelf
from issuer.service.sources import SourceReference
from issuer.store.again import tried_again

from .identity import IdentityCheck
from .readings import Notes, Readings
from .second_look import WithoutReason
from .staff import StaffMember

HELD: Final = timedelta(minutes=60)  # from the last step
SEARCH_HELD: Final = timedelta(minutes=10)
MAX_HELD: Final = 200  # preparations at once, of all machines
MAX_SEARCHES: Final = 1_000
MAX_DONE: Final = 10_000


class Step(StrEnum):
    """How far a preparation is."""

    OPENED = "opened"
    WAITING = "waiting"  # for a clinician's sign-off
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Who:
    """The patient, as staff compare them with the person in front of them.

    ``number_verified`` says whether the source stands behind the number, where there is one.
    """

    family_name: str
    given_names: tuple[str, ...]
    birth_date: str
    nhs_number: str
    number_verified: bool = True


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
    by_number: bool = False


Offering: TypeAlias = Callable[[Connection], str]  # keeps an offer in a transaction; its id

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

    def finish(self, name: str, prepare: Callable[[Preparation], Offering]) -> str:
        """The offer that is made of the preparation ``name``, or was made of it before.

        ``prepare`` may take its time and writes nothing; what it returns keeps the offer in the
        transaction in which the record is let go, once, however often this is called, and wherever.

        Raises:
            ServiceError: ``console.gone``, also where it was dropped meanwhile, and what
                ``prepare`` refuses.
        """
        try:
            return self.offer_of(name) or self._finished(name, prepare(self.find(name)))
        except ServiceError as error:
            # Another process may have ended it since we looked.
            if error.code == "console.gone" and (offer := self.offer_of(name)):
                return offer
            raise

    def offer_of(self, name: str) -> str:
        """The offer that was made of the preparation ``name``; empty where none was."""
        try:
            return self._done.find(name).offer
        except ServiceError as error:
            if error.code != "console.gone":
                raise
            return ""

    def drop(self, name: str) -> str:
        """Forget the preparation ``name``; the offer, where one was made of it before."""
        self._readings.drop(name)
        self._held.drop(name)
        return self.offer_of(name)

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

    def _finished(self, name: str, keep: Offering) -> str:
        offer = self._kept(name, keep)
        self._readings.drop(name)
        self._issuer.store.wipe()
        return offer

    @tried_again
    def _kept(self, name: str, keep: Offering) -> str:
        with self._issuer.store.writing() as tx:
            if not self._held.drop_in(tx, name):  # it holds the row: nobody else ends it now
                raise ServiceError("console.gone")
            offer = keep(tx)
            self._done.add_in(tx, name, Done(offer), ends_at=self._end())
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
