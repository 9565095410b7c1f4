"""A helper's side: inviting, opening what comes, keeping it until its date, and no longer.

Rules: nothing is kept but what is signed by the owner for an invitation of this wallet, is sound by
the same checks as an issuer's own delivery, and is about one person; the invitation and its key are
gone after one use; lent records stand in a passport apart, and are deleted at their end. What is
*not* here: the owner's side (``lending``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from healthpassport.errors import PassportError, ServiceError
from healthpassport.formats import format_named
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.record_words import record_label
from healthpassport.summary import definition_for_vct
from healthpassport.verification.person import identifies
from wallet.client.checking import CheckedRecord, check_collected
from wallet.client.collecting import Collected
from wallet.handing import (
    Content,
    HandedRecord,
    Invitation,
    invite,
    open_package,
    owner_words,
)
from wallet.vault import Vault

from .gifts import add_invitation, read_invitations
from .lending import LONGEST_LIFE
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
from .shelf import StoredRecord, add_record, copy_rows, delete_record, older_rows, read_record
from .surroundings import Surroundings
from .whose import Kin, compare, subject_of

MAX_OPEN: Final = 10  # invitations at once
DAY: Final = timedelta(days=1)  # an end is the end of a day


@dataclass(frozen=True, slots=True)
class LentLine:
    """One record of a package: how many of its items came. Fewer than ``total`` is a part."""

    label: str
    issuer: str
    shown: int
    total: int


@dataclass(frozen=True, slots=True)
class Received:
    """What a package holds, before anything is kept.

    ``words`` are compared aloud with the person who lends it, unless their wallet is ``known``.
    """

    name: str
    born: str
    until: datetime
    lines: tuple[LentLine, ...]
    words: tuple[str, ...]
    known: bool
    package: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Opened:
    invitation: Invitation
    content: Content
    checked: tuple[CheckedRecord, ...]


def make_invitation(name: str, *, vault: Vault, around: Surroundings) -> Invitation:
    """A new invitation, kept with its key until it is used or has run out.

    Raises:
        ServiceError: ``helper.name``, ``helper.too_many_invitations``.
    """
    made = invite(name, now=around.clock(), random=around.random)
    if len(read_invitations(vault)) >= MAX_OPEN:
        raise ServiceError("helper.too_many_invitations")
    with vault.transaction() as writer:
        add_invitation(writer, made)
    return made.invitation


def look(package: str, *, vault: Vault, around: Surroundings) -> Received:
    """What ``package`` holds; nothing is kept, and it can be opened again.

    Raises:
        ServiceError: ``helper.`` codes, ``wallet.credential_rejected``.
        TrustError, KeyMaterialError: for records of somebody whom the trust list does not name.
    """
    opened = _opened(package, vault, around)
    lender = opened.content.owner.thumbprint()
    stored = [_as_stored(record) for record in opened.checked]
    _passport_for(opened, vault)
    return Received(
        name=name_in(stored),
        born=birth_in(stored),
        until=opened.content.until,
        lines=tuple(
            LentLine(
                record_label(one.definition, around.language),
                one.issuer.name,
                one.record.shown,
                one.record.item_count,
            )
            for one in opened.checked
        ),
        words=owner_words(opened.invitation.text, lender),
        known=any(one.lender == lender for one in read_passports(vault)),
        package=package,
    )


def keep(received: Received, *, vault: Vault, around: Surroundings) -> tuple[StoredRecord, ...]:
    """Store what was looked at, and use up its invitation, in one step.

    Raises:
        ServiceError: as ``look``; ``helper.not_for_you`` for what was kept before.
    """
    now = around.clock()
    opened = _opened(received.package, vault, around)
    until = opened.content.until
    passport = _passport_for(opened, vault)
    used = [row for row, own in read_invitations(vault) if own.invitation == opened.invitation]
    replaced = {
        row: copy_rows(vault, row)
        for checked in opened.checked
        for row in older_rows(vault, checked)
        if passport is not None and read_record(vault, row).person == passport.id
    }
    with vault.transaction() as writer:
        for row in used:
            writer.delete("helpers", row)
        for row, copies in replaced.items():
            delete_record(writer, row, copies)
        if passport is None:
            lender = opened.content.owner.thumbprint()
            passport = add_passport(writer, Passport(0, now, until=until, lender=lender))
        else:
            last = max(until, passport.until or until)
            passport = replace(passport, until=last)
            writer.replace("people", passport.row, passport.wire())
        rows = tuple(
            add_record(writer, vault, one, now=now, person=passport.id, until=until)
            for one in opened.checked
        )
        labels = tuple(record_label(c.definition, around.language) for c in opened.checked)
        add_entry(writer, HistoryEntry(now, HistoryKind.ADDED, what=labels, person=passport.id))
    return tuple(read_record(vault, row) for row in rows)


def drop_ended(vault: Vault, around: Surroundings) -> int:
    """Delete lent records whose time is over, and invitations that ran out; returns how many."""
    now = around.clock()
    old = [row for row, own in read_invitations(vault) if own.invitation.until <= now]
    lent = [one for one in read_passports(vault) if one.lent]
    if not old and not lent:
        return 0
    records = settled(vault)
    over = [r for r in records if r.until is not None and r.until <= now]
    copies = {record.row: copy_rows(vault, record.row) for record in over}
    empty = [one for one in lent if all(r.row in copies for r in of_person(records, one.id))]
    if not (old or over or empty):
        return 0
    with vault.transaction() as writer:
        for row in old:
            writer.delete("helpers", row)
        for row, rows in copies.items():
            delete_record(writer, row, rows)
        for one in empty:
            writer.delete("people", one.row)
            add_entry(writer, HistoryEntry(now, HistoryKind.REMOVED, person=one.id))
    return len(over)


def _opened(package: str, vault: Vault, around: Surroundings) -> _Opened:
    now = around.clock()
    own = [invitation for _, invitation in read_invitations(vault)]
    answered, content = open_package(package, own)
    if answered.invitation.until <= now:
        raise ServiceError("helper.invitation_ended")
    if content.until <= now:
        raise ServiceError("helper.ended")
    if content.made > now + CLOCK_SKEW or content.until - content.made > LONGEST_LIFE + DAY:
        raise ServiceError("helper.package", "its dates cannot be right")
    trust = around.fresh_trust()
    checked = tuple(
        check_collected(_collected(record), trust=trust, now=now, whole=False)
        for record in content.records
    )
    subjects = [subject_of(one.payload) for one in checked]
    if not all(identifies(subject) for subject in subjects) or any(
        compare(subjects[0], subject) is not Kin.SAME for subject in subjects[1:]
    ):
        raise ServiceError("helper.two_people")
    return _Opened(answered.invitation, content, checked)


def _collected(record: HandedRecord) -> Collected:
    """As if an issuer had delivered it: what follows are the same checks."""
    try:
        vct = format_named(record.format).parse(record.copies[0].text).vct or ""
        known = definition_for_vct(vct)
    except PassportError as error:
        raise ServiceError("wallet.credential_rejected", error.code) from error
    return Collected(
        configuration="",
        format=record.format,
        definition=known,
        texts=tuple(copy.text for copy in record.copies),
        keys=tuple(copy.key for copy in record.copies),
        notification_id=None,
    )


def _passport_for(opened: _Opened, vault: Vault) -> Passport | None:
    """The passport in which the same wallet lends the same person's records; None for a new one.

    Raises:
        ServiceError: ``helper.other_owner`` where another wallet lent that person's records.
    """
    records = settled(vault)
    lent = {one.id: one for one in read_passports(vault) if one.lent}
    groups = {one: of_person(records, one) for one in lent}
    kin = compared(subject_of(opened.checked[0].payload), groups)
    same = [lent[one] for one, how in kin.items() if how is Kin.SAME]
    lender = opened.content.owner.thumbprint()
    if any(one.lender != lender for one in same):
        raise ServiceError("helper.other_owner")
    return same[0] if same else None


def _as_stored(checked: CheckedRecord) -> StoredRecord:
    return StoredRecord(
        row=0,
        iss=checked.issuer.iss,
        issuer=checked.issuer.name,
        ods=checked.issuer.ods,
        added_at=checked.issued_at,
        issued_at=checked.issued_at,
        expires_at=checked.expires_at,
        payload=checked.payload,
    )
