"""What a newer record says otherwise than the older one, in plain words, and kept to be read later.

Rules: every item of the older record is found again in the newer one or told as gone, whatever it
is; where the newer one no longer lists a section, its items are told one by one. What is gone from
a list is never called a cure: the surgery is asked. What is *not* here: fetching.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json, dump_json, jcs, parse_json_object
from healthpassport.record_words import always_words, record_label, state_words
from healthpassport.summary import DisclosedRecord, Item, RecordDefinition, definition
from schemas.definitions import FORMAT_MEMBERS
from wallet.client.checking import CheckedRecord
from wallet.consent import item_words, label, value_words
from wallet.consent.acting import PROXIES
from wallet.vault import Vault, Writer

from .shelf import StoredRecord

LANGUAGES: Final = ("en", "cy")
KEPT: Final = 200  # notes; the oldest go first
_TAG: Final = "changes"
_PASSED: Final = frozenset({*FORMAT_MEMBERS, "asOf"})  # differs at each reading
_ASK: Final = {
    "en": "Ask the surgery if you did not expect this.",
    "cy": "Gofynnwch i'r feddygfa os nad oeddech yn disgwyl hyn.",
}
_ADDED: Final = {"en": "New: {0}", "cy": "Newydd: {0}"}
_GONE: Final = {"en": "No longer listed: {0}", "cy": "Nid yw bellach wedi'i restru: {0}"}
_CHANGED: Final = {"en": "Changed: {1} (it was: {0})", "cy": "Newidiwyd: {1} (roedd yn: {0})"}
_STATE: Final = {
    "en": "The list now says: {1} (it was: {0})",
    "cy": "Dywed y rhestr nawr: {1} (roedd yn: {0})",
}
_NOT_GIVEN: Final = {
    "en": "The surgery no longer gives this record.",
    "cy": "Nid yw'r feddygfa'n rhoi'r cofnod hwn bellach.",
}
_NEW_RECORD: Final = {"en": "This record is new.", "cy": "Mae'r cofnod hwn yn newydd."}
_LENT_GONE: Final = {
    "en": "What you lent to {0} no longer works.",
    "cy": "Nid yw'r hyn a roesoch ar fenthyg i {0} yn gweithio mwyach.",
}
_LEND_AGAIN: Final = {
    "en": f"{_LENT_GONE['en']} Lend it again.",
    "cy": f"{_LENT_GONE['cy']} Rhowch ef ar fenthyg eto.",
}
_SAME: Final = {"en": "Nothing has changed.", "cy": "Nid oes dim wedi newid."}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``kind`` is added, gone, changed, state, detail, not_given or new_record.

    ``before`` and ``after`` are in the words of each language; either may be empty. Of
    ``lend_again`` and ``lent_gone``, which are no differences, ``before`` names who was lent it.
    """

    kind: str
    before: Mapping[str, str]
    after: Mapping[str, str]

    def words(self, language: str) -> str:
        """The difference as one line."""
        template = _WORDS[self.kind][language]
        return template.format(self.before.get(language, ""), self.after.get(language, ""))

    def wire(self) -> dict[str, Json]:
        """The difference as JSON."""
        return {"kind": self.kind, "before": dict(self.before), "after": dict(self.after)}


