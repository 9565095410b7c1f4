"""The people in one wallet, as its owner sees and changes them.

Rules: each has a passport of their own and no record stands in two; removing one removes all of it:
records, copies, keys, leave to fetch more. What is *not* here: whose a new record is (``placing``),
and whose records answer a request (``choosing``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from healthpassport.errors import ServiceError
from wallet.vault import Vault

from .card_store import read_cards
from .choosing import titled
from .gifts import read_gifts
from .grants import change_grant, grant_for, read_grants
from .passports import (
    Passport,
    add_passport,
    birth_in,
    compared,
    name_in,
    of_person,
    read_passports,
    settled,
)
from .past import HistoryEntry, HistoryKind, add_entry
from .placing import NEW, find
from .put_off import drop_put_off, read_put_off
from .review import check_again
from .shelf import StoredRecord, assign, copy_rows, delete_record
from .surroundings import Surroundings
from .whose import Kin, subject_of

MAX_LABEL: Final = 60  # characters


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person on the list: ``name`` and ``born`` as their records say, ``label`` the owner's.

    ``again`` counts records that the surgery must look at anew before they are offered. ``until``
    is set where the records are lent, ``ended`` when that is over.
    """

    id: str
    name: str
    born: str
    label: str
    mine: bool
    records: int
    again: int
    until: datetime | None
    ended: bool

    @property
    def title(self) -> str:
        """What to call them: the owner's word with the name, or the name."""
        return titled(self.label, self.name)


class People:
    """The passports of one wallet."""

    def __init__(self, vault: Vault, around: Surroundings) -> None:
        self._vault = vault
        self._around = around

    def list(self) -> tuple[PersonView, ...]:
        """Everybody, the owner first."""
        records = settled(self._vault)
        return tuple(
            self._view(one, of_person(records, one.id)) for one in read_passports(self._vault)
        )

    def find(self, wanted: str) -> PersonView:
        """The person with this id, number on the list, label or name; ``people.unknown`` else."""
        return self._view(*self._found(wanted))

    def rename(
        self, wanted: str, label: str | None = None, *, mine: bool | None = None
    ) -> PersonView:
        """Give somebody a ``label``, or say that they are the owner (``mine``) or are not.

        Raises:
            ServiceError: ``people.unknown``, ``people.label``, ``helper.not_yours`` for making
                lent records one's own.
        """
        passport, group = self._found(wanted)
        if label is not None:
            passport = replace(passport, label=_label(label))
        if mine and passport.lent:
            raise ServiceError("helper.not_yours")
        changed = [replace(passport, mine=passport.mine if mine is None else mine)]
        if mine:  # there is one owner
            others = (one for one in read_passports(self._vault) if one.mine)
            changed += [replace(one, mine=False) for one in others if one.row != passport.row]
        with self._vault.transaction() as writer:
            for one in changed:
                writer.replace("people", one.row, one.wire())
        return self._view(changed[0], group)

    def move(self, record: StoredRecord, wanted: str) -> PersonView:
        """Put one record into another passport (or a ``new`` one), where it stood in the wrong one.

        The leave to fetch it anew goes along. An issuer gives it for one person, so the other
        records that it gives belong there too: those can be brought up to date once they moved.

        Raises:
            ServiceError: ``people.another`` where it clearly is of somebody else,
                ``helper.not_yours`` for what is lent.
        """
        if record.until is not None:
            raise ServiceError("helper.not_yours")
        target = None
        if wanted.strip().casefold() != NEW:
            target, group = self._found(wanted)
            if target.lent:
                raise ServiceError("helper.not_yours")
            kin = compared(subject_of(record.payload), {target.id: group})[target.id]
            if kin is Kin.DIFFERENT and record not in group:
                raise ServiceError("people.another")
        grant = grant_for(self._vault, record)
        emptied = self.is_last(record) and (target is None or target.id != record.person)
        with self._vault.transaction() as writer:
            target = target or add_passport(writer, Passport(0, self._around.clock()))
            assign(writer, record, target.id)
            if grant is not None and grant.person != target.id:
                change_grant(writer, grant.moved(target.id))
            if emptied:
                writer.delete("people", int(record.person, 16))
        return self._view(*self._found(target.id))

    def remove(self, wanted: str) -> PersonView:
        """Delete somebody's records, copies and keys, and the leave to fetch more of them.

        A card that can still be read stays: only this wallet can have it withdrawn.

        Raises:
            ServiceError: ``people.unknown``; ``helper.still_lent`` while a helper has some of them:
                without that leave nobody could have them withdrawn.
        """
        passport, group = self._found(wanted)
        own = (one for one in read_grants(self._vault) if one.person == passport.id)
        people = {passport.id}.union(*(one.people for one in own))
        if any(g.person in people and g.ended is None for g in read_gifts(self._vault)):
            raise ServiceError("helper.still_lent")
        gone = self._view(passport, group)
        rows = {record.row: copy_rows(self._vault, record.row) for record in group}
        grants = [one.row for one in read_grants(self._vault) if one.person == passport.id]
        waited = [one for one in read_put_off(self._vault) if one.person in people]
        now = self._around.clock()
        over = [
            card.row
            for card in read_cards(self._vault)
            if card.person == passport.id and not card.may_be_in_use(now)
        ]
        entry = HistoryEntry(self._around.clock(), HistoryKind.REMOVED, person=passport.id, what=())
        with self._vault.transaction() as writer:
            for row, copies in rows.items():
                delete_record(writer, row, copies)
            for table, found in (("grants", grants), ("cards", over)):
                for row in found:
                    writer.delete(table, row)
            drop_put_off(writer, waited)
            writer.delete("people", passport.row)
            add_entry(writer, entry)
        return gone

    def is_last(self, record: StoredRecord) -> bool:
        """Whether ``record`` is all that its passport holds: without it there is none."""
        group = of_person(settled(self._vault), record.person)
        return all(other.row == record.row for other in group)

    def _found(self, wanted: str) -> tuple[Passport, tuple[StoredRecord, ...]]:
        records, known = settled(self._vault), read_passports(self._vault)
        names = {one.id: name_in(of_person(records, one.id)) for one in known}
        passport = find(wanted, known, names)
        return passport, of_person(records, passport.id)

    def _view(self, passport: Passport, group: tuple[StoredRecord, ...]) -> PersonView:
        now, first = self._around.clock(), self._around.review_age
        return PersonView(
            id=passport.id,
            name=name_in(group),
            born=birth_in(group),
            label=passport.label,
            mine=passport.mine,
            records=len(group),
            again=len(check_again(passport, group, today=now.date(), first_review=first)),
            until=passport.until,
            ended=passport.until is not None and passport.until <= now,
        )


def _label(words: str) -> str:
    cleaned = " ".join(words.split())
    if len(cleaned) > MAX_LABEL or not cleaned.isprintable():
        raise ServiceError("people.label")
    return cleaned
