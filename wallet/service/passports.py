"""The people whose records one wallet holds: a passport each, kept apart.

Rules: every record belongs to exactly one passport; a record that belongs nowhere yet (a wallet
from before there were passports) joins one only where there is no doubt, and stands in a new one
otherwise; names come from the records. What is *not* here: what an owner can do (``people``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from healthpassport.encoding import Json, dump_json, parse_json_object
from wallet.vault import Vault, Writer

from .shelf import StoredRecord, assign, read_records
from .whose import Kin, Subject, among, subject_of

IDENTITY: Final = "PatientIdentity"
SURELY_A_CHILD: Final = 11  # years; younger owners of a wallet of their own there are none


@dataclass(frozen=True, slots=True)
class Passport:
    """One person in this wallet.

    ``label`` is a name of the owner's choice, ``mine`` says that it is the owner themself.
    ``until`` is set where somebody else lent the records (``borrowing``): the last of their ends;
    ``lender`` is then the thumbprint of that person's key.
    """

    row: int
    made: datetime
    label: str = ""
    mine: bool = False
    until: datetime | None = None
    lender: str = ""

    @property
    def id(self) -> str:
        """The passport's name for programs."""
        return f"{self.row:014x}"

    @property
    def lent(self) -> bool:
        """Whether its records are somebody else's copies, lent for a time."""
        return self.until is not None

    def wire(self) -> bytes:
        """The passport as it is stored."""
        stored: dict[str, Json] = {
            "made": self.made.isoformat(),
            "label": self.label,
            "mine": self.mine,
        }
        if self.until is not None:
            stored |= {"until": self.until.isoformat(), "lender": self.lender}
        return dump_json(stored)


def read_passports(vault: Vault) -> tuple[Passport, ...]:
    """Every passport: the owner's first, then as they were made."""
    found = [_passport(row, vault.read("people", row)) for row in vault.rows("people")]
    return tuple(sorted(found, key=lambda one: (not one.mine, one.lent, one.made, one.row)))


def add_passport(writer: Writer, made: Passport) -> Passport:
    """Store a new passport."""
    return replace(made, row=writer.add("people", made.wire()))


def settled(vault: Vault) -> tuple[StoredRecord, ...]:
    """Every record, each with its passport."""
    records = read_records(vault)
    known = {passport.id: passport for passport in read_passports(vault)}
    loose = [record for record in records if record.person not in known]
    if not loose:
        return records
    groups = {one: [r for r in records if r.person == one] for one in known}
    with vault.transaction() as writer:
        for record in sorted(loose, key=lambda r: (r.added_at, r.issued_at, r.row)):
            owner = _surely(record, groups, known)
            if owner is None:
                mine = not known and not is_young(record, record.added_at.date())
                made = add_passport(writer, Passport(0, record.added_at, mine=mine))
                owner, known[made.id], groups[made.id] = made.id, made, []
            groups[owner].append(record)
            assign(writer, record, owner)
    return read_records(vault)


def _surely(
    record: StoredRecord,
    groups: Mapping[str, Sequence[StoredRecord]],
    known: Mapping[str, Passport],
) -> str | None:
    own = {one: group for one, group in groups.items() if not known[one].lent}
    same = [one for one, kin in compared(subject_of(record.payload), own).items() if kin is SAME]
    return same[0] if len(same) == 1 else None


SAME: Final = Kin.SAME


def compared(subject: Subject, groups: Mapping[str, Sequence[StoredRecord]]) -> dict[str, Kin]:
    """How ``subject`` compares with each group of records."""
    return {
        one: among(subject, (subject_of(record.payload) for record in group))
        for one, group in groups.items()
    }


def of_person(records: Iterable[StoredRecord], person: str) -> tuple[StoredRecord, ...]:
    """Those of ``records`` that stand in one passport."""
    return tuple(record for record in records if record.person == person)


def name_in(records: Iterable[StoredRecord]) -> str:
    """The person's name as their records have it, the newest record of identity first."""
    named = [r for r in records if r.payload.get("familyName") or r.payload.get("givenNames")]
    named.sort(key=lambda r: (r.record.type != IDENTITY, -r.issued_at.timestamp(), r.row))
    if not named:
        return ""
    given, family = named[0].payload.get("givenNames"), named[0].payload.get("familyName")
    first = " ".join(map(str, given)) if isinstance(given, list | tuple) else ""
    words = " ".join(part for part in (first, str(family or "")) if part)
    return "".join(c if c.isprintable() else " " for c in words)


def birth_in(records: Iterable[StoredRecord]) -> str:
    """The birth date as the newest record that has one says it; else nothing."""
    found = [r for r in records if isinstance(r.payload.get("birthDate"), str)]
    found.sort(key=lambda r: (r.record.type != IDENTITY, -r.issued_at.timestamp(), r.row))
    return str(found[0].payload["birthDate"]) if found else ""


def birthday(born: str, years: int) -> date | None:
    """The day on which somebody ``born`` then is ``years`` old; the earliest it can be."""
    parts = born.split("-")
    try:
        year, month, day = (int(part) for part in (*parts, "1", "1")[:3])
        if (month, day) == (2, 29):
            month, day = 3, 1  # in a year without that day
        return date(year + years, month, day)
    except ValueError:
        return None


def is_young(record: StoredRecord, today: date) -> bool:
    """Whether ``record`` is of a child too young to keep a wallet."""
    born = record.payload.get("birthDate")
    eleventh = birthday(born, SURELY_A_CHILD) if isinstance(born, str) else None
    return eleventh is not None and today < eleventh


def _passport(row: int, stored: bytes) -> Passport:
    """Only we write passports, and the vault vouches for every byte of them."""
    found = parse_json_object(stored)
    until = found.get("until")
    return Passport(
        row=row,
        made=datetime.fromisoformat(str(found["made"])),
        label=str(found.get("label", "")),
        mine=found.get("mine") is True,
        until=datetime.fromisoformat(until) if isinstance(until, str) else None,
        lender=str(found.get("lender", "")),
    )