_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "added": {language: text.format("{1}") for language, text in _ADDED.items()},
    "gone": _GONE,
    "changed": _CHANGED,
    "detail": _CHANGED,
    "state": _STATE,
    "not_given": _NOT_GIVEN,
    "new_record": _NEW_RECORD,
    "lend_again": _LEND_AGAIN,
    "lent_gone": _LENT_GONE,
}
_LENDING: Final = frozenset({"lend_again", "lent_gone"})


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """What one refresh changed in one record; ``read`` once its owner has seen it."""

    row: int
    when: datetime
    record_type: str
    issuer: str
    person: str
    changes: tuple[Change, ...]
    read: bool = False

    @property
    def nothing(self) -> bool:
        """Whether the newer record says the same."""
        return not self.changes

    def title(self, language: str) -> str:
        """What the record is called, and by whom it is."""
        return f"{record_label(definition(self.record_type), language)} ({self.issuer})"

    def lines(self, language: str) -> tuple[str, ...]:
        """The note in words; whatever is gone is followed by whom to ask."""
        if self.nothing:
            return (_SAME[language],)
        told = tuple(change.words(language) for change in self.changes)
        lost = any(change.kind in {"gone", "not_given", "state"} for change in self.changes)
        if all(change.kind in _LENDING for change in self.changes):
            return (_SAME[language], *told)
        return (*told, _ASK[language]) if lost else told

    def told(self, language: str) -> dict[str, Json]:
        """The note as data and words."""
        return {
            "when": self.when.isoformat(),
            "type": self.record_type,
            "title": self.title(language),
            "person": self.person,
            "changes": [change.wire() for change in self.changes],
            "words": list(self.lines(language)),
        }

    def wire(self) -> bytes:
        """The note as it is stored."""
        return dump_json(
            {
                "when": self.when.isoformat(),
                "type": self.record_type,
                "issuer": self.issuer,
                "person": self.person,
                "changes": [change.wire() for change in self.changes],
                "read": self.read,
            }
        )


def compare_records(
    before: DisclosedRecord | None, after: DisclosedRecord | None
) -> tuple[Change, ...]:
    """Every difference between two readings of one record type; None where there was no record."""
    if before is None or after is None:
        return _whole(before, after)
    known = definition(after.type)
    found: list[Change] = []
    if before.state != after.state:
        found.append(Change("state", _state(before), _state(after)))
    found += _details(before.subject, after.subject, known)
    found += _items(before.items, after.items, known)
    found += _items(before.negations, after.negations, known, negation=True)
    found += _always(before, after)
    return tuple(found)


def goes_on(before: StoredRecord | None, after: CheckedRecord) -> bool:
    """Whether copies of ``before`` stay good beside ``after``: nothing but the day is different.

    An authority to act is always replaced (docs/adr/0082).
    """
    if before is None or after.definition.type == PROXIES:
        return False
    told = [
        {name: value for name, value in one.items() if name not in _PASSED}
        for one in (before.payload, after.payload)
    ]
    return told[0] == told[1]


def add_notes(
    writer: Writer, vault: Vault, notes: Sequence[ChangeNote], *, known: Sequence[ChangeNote]
) -> None:
    """Keep ``notes`` as part of a transaction; the oldest beyond ``KEPT`` are forgotten.

    ``known`` are the notes from before (``read_notes``, before the transaction).
    """
    told = [note for note in notes if not note.nothing]
    for old in known[max(KEPT - len(told), 0) :]:
        writer.delete("state", old.row)
    for note in told:
        writer.add("state", note.wire(), tag=vault.tag(_TAG))


def mark_read(vault: Vault) -> None:
    """The owner has seen every note."""
    fresh = [note for note in read_notes(vault) if not note.read]
    if not fresh:
        return
    with vault.transaction() as writer:
        for note in fresh:
            writer.replace("state", note.row, replace(note, read=True).wire())


def read_notes(vault: Vault) -> tuple[ChangeNote, ...]:
    """Every note, the newest first."""
    rows = vault.rows("state", tag=vault.tag(_TAG))
    notes = [_note(row, vault.read("state", row)) for row in rows]
    return tuple(sorted(notes, key=lambda note: (note.when, note.row), reverse=True))


def note_of(
    before: StoredRecord | None,
    after: DisclosedRecord | None,
    *,
    issuer: str,
    person: str,
    now: datetime,
    borrowers: Sequence[str] = (),
) -> ChangeNote:
    """The note on a record that takes the place of ``before`` (None: there was none).

    ``borrowers`` names the helpers who have copies of ``before``, where these end with it.
    """
    old = None if before is None else before.record
    shown = after or old
    if shown is None:
        message = "a note needs a record"
        raise ValueError(message)
    changes = compare_records(old, after)
    if borrowers:
        names = dict.fromkeys(LANGUAGES, ", ".join(borrowers))
        changes += (Change("lent_gone" if after is None else "lend_again", names, {}),)
    return ChangeNote(0, now, shown.type, issuer, person, changes)


