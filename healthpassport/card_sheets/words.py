"""An emergency card in words, in every language at once: staff and holder may read different ones.

From ``schemas/cards/words.json`` and the record definitions. What is *not* here: layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Final, TypeAlias

import schemas
from healthpassport.cards import CardContent, CardSection, allergy_statement, carried_fields
from healthpassport.encoding import Json
from healthpassport.record_words import day, item_words, record_label, value_words
from healthpassport.summary import Item, definition
from schemas.definitions import LANGUAGES, states, warnings

Words: TypeAlias = Mapping[str, str]
IDENTITY: Final = "PatientIdentity"
ALLERGIES_FIRST: Final = ("AllergySummary", "EmergencySummary")  # above everything else on a page


@dataclass(frozen=True, slots=True)
class CardPart:
    """One section in words: its title, how much of it is here, its entries, and its notes."""

    record_type: str
    title: Words
    said: Words
    as_of: Words
    lines: tuple[Words, ...]
    notes: tuple[Words, ...]


def word(kind: str, name: str) -> Words:
    """The words ``name`` of one ``kind``: headings, labels, states or sentences."""
    return _table()[f"{kind} {name}"]


def each(text: str) -> Words:
    """``text`` that is the same in every language."""
    return dict.fromkeys(LANGUAGES, text)


def days(value: date) -> Words:
    """A date in every language."""
    return {language: day(value, language) for language in LANGUAGES}


def allergy_words(section: CardSection) -> Words:
    """The heading, with "list incomplete" and n of m where the list is not whole, and its day."""
    found = allergy_statement(section)
    heading = word("headings", found.heading.value)
    parts = [heading]
    if found.incomplete and found.heading.value == "known":
        parts.append(word("labels", "list_incomplete"))
    if found.total:
        count = word("labels", "count")
        numbers = {"shown": found.shown, "total": found.total}
        parts.append({language: count[language].format(**numbers) for language in LANGUAGES})
    as_of = word("labels", "as_of")
    return {
        language: f"{'. '.join(part[language] for part in parts)}."
        f" {as_of[language]} {day(section.as_of, language)}."
        for language in LANGUAGES
    }


def parts(content: CardContent) -> tuple[CardPart, ...]:
    """Every section of ``content`` in words, in order; the allergies first."""
    return tuple(_part(section) for section in content.sections)


def entry_words(record_type: str, item: Item) -> Words:
    """An entry with all that a card holds of it, in every language."""
    known = definition(record_type)
    told: dict[str, str] = {}
    for language in LANGUAGES:
        fields = [
            value_words(known.item_fields[name], value, language)
            for name, value in item.fields.items()
            if name in carried_fields(record_type)
        ]
        told[language] = ", ".join([item_words(known, item.unit, language), *fields])
    return told


def detail_words(name: str, value: Json) -> tuple[Words, Words]:
    """A detail of the person: what it is called, and its value."""
    field = definition(IDENTITY).subject_fields[name]
    title = {language: field.labels[language].patient for language in LANGUAGES}
    return title, {language: value_words(field, value, language) for language in LANGUAGES}


def title_of(record_type: str) -> Words:
    """What a record of this type is called."""
    return {language: record_label(definition(record_type), language) for language in LANGUAGES}


def _part(section: CardSection) -> CardPart:
    known = definition(section.record_type)
    notes: list[Words] = []
    if known.note:
        # Staff read the card: the clinical words say more, such as what a list may omit.
        notes.append({language: known.note[language].clinical for language in LANGUAGES})
    for name in section.warnings:
        told = warnings().get(name)
        notes.append({n: told[n].clinical for n in LANGUAGES} if told else each(name))
    return CardPart(
        record_type=section.record_type,
        title=title_of(section.record_type),
        said=_said(section),
        as_of=days(section.as_of),
        lines=tuple(entry_words(section.record_type, item) for item in section.items),
        notes=tuple(notes),
    )


def _said(section: CardSection) -> Words:
    """The state of a list without entries, else n of m."""
    if not section.item_count:
        found = states()[section.state.value].labels
        return {language: found[language].clinical for language in LANGUAGES}
    numbers = {"shown": len(section.items), "total": section.item_count}
    count = word("labels", "count")
    return {language: count[language].format(**numbers) for language in LANGUAGES}


@cache
def _table() -> Mapping[str, Words]:
    rows = schemas.load("cards/words.json")
    return MappingProxyType(
        {f"{kind} {name}": words for kind, named in rows.items() for name, words in named.items()}
    )
