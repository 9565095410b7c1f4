"""Newer copies in the place of older ones: fetched whole, checked whole, stored whole, or nothing.

Rules: every record of an attempt passes the checks of receiving, comes from the grant's own issuer,
is about the same person as what it replaces, and brings as many copies as were asked for; else the
wallet stays as it was. What is different is written down in the same transaction. What is *not*
here: when (``timetable``), and leave to come back (``grants``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from healthpassport.credential import VerifiedIssuer
from healthpassport.errors import PassportError, ServiceError
from healthpassport.protocols.oid4vci import NotificationEvent
from healthpassport.record_words import record_label
from wallet.client.checking import CheckedRecord, check_collected
from wallet.client.collecting import Collected, Later
from wallet.client.holding import HolderClient
from wallet.client.offers import Wanted
from wallet.vault import Vault

from .changes import ChangeNote, add_notes, goes_on, note_of, read_notes
from .gifts import borrowers, lent_through
from .grants import Grant, change_grant, read_grants
from .past import HistoryEntry, HistoryKind, add_entry
from .put_off import (
    ID_BYTES,
    PutOff,
    add_put_off,
    drop_put_off,
    forget_idle,
    put_off,
    read_put_off,
    superseded,
    types_waiting,
)
from .same_person import check_same_person
from .shelf import StoredRecord, add_record, copy_rows, delete_record, read_records, replace_record
from .surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class _Newer:
    """What an attempt is about to store: each record with what it replaces, and what is gone."""

    pairs: tuple[tuple[StoredRecord | None, CheckedRecord], ...]
    gone: tuple[StoredRecord, ...]
    names: Mapping[str, str]
    later: tuple[PutOff, ...]


@dataclass(frozen=True, slots=True)
class Renewed:
    """What an attempt brought; ``waiting`` says that a part of it is still to come."""

    notes: tuple[ChangeNote, ...]
    waiting: bool


def renew(
    client: HolderClient,
    grant: Grant,
    *,
    types: Collection[str] | None,
    vault: Vault,
    around: Surroundings,
) -> Renewed:
    """Fetch what ``grant`` gives of ``types`` (None: all that there is) and store it.

    What the surgery gives later is waited for, and is not asked for a second time meanwhile.

    Raises:
        ServiceError: ``wallet.fewer_copies``, ``wallet.other_person``,
            ``wallet.credential_rejected`` and what the issuer says; nothing has changed then.
        FetchError, TrustError, ProtocolError: as of receiving.
    """
    trust = around.fresh_trust()
    trust.trust_list.issuer(grant.iss)
    held = _held(vault, grant)
    offered = {
        name: entry
        for name, entry in client.on_offer(grant.names.values()).items()
        if _is_ours(entry.definition.type, grant, vault)
    }
    waiting = types_waiting(vault, grant)
    wanted = {
        name: entry
        for name, entry in offered.items()
        if (types is None or entry.definition.type in types)
        and entry.definition.type not in waiting
    }
    collected: list[Collected] = []
    later: list[PutOff] = []
    try:
        for name, entry in wanted.items():
            given = client.collect(name, entry, copies=around.copies)
            if isinstance(given, Later):
                later.append(_put_off(given, grant, client, around))
            else:
                collected.append(given)
        checked = [check_collected(one, trust=trust, now=around.clock()) for one in collected]
        for one, record in zip(collected, checked, strict=True):
            _check(one, record, grant, vault)
        gone = _no_longer_given(held, offered, types, grant)
        pairs = tuple((held.get(record.definition.type), record) for record in checked)
        names = {entry.definition.type: name for name, entry in wanted.items()}
        notes = _store(_Newer(pairs, gone, names, tuple(later)), grant, vault, around)
    except PassportError:
        for one in collected:
            client.notify(one, NotificationEvent.FAILURE)
        raise
    for one in collected:
        client.notify(one, NotificationEvent.ACCEPTED)
    asked = waiting if types is None else waiting & set(types)
    return Renewed(notes, bool(later or asked))


def _put_off(later: Later, grant: Grant, client: HolderClient, around: Surroundings) -> PutOff:
    return put_off(
        later,
        id_=around.random(ID_BYTES).hex(),
        issuer=VerifiedIssuer(grant.iss, grant.ods, grant.issuer),
        person=grant.person,
        said="",
        access=client.access,
        grant=grant.id,
        now=around.clock(),
    )


def _is_ours(record_type: str, grant: Grant, vault: Vault) -> bool:
    """Whether ``grant`` is the one for ``record_type``: a newer offer may have brought another."""
    return record_type in grant.names or not any(
        record_type in other.names
        for other in read_grants(vault)
        if (other.iss, other.person) == (grant.iss, grant.person) and not other.ended
    )


def _held(vault: Vault, grant: Grant) -> dict[str, StoredRecord]:
    """The newest record of each type that ``grant`` keeps up to date; nothing that is lent."""
    found: dict[str, StoredRecord] = {}
    for record in read_records(vault):
        mine = (record.iss, record.person) == (grant.iss, grant.person)
        if mine and record.until is None:
            found.setdefault(record.record.type, record)
    return found


def _check(
    collected: Collected,
    checked: CheckedRecord,
    grant: Grant,
    vault: Vault,
) -> None:
    if checked.issuer.iss != grant.iss:
        raise ServiceError("wallet.credential_rejected", "it is by another issuer")
    if len(collected.texts) < len(collected.keys):
        raise ServiceError("wallet.fewer_copies")
    check_same_person(checked.payload, iss=grant.iss, person=grant.person, vault=vault)


def _no_longer_given(
    held: Mapping[str, StoredRecord],
    offered: Mapping[str, Wanted],
    types: Collection[str] | None,
    grant: Grant,
) -> tuple[StoredRecord, ...]:
    given = {entry.definition.type for entry in offered.values()}
    asked = grant.names if types is None else grant.names.keys() & set(types)
    return tuple(r for name, r in held.items() if name in asked and name not in given)


def _store(
    newer: _Newer, grant: Grant, vault: Vault, around: Surroundings
) -> tuple[ChangeNote, ...]:
    now, gone = around.clock(), newer.gone
    notes = [
        note_of(
            older,
            record.record,
            issuer=record.issuer.name,
            person=grant.person,
            now=now,
            borrowers=()
            if _goes_on(older, record, grant)
            else borrowers(vault, older, people=grant.people, now=now),
        )
        for older, record in newer.pairs
    ]
    notes += [
        note_of(
            r,
            None,
            issuer=r.issuer,
            person=r.person,
            now=now,
            borrowers=borrowers(vault, r, people=grant.people, now=now),
        )
        for r in gone
    ]
    replaced = [older for older, _ in newer.pairs if older is not None]
    copies = {record.row: copy_rows(vault, record.row) for record in (*replaced, *gone)}
    known, waited, grants = read_notes(vault), read_put_off(vault), read_grants(vault)
    lent = lent_through(vault, grants, grant.person)
    came = {one.type for one in newer.later} | {c.definition.type for _, c in newer.pairs}
    dropped = {record.record.type for record in gone}
    names = {k: v for k, v in (dict(grant.names) | dict(newer.names)).items() if k not in dropped}
    over = superseded(waited, iss=grant.iss, person=grant.person, types=came)
    with vault.transaction() as writer:
        for older, record in newer.pairs:
            if older is None:
                add_record(writer, vault, record, now=now, person=grant.person)
            else:
                replace_record(
                    writer,
                    vault,
                    older,
                    record,
                    copies=copies[older.row],
                    now=now,
                    goes_on=_goes_on(older, record, grant),
                )
        for stored in gone:
            delete_record(writer, stored.row, copies[stored.row])
        add_notes(writer, vault, notes, known=known)
        drop_put_off(writer, over)
        others = [other for other in grants if other.row != grant.row]
        forget_idle(writer, others, waited, over, lent=lent)
        add_put_off(writer, vault, newer.later)
        change_grant(writer, replace(grant, names=names, renew=False))
        if newer.pairs or newer.gone:
            add_entry(writer, _entry(newer, grant, around))
    return tuple(notes)


def _goes_on(older: StoredRecord | None, record: CheckedRecord, grant: Grant) -> bool:
    """Whether copies from before stay good: none does once a grant has moved (docs/adr/0082)."""
    return not grant.renew and goes_on(older, record)


def _entry(newer: _Newer, grant: Grant, around: Surroundings) -> HistoryEntry:
    labels = (record_label(record.definition, around.language) for _, record in newer.pairs)
    return HistoryEntry(
        around.clock(),
        HistoryKind.REFRESHED,
        who=grant.issuer,
        ods=grant.ods,
        what=tuple(labels),
        person=grant.person,
    )
