"""Newer copies in the place of older ones: fetched whole, checked whole, stored whole, or nothing.

Rules: every record of an attempt passes the checks of receiving, comes from the grant's own issuer,
is about the same person as what it replaces, and brings as many copies as were asked for; else the
wallet stays as it was. What is different is written down in the same transaction. What is *not*
here: when (``timetable``), and leave to come back (``grants``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from healthpassport.errors import PassportError, ServiceError
from healthpassport.protocols.oid4vci import NotificationEvent
from healthpassport.record_words import record_label
from healthpassport.verification.person import Match, compare
from wallet.client.checking import CheckedRecord, check_collected
from wallet.client.collecting import Collected
from wallet.client.holding import HolderClient
from wallet.client.offers import Wanted
from wallet.vault import Vault

from .changes import ChangeNote, add_notes, note_of, read_notes
from .gifts import borrowers
from .grants import Grant, change_grant, read_grants
from .past import HistoryEntry, HistoryKind, add_entry
from .shelf import StoredRecord, add_record, copy_rows, delete_record, read_records, replace_record
from .surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class _Newer:
    """What an attempt is about to store: each record with what it replaces, and what is gone."""

    pairs: tuple[tuple[StoredRecord | None, CheckedRecord], ...]
    gone: tuple[StoredRecord, ...]
    names: Mapping[str, str]


def renew(
    client: HolderClient,
    grant: Grant,
    *,
    types: Collection[str] | None,
    vault: Vault,
    around: Surroundings,
) -> tuple[ChangeNote, ...]:
    """Fetch what ``grant`` gives of ``types`` (None: all that there is) and store it.

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
    wanted = {n: e for n, e in offered.items() if types is None or e.definition.type in types}
    collected: list[Collected] = []
    try:
        for name, entry in wanted.items():
            collected.append(client.collect(name, entry, copies=around.copies))
        checked = [check_collected(one, trust=trust, now=around.clock()) for one in collected]
        for one, record in zip(collected, checked, strict=True):
            _check(one, record, grant, held)
        gone = _no_longer_given(held, offered, types, grant)
        pairs = tuple((held.get(record.definition.type), record) for record in checked)
        names = {entry.definition.type: name for name, entry in wanted.items()}
        notes = _store(_Newer(pairs, gone, names), grant, vault, around)
    except PassportError:
        for one in collected:
            client.notify(one, NotificationEvent.FAILURE)
        raise
    for one in collected:
        client.notify(one, NotificationEvent.ACCEPTED)
    return notes


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
    held: Mapping[str, StoredRecord],
) -> None:
    if checked.issuer.iss != grant.iss:
        raise ServiceError("wallet.credential_rejected", "it is by another issuer")
    if len(collected.texts) < len(collected.keys):
        raise ServiceError("wallet.fewer_copies")
    for older in held.values():
        if compare(older.payload, checked.payload) is not Match.SAME:
            raise ServiceError("wallet.other_person")


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
            borrowers=borrowers(vault, older, people=grant.people, now=now),
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
    known = read_notes(vault)
    dropped = {record.record.type for record in gone}
    names = {k: v for k, v in (dict(grant.names) | dict(newer.names)).items() if k not in dropped}
    with vault.transaction() as writer:
        for older, record in newer.pairs:
            if older is None:
                add_record(writer, vault, record, now=now, person=grant.person)
            else:
                replace_record(writer, vault, older, record, copies=copies[older.row], now=now)
        for stored in gone:
            delete_record(writer, stored.row, copies[stored.row])
        add_notes(writer, vault, notes, known=known)
        change_grant(writer, replace(grant, names=names, renew=False))
        add_entry(writer, _entry(newer, grant, around))
    return tuple(notes)


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
