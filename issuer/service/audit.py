"""The issuer's audit trail: who did what, and when, each entry bound to the one before it.

Rules: ``write`` joins the transaction of the step that it tells of, so that both are kept or
neither is; it adds one row, which ``seal`` binds into the chain soon after, so that steps do not
wait for each other. ``note`` never stops what it tells of. Nothing clinical, no name and no number
of a person is written. What is *not* here: the form (``healthpassport.audit``), the list of events,
and heads, export and letting go (``audit_keeping``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from healthpassport.audit import (
    LATE,
    Actor,
    Fact,
    Happened,
    Place,
    Sealed,
    first_hash,
    keyed_digest,
    plain_actor,
    seal,
)
from healthpassport.encoding import Json, b64url_encode, dump_json, parse_json_object
from healthpassport.errors import PassportError, ServiceError
from healthpassport.nhs_numbers import is_nhs_number
from issuer.store import Store
from issuer.store import audit as rows
from issuer.store.audit_tables import MAIN

from .audit_events import checked_facts
from .audit_refusals import Refusal, Refusals
from .counts import Counts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

SEALED_AT_ONCE: Final = 500  # entries of one transaction, which holds up every other writer
MAX_OWED: Final = 1000  # entries in memory that wait for the database
ABOUT: Final = "audit"  # the kind of digest
SERVICE: Final = "issuer service"
API: Final = "api"
CONSOLE: Final = "console"
COMMAND_LINE: Final = "command line"
PATIENT: Final = "patient"
SYSTEM: Final = "system"
_TRAIL_BYTES: Final = 16
_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Told:
    """A step under way: ``subject`` may be named once it is known.

    ``written`` says that the step's own transaction has told of the refusal.
    """

    subject: str = ""
    written: bool = False


class AuditTrail:
    """See the module. Calls may come from several threads and processes.

    Args:
        store: the issuer's database.
        key: 32 bytes that make the digests of what entries are about.
        organisation: the issuer's ODS code.
        clock: the time.
        random: names a new trail.
        operator: whoever is signed in to the machine that runs a command.
    """

    def __init__(
        self,
        store: Store,
        *,
        key: bytes,
        organisation: str,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        operator: str = "",
    ) -> None:
        self.store = store
        self.own = Actor(organisation, SERVICE)
        self.wallet = Actor(organisation, SERVICE, role=PATIENT)
        self.operator = Actor(organisation, COMMAND_LINE, operator)
        self._key = key
        self._clock = clock
        self.counts = Counts()
        self._refusals = Refusals()
        self._owed: list[Happened] = []
        self._lock = Lock()
        self._begin(b64url_encode(random(_TRAIL_BYTES)))

    def over(self, store: Store) -> AuditTrail:
        """This trail, written through ``store``, of which another's transaction is a part."""
        made = copy(self)
        made.store = store
        return made

    # -- writing ----------------------------------------------------------------------------

    def write(
        self,
        event: str,
        *,
        who: Actor,
        tx: Connection | None = None,
        subject: str = "",
        **facts: Fact,
    ) -> None:
        """Keep what happened, in the transaction ``tx`` of the step, or in one of its own.

        Never call it without ``tx`` while a transaction of this thread is open.

        Args:
            event: one of ``audit_events.EVENTS``.
            who: who did it.
            tx: a transaction that writes.
            subject: what it is about (an NHS number, an id); a keyed digest of it is kept.
            facts: those that the event may hold.

        Raises:
            ServiceError: ``issuer.unavailable`` where it cannot be kept, ``audit.event`` for what
                may not be written.
        """
        happened = self._happened(event, who, subject, facts)
        if tx is not None:
            rows.wait(tx, _wire(happened))
            return
        with self.store.writing() as own:
            rows.wait(own, _wire(happened))

    def note(self, event: str, *, who: Actor, subject: str = "", **facts: Fact) -> bool:
        """Keep what cannot be undone or must not wait; False where it is owed, and written later.

        Never call it while a transaction of this thread is open.

        Raises:
            ServiceError: ``audit.event`` for what may not be written.
        """
        happened = self._happened(event, who, subject, facts)
        try:
            with self.store.writing() as tx:
                rows.wait(tx, _wire(happened))
        except PassportError as error:
            self._owe(happened, error.code)
            return False
        return True

    def refused(
        self, event: str, *, who: Actor, code: str = "", subject: str = "", at_once: bool = True
    ) -> None:
        """Tell of a refusal; the same one again within a minute is only counted.

        With ``at_once`` off nothing is written now: for code that must not wait for a database.
        """
        refusal = Refusal(event, who, code, subject)
        first = self._refusals.seen(refusal, self.now(), told=at_once)
        if first and at_once:
            self.note(event, who=who, subject=subject, **({"code": code} if code else {}))

    @contextmanager
    def refusals(self, event: str, *, who: Actor, subject: str = "") -> Iterator[Told]:
        """Tell of whatever is refused within the block, and let it go on."""
        told = Told(subject)
        try:
            yield told
        except PassportError as error:
            if not told.written:
                self.refused(event, who=who, code=error.code, subject=told.subject)
            raise

    def by(self, client: str | None) -> Actor:
        """Who does what the API client ``client`` asks for; None is the operator of a command."""
        if client is None:
            return self.operator
        return Actor(self.own.organisation, API, client, SYSTEM)

    # -- binding and reading ----------------------------------------------------------------

    def seal(self) -> int:
        """Bind everything that waits into the chain; how many entries that were.

        Raises:
            ServiceError: ``issuer.unavailable``.
        """
        count = 0
        while bound := self._seal_some():
            count += bound
        return count

    def settle(self, *, everything: bool = False) -> None:
        """Write what is owed, and refusals that were counted for a minute (or all); then seal."""
        self._pay()
        for refusal, times in self._refusals.due(None if everything else self.now()):
            told: dict[str, Fact] = {"code": refusal.code} if refusal.code else {}
            self.note(refusal.event, who=refusal.who, subject=refusal.subject, times=times, **told)
        self.seal()

    def about(self, subject: str) -> str:
        """The digest that stands in entries about ``subject``; an NHS number has one spelling."""
        plain = "".join(c for c in subject if c.isdigit()) if is_nhs_number(subject) else subject
        return keyed_digest(self._key, ABOUT, plain)

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._clock().astimezone(UTC)

    # -- inside -----------------------------------------------------------------------------

    def _begin(self, trail: str) -> None:
        with self.store.reading() as tx:
            if rows.last(tx) is not None:
                return
        with self.store.writing() as tx:
            if rows.begin(tx, trail, first_hash(MAIN, trail)):
                self.write("trail.begun", who=self.own, tx=tx)

    def _happened(self, event: str, who: Actor, subject: str, facts: dict[str, Fact]) -> Happened:
        about = self.about(subject) if subject else ""
        self.counts.add(event, str(facts.get("type", "")))
        return Happened(self.now(), event, plain_actor(who), about, checked_facts(event, facts))

    def _seal_some(self) -> int:
        with self.store.reading() as tx:
            if not rows.waiting(tx, 1):
                return 0
        with self.store.writing() as tx:
            place = rows.hold(tx)
            if place is None:
                raise ServiceError("audit.not_written", "the trail was never begun")
            waiting = rows.waiting(tx, SEALED_AT_ONCE)
            sealed: list[Sealed] = []
            for _, text in waiting:
                previous = sealed[-1].hash if sealed else place.previous
                following = Place(place.trail, place.seq + len(sealed) + 1, previous)
                sealed.append(seal(_read(text), following, MAIN))
            if sealed:
                rows.bind(tx, sealed, [row for row, _ in waiting])
        return len(sealed)

    def _owe(self, happened: Happened, code: str) -> None:
        _LOG.warning("Not in the audit trail yet: %s (%s)", happened.event, code)
        with self._lock:
            if len(self._owed) < MAX_OWED:
                self._owed.append(replace(happened, facts={**happened.facts, LATE: True}))

    def _pay(self) -> None:
        with self._lock:
            owed, self._owed = self._owed, []
        if not owed:
            return
        try:
            with self.store.writing() as tx:
                for happened in owed:
                    rows.wait(tx, _wire(happened))
        except PassportError:
            with self._lock:
                self._owed = owed + self._owed
            raise


def _wire(happened: Happened) -> str:
    who = happened.who
    told: dict[str, Json] = {
        "at": happened.at.isoformat(timespec="milliseconds"),
        "event": happened.event,
        "who": [who.organisation, who.desk, who.subject, who.role],
        "about": happened.about,
        "facts": dict(happened.facts),
    }
    return dump_json(told).decode()


def _read(text: str) -> Happened:
    told = parse_json_object(text)
    who, facts = told["who"], told["facts"]
    if not isinstance(who, list) or not isinstance(facts, dict):
        raise ServiceError("audit.form", "what waits is not of our form")
    return Happened(
        at=datetime.fromisoformat(str(told["at"])),
        event=str(told["event"]),
        who=Actor(*(str(part) for part in who)),
        about=str(told["about"]),
        facts={name: _fact(value) for name, value in facts.items()},
    )


def _fact(value: Json) -> Fact:
    if isinstance(value, bool | int | str):
        return value
    raise ServiceError("audit.form", "what waits is not of our form")
