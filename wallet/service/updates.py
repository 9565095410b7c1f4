"""``wallet.updates``: records kept up to date, what changed in them, and the old device stopped.

Rules: ``due`` only looks at the clock and the wallet's own timetable; nothing here is called
because somebody asks for a record, nor when the wallet is opened: the issuer would learn when a
person is in hospital. Each surgery stands for itself: one that fails does not stop the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from healthpassport.errors import PassportError, ServiceError
from healthpassport.record_words import record_label
from healthpassport.summary import definition
from wallet.client.holding import HolderClient
from wallet.vault import Vault

from .changes import ChangeNote, mark_read, read_notes
from .grants import (
    Grant,
    access,
    change_grant,
    grant_for,
    note_end,
    now,
    read_grants,
    take_over,
)
from .helping import GiftView, Helpers
from .outcomes import DONE, WAITING, Outcome, of_grant, outcome
from .put_off import NOBODY_YET, types_waiting
from .renewing import Renewed, renew
from .shelf import StoredRecord, read_records
from .surroundings import Surroundings
from .timetable import last_slot, next_slot, period_of, seed_of
from .waiting import Waiting
from .withdrawing import Withdrawing


@dataclass(frozen=True, slots=True)
class Due:
    """A record to be brought up to date: since when, and when its turn comes next.

    ``waits`` says that the surgery was asked and has not finished the newer one.
    """

    record: str
    label: str
    issuer: str
    person: str
    since: datetime | None
    next: datetime
    can: bool
    waits: bool = False

    @property
    def now(self) -> bool:
        """Whether its turn has come."""
        return self.since is not None


class Updates:
    """Keeping one wallet's records up to date.

    Args:
        opened: the vault, unlocked.
        around: network, clock, trust.
    """

    def __init__(self, opened: Callable[[], Vault], around: Surroundings) -> None:
        self._opened = opened
        self._around = around

    @property
    def language(self) -> str:
        """The language of the words."""
        return self._around.language

    def timetable(self, now: datetime | None = None) -> tuple[Due, ...]:
        """Every record that surgeries gave, with its next turn; nobody is asked anything."""
        vault = self._opened()
        moment = now or self._around.clock()
        return tuple(self._due(vault, one, moment) for one in _from_surgeries(vault))

    def due(self, now: datetime | None = None) -> tuple[Due, ...]:
        """The records whose turn has come and that can be brought up to date."""
        return tuple(o for o in self.timetable(now) if o.now and o.can and not o.waits)

    def refresh(self, records: Collection[str] | None = None) -> tuple[Outcome, ...]:
        """Bring ``records`` (ids; None: all) up to date.

        One outcome for each surgery and person. Where all are meant, what was lent and is over ends
        first, and surgeries are asked to withdraw it; one that is away leaves it in ``lent_due``.
        """
        vault = self._opened()
        if records is None:
            self._helpers.tidy(online=True)
        held = _from_surgeries(vault)
        chosen = held if records is None else [r for r in held if r.id in records]
        if records is not None and len(chosen) != len(set(records)):
            raise ServiceError("wallet.record_unknown")
        by_grant: dict[int, tuple[Grant, set[str]]] = {}
        alone: dict[tuple[str, str], StoredRecord] = {}
        for record in chosen:
            grant = grant_for(vault, record)
            if grant is None:
                alone[record.iss, record.person] = record
                continue
            by_grant.setdefault(grant.row, (grant, set()))[1].add(record.record.type)
        done = [
            self._attempt(vault, grant, None if records is None else types)
            for grant, types in by_grant.values()
        ]
        done += [self._without_way(record) for record in alone.values()]
        return tuple(done)

    def refresh_due(self) -> tuple[Outcome, ...]:
        """Bring up to date what is due, and nothing else.

        That is also what was lent and is over, as in ``refresh``, and what surgeries give later.
        """
        self._helpers.tidy(online=True)
        came = self._waiting.look_due()
        due = [one.record for one in self.due()]
        return (*came, *(self.refresh(due) if due else ()))

    def lent_due(self) -> tuple[GiftView, ...]:
        """What helpers were lent, is over, and must still be ended or withdrawn."""
        return self._helpers.due()

    def lend_again(self) -> tuple[GiftView, ...]:
        """What helpers were lent, and a newer record has made useless since."""
        return self._helpers.lend_again()

    @property
    def _waiting(self) -> Waiting:
        return Waiting(self._opened, self._around)

    @property
    def _helpers(self) -> Helpers:
        vault = self._opened()
        return Helpers(vault, self._around, Withdrawing(vault, self._around))

    def changes(self, *, unread: bool = False) -> tuple[ChangeNote, ...]:
        """What newer records said otherwise, the newest first."""
        notes = read_notes(self._opened())
        return tuple(note for note in notes if not (unread and note.read))

    def mark_read(self) -> None:
        """The owner has seen every note."""
        mark_read(self._opened())

    def stop_old_device(self) -> tuple[Outcome, ...]:
        """Have every surgery stop the device that this wallet came from, and give new copies.

        One outcome for each surgery and person. Called again, it goes on with those that were not
        reached; when all were, it begins anew.
        """
        vault = self._opened()
        grants = [grant for grant in read_grants(vault) if not grant.ended]
        if not any(_in_progress(grant) for grant in grants):
            with vault.transaction() as writer:
                for grant in grants:
                    change_grant(writer, replace(grant, restored=True))
        waiting = [g for g in read_grants(vault) if not g.ended and _in_progress(g)]
        return tuple(self._stop(vault, grant) for grant in waiting)

    def _due(self, vault: Vault, record: StoredRecord, now: datetime) -> Due:
        seed = seed_of(vault, self._around.random)
        kind = record.record.type
        period = period_of(kind, record.expires_at - record.issued_at)
        name = f"{record.iss} {record.person} {kind}"
        slot = last_slot(seed, name, period, now)
        grant = grant_for(vault, record)
        return Due(
            record=record.id,
            label=record_label(definition(kind), self._around.language),
            issuer=record.issuer,
            person=record.person,
            since=slot if slot > record.added_at else None,
            next=next_slot(seed, name, period, max(now, record.added_at)),
            can=grant is not None and not grant.ended and not grant.restored,
            waits=grant is not None and kind in types_waiting(vault, grant),
        )

    def _attempt(self, vault: Vault, grant: Grant, types: Collection[str] | None) -> Outcome:
        language = self._around.language
        try:
            client = access(grant, vault=vault, around=self._around)
            found = _again(vault, grant)
            done = renew(client, found, types=types, vault=vault, around=self._around)
        except PassportError as error:
            self._note(vault, grant, error)
            return of_grant(grant, error.code, language)
        return of_grant(grant, WAITING if done.waiting else DONE, language, notes=done.notes)

    def _stop(self, vault: Vault, grant: Grant) -> Outcome:
        """Move, then renew; after a crash between the two the next call goes on from there."""
        language, around = self._around.language, self._around
        stopped = not (grant.restored or grant.new_key)
        try:
            if stopped:
                client = access(grant, vault=vault, around=around)
            else:
                client = take_over(grant, vault=vault, around=around)
                stopped = True
            found = _again(vault, grant)
            done = self._renewed(client, found, vault)
        except PassportError as error:
            self._note(vault, grant, error)
            return of_grant(grant, error.code, language, stopped=stopped)
        code = WAITING if done.waiting else DONE
        return of_grant(grant, code, language, notes=done.notes, stopped=True)

    def _renewed(self, client: HolderClient, grant: Grant, vault: Vault) -> Renewed:
        """New copies; where nothing has come yet by ``grant``, there are no older ones to replace.

        What it was asked for comes by itself (``waiting``).
        """
        if grant.person.startswith(NOBODY_YET):
            with vault.transaction() as writer:
                change_grant(writer, replace(grant, renew=False))
            return Renewed((), waiting=True)
        return renew(client, grant, types=None, vault=vault, around=self._around)

    def _note(self, vault: Vault, grant: Grant, error: PassportError) -> None:
        """This wallet's own trouble is raised on; what a surgery said for good is kept."""
        if error.code.startswith("vault."):
            raise error
        note_end(vault, _again(vault, grant), error)

    def _without_way(self, record: StoredRecord) -> Outcome:
        return outcome(
            "wallet.no_way_back",
            self._around.language,
            issuer=record.issuer,
            person=record.person,
        )


def _in_progress(grant: Grant) -> bool:
    return grant.restored or grant.new_key is not None or grant.renew


def _again(vault: Vault, grant: Grant) -> Grant:
    """``grant`` as it stands now that its token has turned."""
    return now(vault, grant)


def _from_surgeries(vault: Vault) -> list[StoredRecord]:
    """What an issuer signed for the people of this wallet: not own words, not what is lent."""
    return [
        record
        for record in read_records(vault)
        if record.until is None and not definition(record.record.type).by_holder
    ]