def _whole(before: DisclosedRecord | None, after: DisclosedRecord | None) -> tuple[Change, ...]:
    found: list[Change] = []
    if before is None and after is not None:
        known = definition(after.type)
        found = [Change("new_record", {}, {})]
        found += [Change("added", {}, _words(item, known)) for item in after.items]
    elif before is not None:
        known = definition(before.type)
        found = [Change("not_given", {}, {})]
        found += [Change("gone", _words(item, known), {}) for item in before.items]
        found += [Change("gone", _words(i, known, negation=True), {}) for i in before.negations]
    return tuple(found)


def _items(
    before: Sequence[Item],
    after: Sequence[Item],
    known: RecordDefinition,
    *,
    negation: bool = False,
) -> list[Change]:
    """Items that are the same fall away; of the rest, those of one name have changed."""
    left, fresh = _without_same(before, after)
    found: list[Change] = []
    for item in left:
        twin = next((other for other in fresh if _name(other) == _name(item)), None)
        old = _words(item, known, negation=negation)
        if twin is None:
            found.append(Change("gone", old, {}))
            continue
        fresh.remove(twin)
        found.append(Change("changed", old, _words(twin, known, negation=negation)))
    found += [Change("added", {}, _words(item, known, negation=negation)) for item in fresh]
    return found


def _without_same(before: Iterable[Item], after: Iterable[Item]) -> tuple[list[Item], list[Item]]:
    """Both without what stands in both, counting how often."""
    fresh = list(after)
    left: list[Item] = []
    for item in before:
        twin = next((other for other in fresh if _exact(other) == _exact(item)), None)
        if twin is None:
            left.append(item)
        else:
            fresh.remove(twin)
    return left, fresh


def _exact(item: Item) -> bytes:
    return jcs({"unit": dict(item.unit), "fields": dict(item.fields)})


def _name(item: Item) -> str:
    return " ".join(str(item.unit.get("text", "")).casefold().split())


def _words(item: Item, known: RecordDefinition, *, negation: bool = False) -> dict[str, str]:
    return {language: _told(item, known, language, negation=negation) for language in LANGUAGES}


def _told(item: Item, known: RecordDefinition, language: str, *, negation: bool) -> str:
    unit = item_words(known, item.unit, language, negation=negation)
    fields = [
        f"{label(field, language)}: {value_words(field, item.fields[name], language)}"
        for name, field in known.item_fields.items()
        if name in item.fields
    ]
    return "; ".join([unit, *fields])


def _details(
    before: Mapping[str, Json], after: Mapping[str, Json], known: RecordDefinition
) -> list[Change]:
    found = []
    for name, field in known.subject_fields.items():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        words = [
            {
                language: f"{label(field, language)}: {value_words(field, value, language)}"
                for language in LANGUAGES
            }
            if value is not None
            else {}
            for value in (old, new)
        ]
        kind = "detail" if all(words) else "added" if words[1] else "gone"
        found.append(Change(kind, *words))
    return found


def _always(before: DisclosedRecord, after: DisclosedRecord) -> list[Change]:
    """Counts, marks and notes that always stand with a record."""
    old = {language: always_words(before, language) for language in LANGUAGES}
    new = {language: always_words(after, language) for language in LANGUAGES}
    if old == new:
        return []
    joined = [
        {
            language: "; ".join(": ".join(part for part in row if part) for row in rows)
            for language, rows in side.items()
        }
        for side in (old, new)
    ]
    return [Change("detail", *joined)]


def _state(record: DisclosedRecord) -> dict[str, str]:
    return {language: state_words(record.state.value, language) for language in LANGUAGES}


def _note(row: int, data: bytes) -> ChangeNote:
    """Only we write notes, and the vault vouches for every byte of them."""
    stored = parse_json_object(data)
    changes = stored["changes"]
    rows = changes if isinstance(changes, list) else []
    return ChangeNote(
        row=row,
        when=datetime.fromisoformat(str(stored["when"])),
        record_type=str(stored["type"]),
        issuer=str(stored["issuer"]),
        person=str(stored["person"]),
        changes=tuple(_change(one) for one in rows if isinstance(one, Mapping)),
        read=stored["read"] is True,
    )


def _change(stored: Mapping[str, Json]) -> Change:
    before, after = (stored.get(name) for name in ("before", "after"))
    return Change(str(stored["kind"]), _texts(before), _texts(after))


def _texts(value: Json) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}
