"""A record that was put off and has come: whose it is, and its place in the vault.

Rules: all of it in one transaction, as of receiving; what is different from the record that it
replaces is written down. What is *not* here: asking for it (``waiting``), and whether it is sound
(``wallet.client.checking``).
"""

from __future__ import annotations

from dataclasses import replace

from healthpassport.errors import ServiceError
from healthpassport.record_words import record_label
from wallet.client.checking import CheckedRecord
from wallet.vault import Vault

from .changes import ChangeNote, add_notes, goes_on, note_of, read_notes
from .gifts import borrowers, lent_through
from .grants import change_grant, read_grants, take_names
from .passports import Passport, add_passport
from .past import HistoryEntry, HistoryKind, add_entry
from .placing import Place, place
from .put_off import (
    PutOff,
    awaited,
    change_put_off,
    drop_put_off,
    forget_idle,
    grant_of,
    read_put_off,
    superseded,
)
from .same_person import check_same_person
from .shelf import (
    StoredRecord,
    add_record,
    copy_rows,
    older_rows,
    read_record,
    replace_record,
)
from .surroundings import Surroundings


def arrive(
    one: PutOff, checked: CheckedRecord, *, vault: Vault, around: Surroundings
) -> ChangeNote | None:
    """Store ``checked`` and wait for it no longer; what it says otherwise than the older one.

    None where a newer one came meanwhile, by another offer: that stays, and nothing is stored.

    Raises:
        ServiceError: ``wallet.other_person`` where it is not of whom the surgery gave leave for.
    """
    now, known = around.clock(), read_grants(vault)
    grant, waiting = grant_of(vault, one), read_put_off(vault)
    where = _place(one, checked, vault=vault, around=around)
    older = _older(checked, where, vault)
    others = [other for other in known if grant is None or other.row != grant.row]
    lent = lent_through(vault, known, where.id) if where.id else False
    if older is not None and older.record.as_of > checked.record.as_of:
        with vault.transaction() as writer:
            drop_put_off(writer, [one])
            forget_idle(writer, known, waiting, [one], lent=lent)
        return None
    copies = copy_rows(vault, older.row) if older else ()
    same, notes = goes_on(older, checked), read_notes(vault)
    people = grant.people if grant else frozenset({one.person})
    lent_to = () if same else borrowers(vault, older, people=people, now=now)
    names = {checked.definition.type: one.configuration}
    # What is newer is waited for.
    over = [
        other
        for other in superseded(waiting, iss=one.iss, person=one.person, types=names)
        if other.since <= one.since
    ]
    with vault.transaction() as writer:
        person = where.id or add_passport(writer, Passport(0, now, mine=where.mine)).id
        note = note_of(
            older,
            checked.record,
            issuer=checked.issuer.name,
            person=person,
            now=now,
            borrowers=lent_to,
        )
        if older is None:
            add_record(writer, vault, checked, now=now, person=person)
        else:
            replace_record(writer, vault, older, checked, copies=copies, now=now, goes_on=same)
        if grant is not None:
            left = awaited(waiting, over)
            take_names(
                writer, others, iss=one.iss, person=person, names=names, lent=lent, awaited=left
            )
            given = dict(grant.names) | names
            change_grant(writer, replace(grant, person=person, names=given))
        drop_put_off(writer, over)
        for other in waiting:
            if other not in over and (other.iss, other.person) == (one.iss, one.person):
                change_put_off(writer, replace(other, person=person))
        add_notes(writer, vault, [note], known=notes)
        add_entry(writer, _entry(checked, person, around, again=older is not None))
    return note


def _entry(
    checked: CheckedRecord, person: str, around: Surroundings, *, again: bool
) -> HistoryEntry:
    return HistoryEntry(
        around.clock(),
        HistoryKind.REFRESHED if again else HistoryKind.ADDED,
        who=checked.issuer.name,
        ods=checked.issuer.ods,
        what=(record_label(checked.definition, around.language),),
        person=person,
    )


def _older(checked: CheckedRecord, where: Place, vault: Vault) -> StoredRecord | None:
    """The record in whose place ``checked`` comes."""
    found = (read_record(vault, row) for row in older_rows(vault, checked))
    return next(
        (r for r in found if where.id is not None and r.person == where.id and r.until is None),
        None,
    )


def _place(one: PutOff, checked: CheckedRecord, *, vault: Vault, around: Surroundings) -> Place:
    grant = grant_of(vault, one)
    person = grant.person if grant is not None and one.known else one.person
    if one.known:
        check_same_person(checked.payload, iss=one.iss, person=person, vault=vault)

    def found(wanted: str | None) -> Place:
        return place(
            [checked.payload],
            vault=vault,
            today=around.clock().date(),
            wanted=wanted,
            new_if_unsure=True,
        )

    try:
        return found(person if one.known else one.said or None)
    except ServiceError as error:
        if one.known and error.code == "people.another":
            raise ServiceError("wallet.other_person") from error
        # Nobody is here to ask: what the owner said does not fit, so it stands for itself.
        return found(None)
