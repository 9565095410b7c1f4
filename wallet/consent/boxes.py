"""The boxes of a question: the person's own details once, then each record with its items.

What is *not* here: what a tick means for the answer (``answer``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Final

from healthpassport.encoding import Json, b64url_encode, jcs
from healthpassport.formats import HeldCredential
from healthpassport.protocols.dcql import CredentialQuery, Place
from healthpassport.record_words import (
    always_words,
    day,
    item_words,
    label,
    record_label,
    state_words,
    value_words,
)
from healthpassport.summary import (
    DisclosedRecord,
    FieldDefinition,
    RecordDefinition,
    definition_for_vct,
    from_payload,
)
from healthpassport.summary import definition as definition_of

from .acting import count_words
from .care import Care, detail_care, field_care, item_care, record_care
from .model import CARRIED, HeldRecord, Target, Tick

ABOUT: Final = {"en": "About you", "cy": "Amdanoch chi"}
OLD: Final = {"en": "out of date", "cy": "wedi dyddio"}
UNSIGNED: Final = {
    "en": "they ask for a second signature that it does not have",
    "cy": "maent yn gofyn am ail lofnod nad oes ganddo",
}
_KEY_BYTES: Final = 12
_ITEM_DEPTH: Final = 2  # ("items", 3): the element of a list


def asked_places(wanted: CredentialQuery, record: HeldRecord) -> frozenset[Place]:
    """The disclosures of ``record`` that ``wanted`` asks for, those around and below included.

    A claim of which no claim set could be answered would never go out: it is not asked for.
    """
    asked = {claim: record.asked(claim) for claim in wanted.claims}
    answerable = [
        option
        for option in wanted.options()
        if all(asked[claim] or record.always_says(claim) for claim in option)
    ]
    found: set[Place] = set()
    for claim in dict.fromkeys(claim for option in answerable for claim in option):
        for place in asked[claim]:
            found |= needed_for(place, record.held)
    return frozenset(found)


def needed_for(place: Place, held: HeldCredential) -> frozenset[Place]:
    """The disclosures that showing ``place`` takes: those that hold it, and all below it."""
    around = {place[:length] for length in range(1, len(place) + 1)}.intersection(held.places)
    below = {other for other in held.places if other[: len(place)] == place}
    return frozenset(around | below)


class Boxes:
    """Boxes as they are found: the person's own details once, then each record with its items."""

    def __init__(self, unticked: Collection[str], language: str, purpose: str) -> None:
        self._unticked = unticked
        self._language = language
        self._purpose = purpose
        self._details: dict[str, Tick] = {}
        self._others: list[Tick] = []
        self._counter = 0

    def ticks(self) -> tuple[Tick, ...]:
        """All boxes, numbered from 1 in reading order."""
        ordered = [*self._details.values(), *self._others]
        numbers = {tick.number: index for index, tick in enumerate(ordered, start=1)}
        return tuple(
            replace(
                tick,
                number=numbers[tick.number],
                parent=None if tick.parent is None else numbers[tick.parent],
            )
            for tick in ordered
        )

    def add_record(self, wanted: CredentialQuery, record: HeldRecord, now: datetime) -> None:
        """The boxes of one record that answers one credential query."""
        payload = record.held.payload
        definition = definition_for_vct(str(payload["vct"]))
        whole = self._whole(wanted, record, definition, now)
        self._others.append(whole)
        items: dict[Place, Tick] = {}
        names = tuple(definition.subject_fields)
        places = asked_places(wanted, record) - CARRIED
        for place in sorted(places, key=lambda place: _reading_order(place, names)):
            target = Target(wanted.id, record.reference, place)
            if len(place) == 1:
                self._detail(definition, payload, target)
            elif len(place) == _ITEM_DEPTH:
                items[place] = self._item(definition, payload, target, whole)
            else:
                self._field(definition, payload, target, items[place[:_ITEM_DEPTH]])

    def _whole(
        self,
        wanted: CredentialQuery,
        record: HeldRecord,
        definition: RecordDefinition,
        now: datetime,
    ) -> Tick:
        """The record itself; its value is what goes out with it whatever else is ticked."""
        language = self._language
        shown = from_payload(record.held.payload)
        parts = [f"{record.issuer_name}, {day(shown.as_of, language)}"]
        if definition.has_items:
            parts.append(f"{state_words(shown.state.value, language)} ({_count(shown, language)})")
        parts += [
            f"{title}: {words}" if title else words
            for title, words in always_words(shown, language)
        ]
        parts += _goes_with_it(record, shown, language)
        if record.held.expires_at <= now:
            parts.append(OLD[language])
        if _lacks_signature(wanted, record):
            parts.append(UNSIGNED[language])
        name = record_label(definition, language)
        return self._tick(
            name,
            name,
            "; ".join(parts),
            key=record_key(definition.type, record),
            target=Target(wanted.id, record.reference, ()),
            parent=None,
            care=record_care(definition.type, self._purpose, language),
        )

    def _detail(
        self, definition: RecordDefinition, payload: Mapping[str, Json], target: Target
    ) -> None:
        """A detail of the person: one box, however many records carry it with the same value."""
        name = str(target.place[0])
        found = definition.subject_fields.get(name)
        value = payload[name]
        slot = f"{name} {jcs(value).decode()}"
        if slot in self._details:
            known = self._details[slot]
            self._details[slot] = replace(known, targets=(*known.targets, target))
            return
        words = value_words(found, value, self._language) if found else str(value)
        title = label(found, self._language) if found else name
        section = ABOUT[self._language]
        self._details[slot] = self._tick(
            section,
            title,
            words,
            key=name,
            target=target,
            parent=None,
            care=detail_care(name, self._language),
        )

    def _item(
        self,
        definition: RecordDefinition,
        payload: Mapping[str, Json],
        target: Target,
        whole: Tick,
    ) -> Tick:
        entry = _value_at(payload, target.place)
        found = entry.get("unit") if isinstance(entry, Mapping) else None
        unit = found if isinstance(found, Mapping) else {}
        negation = target.place[0] == "negations"
        care = item_care(definition.type, unit, purpose=self._purpose, language=self._language)
        tick = self._tick(
            whole.section,
            item_words(definition, unit, self._language, negation=negation),
            "",
            key=f"{definition.type} {target.place[0]} {_fingerprint(unit)}",
            target=target,
            parent=whole.number,
            care=care,
        )
        self._others.append(tick)
        return tick

    def _field(
        self,
        definition: RecordDefinition,
        payload: Mapping[str, Json],
        target: Target,
        item: Tick,
    ) -> None:
        name = str(target.place[-1])
        found = definition.item_fields.get(name)
        value = _value_at(payload, target.place)
        words = value_words(found, value, self._language) if found else str(value)
        title = label(found, self._language) if found else name
        self._others.append(
            self._tick(
                item.section,
                title,
                words,
                key=f"{definition.type} {name}",
                target=target,
                parent=item.number,
                care=field_care(definition.type, name, self._language),
            )
        )

    def _tick(
        self,
        section: str,
        title: str,
        value: str,
        *,
        key: str,
        target: Target,
        parent: int | None,
        care: Care,
    ) -> Tick:
        self._counter += 1
        return Tick(
            number=self._counter,
            section=section,
            label=title,
            value=value,
            ticked=not care.sensitive and key not in self._unticked,
            sensitive=care.sensitive,
            parent=parent,
            key=key,
            targets=(target,),
            needed=care.needed,
            note=care.note,
        )


