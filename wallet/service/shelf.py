"""Records and their single-use copies in the vault, and how they look to their owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import ServiceError
from healthpassport.keys import SoftwareSigner, signer_from_private_jwk
from healthpassport.record_words import always_words, day, record_label, state_words, warning_words
from healthpassport.summary import (
    DisclosedRecord,
    FieldDefinition,
    SectionState,
    definition,
    from_payload,
)
from schemas.definitions import FORMAT_MEMBERS
from wallet.client.checking import CheckedRecord
from wallet.consent import item_words, label, value_words
from wallet.vault import Vault, Writer

from .disputes import DISPUTED, is_disputed

FIRST_FORMAT: Final = "dc+sd-jwt"  # of copies in vaults from before there was another
NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the vault holds it; ``payload`` is its content without the format's members.

    ``person`` is the passport that it stands in (``passports``). ``until`` is set where it is lent.
    ``says_since`` is when what it says last came to be different: copies lent since then go on.
    """

    row: int
    iss: str
    issuer: str
    ods: str
    added_at: datetime
    issued_at: datetime
    expires_at: datetime
    payload: Mapping[str, Json]
    person: str = ""
    until: datetime | None = None
    says_since: datetime = NEVER

    @property
    def id(self) -> str:
        """The record's name for its owner."""
        return f"{self.row:014x}"

    @property
    def record(self) -> DisclosedRecord:
        """The content as a record."""
        return from_payload(self.payload)


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """One copy, its format and key, and how often it was shown."""

    row: int
    format: str
    text: str
    shown: int
    key: Mapping[str, Json] = field(repr=False)

    @property
    def signer(self) -> SoftwareSigner:
        """The key that the copy is bound to."""
        return signer_from_private_jwk(self.key)


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record on the list. ``fresh_copies`` were never shown to anybody.

    ``shown`` counts the items that this wallet holds: of a lent record it may be fewer than
    ``item_count``. ``person`` names the passport, ``until`` when lent copies end. ``disputed``
    says that the owner told the surgery that something is wrong, and has no answer yet. ``section``
    is what ``state`` says in words; without ``lists`` the type has details, and no items.
    """

    id: str
    type: str
    label: str
    issuer: str
    as_of: date
    added_at: datetime
    expires_at: datetime
    state: str
    item_count: int
    shown: int
    fresh_copies: int
    out_of_date: bool
    person: str
    until: datetime | None
    disputed: bool
    section: SectionState
    lists: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a record; ``depth`` 1 belongs to the line of depth 0 above it."""

    label: str
    value: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class RecordDetail:
    """A record in full, in words and as it was signed."""

    view: RecordView
    lines: tuple[Line, ...]
    payload: Mapping[str, Json] = field(repr=False)


def add_record(
    writer: Writer,
    vault: Vault,
    checked: CheckedRecord,
    *,
    now: datetime,
    person: str = "",
    until: datetime | None = None,
    says_since: datetime | None = None,
) -> int:
    """Store a checked record with all its copies, as part of a transaction.

    Without ``person`` it finds its passport at the next look (``passports.settled``). With
    ``says_since`` the record before it says the same, since then.
    """
    record = _stored(checked, now, person, until)
    record = replace(record, says_since=says_since or now)
    row = writer.add("records", _record_bytes(record), tag=vault.tag(_kind_tag(checked)))
    _add_copies(writer, vault, row, checked)
    return row


def _add_copies(writer: Writer, vault: Vault, row: int, checked: CheckedRecord) -> None:
    for copy in checked.copies:
        stored: dict[str, Json] = {
            "format": copy.format,
            "text": copy.text,
            "key": copy.key.private_jwk(),
            "shown": 0,
        }
        writer.add("copies", dump_json(stored), tag=vault.tag(_copies_tag(row)))


