"""The audit trail: who did what at this desk, and when, each entry bound to the one before it.

Rules: ``write`` raises where an entry cannot be kept, and then nothing may be shown or sent;
``note`` never stops what must not wait (care, forgetting) and writes the entry later. Nothing
clinical, no name of a field, no number of a person and no key of theirs is written. What is *not*
here: the form and the check of a trail (``healthpassport.audit``), and the list of events.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Final

import structlog

from healthpassport.audit import (
    LATE,
    Actor,
    Fact,
    Happened,
    KeptHead,
    Sealed,
    first_hash,
    plain_actor,
    seal,
    sign_head,
    whole_until,
)
from healthpassport.errors import PassportError, ServiceError
from healthpassport.keys import Signer
from verifier.settings import VerifierSettings
from verifier.store import AuditEntries, Wanted

from .audit_events import checked_facts
from .digests import Digests
from .identity import DeskIdentity
from .transactions import Clock, Random, secret

HEAD_EVERY: Final = 100  # entries between signed heads
HEAD_AFTER: Final = timedelta(hours=1)  # where something was written since the last head
MAX_OWED: Final = 1000  # entries in memory that wait for the database
MAX_OPENED: Final = 10_000  # openings remembered; who is forgotten is written a second time
ABOUT: Final = "audit"  # the kind of digest

DESK: Final = "desk service"

__all__ = ["Actor", "AuditTrail", "open_trail"]

_log = structlog.get_logger("verifier")


def open_trail(
    settings: VerifierSettings,
    *,
    identity: DeskIdentity,
    entries: AuditEntries,
    clock: Clock,
    random: Random,
) -> AuditTrail:
    """The trail of one organisation's desks, begun where there is none.

    Raises:
        SettingsError: ``verifier.setup`` where the key of its digests cannot be read or made.
        ServiceError: ``audit.not_written``.
    """
    return AuditTrail(
        entries=entries,
        digests=Digests(settings.audit_key_file, random),
        signer=identity.signer,
        chain=identity.chain,
        own=Actor(identity.ods, DESK),
        keep=settings.audit_lifetime,
        clock=clock,
        random=random,
    )


class AuditTrail:
    """See the module. Calls may come from several threads and processes.

    Args:
        entries: where one tenant's entries are kept.
        digests: makes what stands for a thing that is forgotten.
        signer: the desk's signing key.
        chain: its DER certificates, leaf first.
        own: in whose name the desk writes what nobody asked for.
        keep: how long entries are kept; None for ever.
        clock: the time.
        random: names a new trail.
    """

    def __init__(
        self,
        *,
        entries: AuditEntries,
        digests: Digests,
        signer: Signer,
        chain: Sequence[bytes],
        own: Actor,
        keep: timedelta | None,
        clock: Clock,
        random: Random,
    ) -> None:
        self.entries = entries
        self.own = own
        self._digests = digests
        self._signer = signer
        self._chain = chain
        self._keep = keep
        self._clock = clock
        self._lock = Lock()
        self._owed: list[Happened] = []
        self._unsigned = 0
        self._signed_at = self._now()
        self._pruned_on: date | None = None
        self._opened: OrderedDict[tuple[object, ...], None] = OrderedDict()
        digests.of(ABOUT, "")  # a key that cannot be read or made is told now, not in an emergency
        trail = secret(random)
        if entries.begin(trail, first_hash(entries.tenant, trail)):
            self.write("trail.begun", who=own)

    def write(self, event: str, *, who: Actor, subject: str = "", **facts: Fact) -> None:
        """Keep an entry, together with the step that has a transaction open here.

        Args:
            event: one of ``audit_events.EVENTS``.
            who: who did it.
            subject: an identifier of what it is about; a keyed digest of it is kept.
            facts: those that the event may hold.

        Raises:
            ServiceError: ``audit.not_written``, or ``audit.event`` for what may not be written.
        """
        self._append(self._happened(event, who, subject, facts))

    def note(self, event: str, *, who: Actor, subject: str = "", **facts: Fact) -> bool:
        """Keep an entry of what cannot wait; False where it is owed, and written later.

        Never call it while a transaction is open: what fails there takes the others with it.

        Raises:
            ServiceError: ``audit.event`` for what may not be written.
        """
        happened = self._happened(event, who, subject, facts)
        try:
            self._append(happened)
        except PassportError as error:
            _log.warning("audit.owed", what=event, code=error.code)
            with self._lock:
                if len(self._owed) < MAX_OWED:
                    self._owed.append(replace(happened, facts={**facts, LATE: True}))
            return False
        return True

    def opened(self, subject: str, *, who: Actor, **facts: Fact) -> None:
        """Write that ``who`` opened a result so, the first time that they do; before it is shown.

        Raises:
            ServiceError: as ``write``.
        """
        seen = (subject, who, tuple(sorted(facts.items())))
        with self._lock:
            if seen in self._opened:
                return
        self.write("result.opened", who=who, subject=subject, **facts)
        with self._lock:
            self._opened[seen] = None
            while len(self._opened) > MAX_OPENED:
                self._opened.popitem(last=False)

    def together(self) -> AbstractContextManager[object]:
        """One transaction for a step of the store and the entries about it."""
        return self.entries.together()

    def tend(self) -> None:
        """Write what is owed, sign a head and let go of old entries where it is time.

        Never raises: what could not be done is tried again the next time.
        """
        today = self._now().date()
        if not self._owed and not self._due() and self._pruned_on == today:
            return
        try:
            self._pay()
            if self._due():
                self.head()
            if self._pruned_on != today:
                self._pruned_on = today
                self.prune()
        except PassportError as error:
            _log.warning("audit.not_tended", code=error.code)

    def rest(self) -> None:
        """Before the desk is shut: write what is owed and sign the end; never raises."""
        with self._lock:
            self._unsigned = max(self._unsigned, HEAD_EVERY if self._unsigned else 0)
        self.tend()

    def head(self) -> str:
        """A head over everything up to now, signed and kept.

        Raises:
            ServiceError: ``audit.not_written``.
            KeyMaterialError: where the key cannot sign.
        """
        place = self.entries.last()
        if place is None:
            raise ServiceError("audit.not_written", "the trail was never begun")
        with self._lock:
            self._unsigned = 0
            self._signed_at = self._now()
        token = self.signed(place.trail, place.seq, place.previous)
        self.entries.keep_head(KeptHead(place.seq, self._now(), token))
        _log.info("audit.head", seq=place.seq, hash=place.previous)
        return token

    def prune(self) -> int:
        """Let go of entries that are too old, and say so; how many they were.

        They go only as far as they are whole: pruning never makes a trail good that was touched.

        Raises:
            ServiceError: ``audit.not_written``, or why the old part is not whole.
            KeyMaterialError: where the key cannot sign.
        """
        if self._keep is None:
            return 0
        last = self.entries.last_before(self._now() - self._keep)
        if last is None:
            return 0
        trail = whole_until(self.entries, last.seq)
        token = self.signed(trail, last.seq, last.hash)
        gone = self.entries.cut(KeptHead(last.seq, self._now(), token, base=True))
        self.write("trail.pruned", who=self.own, through=last.seq)
        return gone

    def signed(self, trail: str, seq: int, entry_hash: str) -> str:
        """A head that says that entry ``seq`` of ``trail`` has this hash; it is not kept here."""
        return sign_head(
            tenant=self.entries.tenant,
            trail=trail,
            seq=seq,
            entry_hash=entry_hash,
            at=self._now(),
            signer=self._signer,
            chain=self._chain,
        )

    def digest(self, kind: str, text: str) -> str:
        """A keyed digest of ``text``, for a fact that holds one."""
        return self._digests.of(f"{ABOUT} {kind}", text)

    def find(self, wanted: Wanted, *, limit: int = 200) -> tuple[Sealed, ...]:
        """The latest entries of those wanted, the newest first."""
        return self.entries.find(wanted, limit=limit)

    def all(self) -> Iterator[Sealed]:
        """Every entry by its number."""
        return self.entries.all()

    # -- inside -----------------------------------------------------------------------------

    def _happened(self, event: str, who: Actor, subject: str, facts: dict[str, Fact]) -> Happened:
        about = self._digests.of(ABOUT, subject) if subject else ""
        return Happened(self._now(), event, plain_actor(who), about, checked_facts(event, facts))

    def _append(self, happened: Happened) -> None:
        tenant = self.entries.tenant
        if self.entries.append(lambda place: seal(happened, place, tenant)) is None:
            raise ServiceError("audit.not_written", "the trail was never begun")
        with self._lock:
            self._unsigned += 1

    def _pay(self) -> None:
        """Write what is owed; what cannot be written now stays owed."""
        with self._lock:
            owed, self._owed = self._owed, []
        while owed:
            try:
                self._append(owed[0])
            except PassportError:
                with self._lock:
                    self._owed = owed + self._owed
                raise
            del owed[0]

    def _due(self) -> bool:
        with self._lock:
            waited = self._now() - self._signed_at
            return self._unsigned >= HEAD_EVERY or (self._unsigned > 0 and waited >= HEAD_AFTER)

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)