def record_key(record_type: str, record: HeldRecord) -> str:
    """The key of the box of a whole record."""
    return f"{record_type} {record.issuer_name}"


def _count(shown: DisclosedRecord, language: str) -> str:
    return count_words(shown.shown, shown.item_count, language)


def _lacks_signature(wanted: CredentialQuery, record: HeldRecord) -> bool:
    """Whether a second signature is asked for that ``record`` does not have."""
    asked = any(claim.path in CARRIED for claim in wanted.claims)
    return asked and CARRIED.isdisjoint(record.held.places)


def _goes_with_it(record: HeldRecord, shown: DisclosedRecord, language: str) -> list[str]:
    """The details, items and rows that an issuer signed so that nobody can hold them back."""
    apart, known = frozenset(record.held.places), definition_of(shown.type)
    words = _values(shown.subject, known.subject_fields, (), apart, language)
    for name, rows in (("items", shown.items), ("negations", shown.negations)):
        for index, row in enumerate(rows):
            if (name, index) not in apart:
                words.append(item_words(known, row.unit, language, negation=name == "negations"))
                words += _values(row.fields, known.item_fields, (name, index), apart, language)
    return words


def _values(
    values: Mapping[str, Json],
    fields: Mapping[str, FieldDefinition],
    place: Place,
    apart: Collection[Place],
    language: str,
) -> list[str]:
    return [
        f"{label(fields[name], language)}: {value_words(fields[name], value, language)}"
        for name, value in values.items()
        if name in fields and (*place, name) not in apart
    ]


def _reading_order(place: Place, names: Sequence[str]) -> tuple[object, ...]:
    """Details as the definition has them, items before rows of absence, a field behind its item."""
    if len(place) == 1:
        name = str(place[0])
        return (0, names.index(name) if name in names else len(names), name)
    return (1, *(f"{part:06}" if isinstance(part, int) else part for part in place))


def _value_at(payload: Json, place: Place) -> Json:
    """The value at ``place``, which was found in this very payload."""
    value = payload
    for part in place:
        if isinstance(value, Mapping):
            value = value[str(part)]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            value = value[int(part)]
    return value


def _fingerprint(unit: Json) -> str:
    return b64url_encode(blake2b(jcs(unit), digest_size=_KEY_BYTES).digest())