def replace_record(
    writer: Writer,
    vault: Vault,
    older: StoredRecord,
    checked: CheckedRecord,
    *,
    copies: tuple[int, ...],
    now: datetime,
    goes_on: bool,
) -> None:
    """Store ``checked`` in the place of ``older``, whose id it keeps, with new copies for old.

    ``goes_on`` says that older copies stay good (``changes.goes_on``).
    """
    record = _stored(checked, now, older.person, older.until)
    if goes_on:
        record = replace(record, says_since=older.says_since)
    writer.replace("records", older.row, _record_bytes(record))
    for copy in copies:
        writer.delete("copies", copy)
    _add_copies(writer, vault, older.row, checked)


def older_rows(vault: Vault, checked: CheckedRecord) -> tuple[int, ...]:
    """Records of the same type from the same issuer: a newer one takes their place."""
    return vault.rows("records", tag=vault.tag(_kind_tag(checked)))


def copy_rows(vault: Vault, row: int) -> tuple[int, ...]:
    """The rows of a record's copies."""
    return vault.rows("copies", tag=vault.tag(_copies_tag(row)))


def delete_record(writer: Writer, row: int, copies: tuple[int, ...]) -> None:
    """Delete a record and its copies, keys and all."""
    writer.delete("records", row)
    for copy in copies:
        writer.delete("copies", copy)


def assign(writer: Writer, record: StoredRecord, person: str) -> None:
    """Put ``record`` into the passport ``person``."""
    writer.replace("records", record.row, _record_bytes(replace(record, person=person)))


def mark_shown(writer: Writer, copy: StoredCopy) -> None:
    """Remember that ``copy`` goes out once more."""
    stored: dict[str, Json] = {
        "format": copy.format,
        "text": copy.text,
        "key": copy.key,
        "shown": copy.shown + 1,
    }
    writer.replace("copies", copy.row, dump_json(stored))


def read_records(vault: Vault) -> tuple[StoredRecord, ...]:
    """All records, in the order of their types, the newest of each first."""
    found = [read_record(vault, row) for row in vault.rows("records")]
    return tuple(
        sorted(
            found,
            key=lambda r: (
                definition(r.record.type).order,
                -r.issued_at.timestamp(),
                -r.added_at.timestamp(),  # records tell the day only
                r.row,
            ),
        )
    )


def read_record(vault: Vault, row: int) -> StoredRecord:
    """One record."""
    stored = parse_json_object(vault.read("records", row))
    payload = stored["payload"]
    since = "saysSince" if "saysSince" in stored else "addedAt"  # older wallets kept no other
    return StoredRecord(
        row=row,
        iss=str(stored["iss"]),
        issuer=str(stored["issuer"]),
        ods=str(stored["ods"]),
        added_at=_moment(stored, "addedAt"),
        issued_at=_moment(stored, "issuedAt"),
        expires_at=_moment(stored, "expiresAt"),
        payload=payload if isinstance(payload, Mapping) else {},
        person=str(stored.get("person", "")),
        until=_moment(stored, "until") if "until" in stored else None,
        says_since=_moment(stored, since),
    )


def read_copy(vault: Vault, row: int) -> StoredCopy:
    """One copy."""
    stored = parse_json_object(vault.read("copies", row))
    key, shown = stored["key"], stored["shown"]
    return StoredCopy(
        row=row,
        format=str(stored.get("format", FIRST_FORMAT)),
        text=str(stored["text"]),
        shown=shown if isinstance(shown, int) else 1,
        key=key if isinstance(key, Mapping) else {},
    )


def next_copy(vault: Vault, row: int) -> StoredCopy:
    """A copy that was never shown; when there is none, the one that was shown least."""
    copies = [read_copy(vault, copy) for copy in copy_rows(vault, row)]
    if not copies:
        raise ServiceError("wallet.record_unknown")
    return min(copies, key=lambda copy: (copy.shown, copy.row))


