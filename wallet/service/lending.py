"""Lending chosen parts of records to a helper until a date, and ending it.

Rules: what is lent are copies of their own, taken out of the owner's stock with their keys and cut
down to what was chosen, so that the issuer can withdraw exactly these; one always stays with the
owner; a part never looks like the whole (``itemCount`` is signed). It ends at its date or before,
whichever the owner wants. What is *not* here: the helper's side (``borrowing``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, TypeAlias

from healthpassport.encoding import Json, b64url_encode
from healthpassport.errors import PassportError, ServiceError
from healthpassport.formats import HeldCredential, Place, format_named
from healthpassport.record_words import record_label
from healthpassport.summary import definition, from_payload
from healthpassport.verification.person import identifies
from wallet.consent.care import detail_care
from wallet.consent.model import CARRIED
from wallet.handing import (
    HandedCopy,
    HandedRecord,
    Invitation,
    owner_words,
    read_invitation,
    seal_package,
)
from wallet.vault import Vault

from .gifts import Gift, LentRecord, owner_signer, read_gifts
from .passports import of_person, read_passports, settled
from .past import HistoryEntry, HistoryKind, add_entry
from .review import check_again
from .shelf import StoredCopy, StoredRecord, copy_rows, read_copy
from .surroundings import Surroundings
from .whose import NAMES, Kin, compare, subject_of

DEFAULT_LIFE: Final = timedelta(days=92)  # three months
LONGEST_LIFE: Final = timedelta(days=366)  # a year
DEFAULT_COPIES: Final = 2  # each is shown to one asker

# Asks the issuer (first argument) to withdraw the copies of one person at these places.
Withdraw: TypeAlias = Callable[[str, str, Sequence[tuple[str, int]]], None]


@dataclass(frozen=True, slots=True)
class Part:
    """What of one record is lent: ``items`` by their numbers from 1, all of them when None.

    ``private`` names private details (where they live, how to reach them) that go along: others of
    them stay. ``whole`` means everything.
    """

    record: StoredRecord
    items: frozenset[int] | None = None
    private: frozenset[str] = frozenset()
    whole: bool = False


def lend(
    invitation: str,
    parts: Sequence[Part],
    *,
    until: date | None,
    copies: int,
    vault: Vault,
    around: Surroundings,
) -> Gift:
    """Take copies of ``parts`` out of the vault and seal them for ``invitation``.

    Raises:
        ServiceError: ``helper.`` codes; nothing is changed then.
        CredentialError: ``cred.whole_only``.
    """
    now = around.clock()
    invited = read_invitation(invitation)
    end = _end(until, now)
    _check_invitation(invited, vault, now)
    person = _one_person(parts, vault, around)
    taken = {part.record.row: _taken(part, copies, vault, now) for part in parts}
    handed = [_handed(part, taken[part.record.row]) for part in parts]
    signer = owner_signer(vault)
    package = seal_package(handed, invitation=invited, owner=signer, made=now, until=end)
    gift = Gift(
        row=0,
        name=invited.name,
        invitation=b64url_encode(invited.id),
        person=person,
        made=now,
        until=end,
        records=tuple(
            _lent(part, record, around.language) for part, record in zip(parts, handed, strict=True)
        ),
        words=owner_words(invited.text, signer.public_key.thumbprint()),
        package=package,
    )
    with vault.transaction() as writer:
        for rows in taken.values():
            for copy in rows:
                writer.delete("copies", copy.row)
        stored = replace(gift, row=writer.add("helpers", gift.wire()))
        add_entry(writer, _entry(HistoryKind.GIVEN, stored, now))
    return stored


def end_gift(gift: Gift, *, vault: Vault, around: Surroundings, withdraw: Withdraw) -> Gift:
    """End ``gift`` now, and have its copies withdrawn; what no issuer did yet is asked for again.

    Ending it stands in the vault before any issuer is asked.
    """
    now = around.clock()
    ended = gift.end(now)
    if gift.ended is None:
        with vault.transaction() as writer:
            writer.replace("helpers", gift.row, ended.wire())
            add_entry(writer, _entry(HistoryKind.ENDED, ended, now))
    records = tuple(_withdrawn(record, gift.person, withdraw) for record in ended.records)
    if records != ended.records:
        ended = replace(ended, records=records)
        with vault.transaction() as writer:
            writer.replace("helpers", gift.row, ended.wire())
    return ended


def _withdrawn(record: LentRecord, person: str, withdraw: Withdraw) -> LentRecord:
    if record.withdrawn:
        return record
    try:
        withdraw(record.iss, person, record.places)
    except PassportError as error:
        if error.code.startswith("vault."):
            raise
        return record  # the issuer is away, or knows us no more: it is tried again
    return replace(record, withdrawn=True)


def _end(until: date | None, now: datetime) -> datetime:
    """The last second of the chosen day."""
    day = now.date() + DEFAULT_LIFE if until is None else until
    if not now.date() <= day <= now.date() + LONGEST_LIFE:
        raise ServiceError("helper.until")
    return datetime.combine(day, time(23, 59, 59), tzinfo=now.tzinfo)


def _check_invitation(invited: Invitation, vault: Vault, now: datetime) -> None:
    if invited.until <= now:
        raise ServiceError("helper.invitation_ended")
    if b64url_encode(invited.id) in {gift.invitation for gift in read_gifts(vault)}:
        raise ServiceError("helper.used")


def _one_person(parts: Sequence[Part], vault: Vault, around: Surroundings) -> str:
    """The passport that all parts are from, and that its owner may show."""
    rows = [part.record.row for part in parts]
    if not rows or len(set(rows)) != len(rows):
        raise ServiceError("helper.nothing_chosen")
    if any(part.record.until is not None for part in parts):
        raise ServiceError("helper.not_yours")
    people = {part.record.person for part in parts}
    subjects = [subject_of(part.record.payload) for part in parts]
    if len(people) != 1 or any(
        not identifies(subject) or compare(subjects[0], subject) is not Kin.SAME
        for subject in subjects
    ):
        raise ServiceError("helper.two_people")
    (person,) = people
    passport = next(one for one in read_passports(vault) if one.id == person)
    group = of_person(settled(vault), person)
    again = check_again(
        passport, group, today=around.clock().date(), first_review=around.review_age
    )
    if again.intersection(rows):
        raise ServiceError("people.check_again")
    return person


def _taken(part: Part, copies: int, vault: Vault, now: datetime) -> tuple[StoredCopy, ...]:
    """The copies to lend: never shown to anybody, and never the last one."""
    if definition(part.record.record.type).by_holder:
        raise ServiceError("helper.own_words")
    if part.record.expires_at <= now:
        raise ServiceError("helper.out_of_date")
    held = [read_copy(vault, row) for row in copy_rows(vault, part.record.row)]
    fresh = sorted((copy for copy in held if not copy.shown), key=lambda copy: copy.row)
    count = min(copies, len(fresh), len(held) - 1)
    if count < 1:
        raise ServiceError("helper.no_copies", part.record.issuer)
    return tuple(fresh[:count])


def _handed(part: Part, copies: Sequence[StoredCopy]) -> HandedRecord:
    format_ = format_named(copies[0].format)
    texts = []
    for copy in copies:
        held = format_.open_held(copy.text)
        kept = held.places if part.whole else _kept(part, held)
        texts.append(HandedCopy(format_.narrow(copy.text, keep=kept), copy.signer))
    return HandedRecord(copies[0].format, tuple(texts))


def _kept(part: Part, held: HeldCredential) -> frozenset[Place]:
    """The places that go along: who it is, the chosen items whole, the chosen details.

    Rows that say that there is none go only with every item: a part must never read as "none".
    """
    count = len(_rows(held.payload.get("items")))
    chosen = frozenset(range(1, count + 1)) if part.items is None else part.items
    if not chosen <= frozenset(range(1, count + 1)) or (count and not chosen):
        raise ServiceError("helper.nothing_chosen")
    details = part.private.union(_not_private(held))
    return frozenset(
        place
        for place in held.places
        if place in CARRIED
        or (len(place) == 1 and (place[0] in NAMES or place[0] in details))
        or (place[0] == "items" and int(place[1]) + 1 in chosen)
        or (place[0] == "negations" and len(chosen) == count)
    )


def _not_private(held: HeldCredential) -> frozenset[str]:
    names = (str(place[0]) for place in held.places if len(place) == 1)
    return frozenset(name for name in names if not detail_care(name, "en").sensitive)


def _lent(part: Part, handed: HandedRecord, language: str) -> LentRecord:
    format_ = format_named(handed.format)
    held = [format_.open_held(copy.text) for copy in handed.copies]
    record = from_payload(held[0].payload)
    return LentRecord(
        label=record_label(definition(record.type), language),
        type=record.type,
        iss=part.record.iss,
        issuer=part.record.issuer,
        shown=record.shown,
        total=record.item_count,
        places=tuple(place for one in held for place in status_places(one.claims)),
    )


def status_places(claims: Mapping[str, Json]) -> tuple[tuple[str, int], ...]:
    """Where an issuer says whether this copy is withdrawn: addresses of lists, and indices."""
    found = []
    status = claims.get("status")
    entry = status.get("status_list") if isinstance(status, Mapping) else None
    if isinstance(entry, Mapping) and isinstance(entry.get("idx"), int):
        found.append((str(entry.get("uri")), int(str(entry["idx"]))))
    listed = claims.get("credentialStatus")
    entries = listed if isinstance(listed, list) else [listed]
    found += [
        (str(one.get("statusListCredential")), int(str(one["statusListIndex"])))
        for one in entries
        if isinstance(one, Mapping) and one.get("statusPurpose") == "revocation"
    ]
    return tuple(found)


def _rows(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []


def _entry(kind: HistoryKind, gift: Gift, now: datetime) -> HistoryEntry:
    """Labels and counts; the owner's history says who had what, until when."""
    return HistoryEntry(
        now,
        kind,
        who=gift.name,
        retention=gift.until.date().isoformat(),
        what=tuple(
            f"{record.label}: {record.shown}/{record.total}" if record.total else record.label
            for record in gift.records
        ),
        person=gift.person,
    )