def view(vault: Vault, stored: StoredRecord, *, language: str, now: datetime) -> RecordView:
    """How ``stored`` looks on the list."""
    record = stored.record
    copies = [read_copy(vault, row) for row in copy_rows(vault, stored.row)]
    known = definition(record.type)
    return RecordView(
        id=stored.id,
        type=record.type,
        label=record_label(known, language),
        issuer=stored.issuer,
        as_of=record.as_of,
        added_at=stored.added_at,
        expires_at=stored.expires_at,
        state=state_words(record.state.value, language),
        item_count=record.item_count,
        shown=record.shown,
        fresh_copies=sum(copy.shown == 0 for copy in copies),
        out_of_date=stored.expires_at <= now,
        person=stored.person,
        until=stored.until,
        disputed=DISPUTED in record.warnings or _in_question(vault, stored),
        section=record.state,
        lists=known.has_items,
    )


def _in_question(vault: Vault, stored: StoredRecord) -> bool:
    kind = stored.record.type
    return is_disputed(vault, iss=stored.iss, person=stored.person, record_type=kind)


def detail(vault: Vault, stored: StoredRecord, *, language: str, now: datetime) -> RecordDetail:
    """``stored`` in full; what is disputed says so before the copies do."""
    lines = tuple(_lines(stored.record, language))
    shown = view(vault, stored, language=language, now=now)
    if shown.disputed and DISPUTED not in stored.record.warnings:
        lines = (Line("", warning_words(DISPUTED, language)), *lines)
    return RecordDetail(shown, lines, stored.payload)


def _lines(record: DisclosedRecord, language: str) -> list[Line]:
    known = definition(record.type)
    lines = _fields(record.subject, known.subject_fields, language)
    for item in record.items:
        lines.append(Line(item_words(known, item.unit, language), ""))
        lines += _fields(item.fields, known.item_fields, language, depth=1)
    for row in record.negations:
        lines.append(Line(item_words(known, row.unit, language, negation=True), ""))
    lines += [Line(title, words) for title, words in always_words(record, language)]
    lines.append(Line("", f"{record.source.name}, {day(record.as_of, language)}"))
    return lines


def _fields(
    values: Mapping[str, Json],
    fields: Mapping[str, FieldDefinition],
    language: str,
    depth: int = 0,
) -> list[Line]:
    return [
        Line(label(field, language), value_words(field, values[name], language), depth)
        for name, field in fields.items()
        if name in values
    ]


def _stored(
    checked: CheckedRecord, now: datetime, person: str, until: datetime | None
) -> StoredRecord:
    payload = {n: v for n, v in checked.payload.items() if n not in FORMAT_MEMBERS}
    return StoredRecord(
        row=0,
        iss=checked.issuer.iss,
        issuer=checked.issuer.name,
        ods=checked.issuer.ods,
        added_at=now,
        issued_at=checked.issued_at,
        expires_at=checked.expires_at,
        payload=payload,
        person=person,
        until=until,
        says_since=now,
    )


def _record_bytes(stored: StoredRecord) -> bytes:
    lent: dict[str, Json] = {"until": stored.until.isoformat()} if stored.until else {}
    return dump_json(
        {
            "iss": stored.iss,
            "issuer": stored.issuer,
            "ods": stored.ods,
            "addedAt": stored.added_at.isoformat(),
            "issuedAt": stored.issued_at.isoformat(),
            "expiresAt": stored.expires_at.isoformat(),
            "payload": dict(stored.payload),
            "person": stored.person,
            "saysSince": stored.says_since.isoformat(),
            **lent,
        }
    )


def _kind_tag(checked: CheckedRecord) -> str:
    return f"records {checked.definition.vct} {checked.issuer.iss}"


def _copies_tag(row: int) -> str:
    return f"copies {row}"


def _moment(stored: Mapping[str, Json], name: str) -> datetime:
    return datetime.fromisoformat(str(stored[name])).astimezone(UTC)
