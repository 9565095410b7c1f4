"""The sheet for a complaint and the letter that asks what they keep: words and proof to print.

Both are plain data: a page, a text and JSON are made of the same rows. The words stand in
``schemas/receipts/words.json`` in English and Welsh. What is *not* here: any value of a record, and
legal advice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import schemas
from healthpassport.encoding import Json
from healthpassport.errors import catalogue
from healthpassport.receipts import Receipt, ReceivedRecord, Sent
from healthpassport.record_words import day, record_label
from healthpassport.summary import definition, record_types
from healthpassport.uk_time import uk_clock, uk_day
from wallet.consent import label

from .past import HistoryEntry
from .receipts import KeptReceipt, worst

WORDS: Final = "receipts/words.json"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sheet: what it tells, and that."""

    name: str
    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComplaintSheet:
    """What to print. ``rows`` are for people, ``proof`` for those who check."""

    title: str
    rows: tuple[Row, ...]
    space: str
    steps_title: str
    steps: tuple[str, ...]
    contact: tuple[str, ...]
    proof_title: str
    proof: tuple[Row, ...]
    receipts: tuple[str, ...]

    def text(self) -> str:
        """The sheet as plain text, for a screen reader, a printer or a message."""
        parts = [self.title.upper(), ""]
        parts += [f"{row.label}: {'; '.join(row.lines)}" for row in self.rows]
        parts += ["", f"{self.space}:", "", "", self.steps_title.upper()]
        parts += [f"{number}. {step}" for number, step in enumerate(self.steps, start=1)]
        parts += ["", *self.contact, "", self.proof_title.upper()]
        for row in self.proof:
            parts += [f"{row.label}:", *row.lines]
        return "\n".join(parts) + "\n"

    def wire(self) -> dict[str, Json]:
        """The sheet as a JSON object."""
        return {
            "version": VERSION,
            "title": self.title,
            "facts": _wire(self.rows),
            "steps": list(self.steps),
            "contact": list(self.contact),
            "proof": _wire(self.proof),
            "receipts": list(self.receipts),
        }


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter, paragraph by paragraph; ``fill`` is what the person writes in by hand."""

    title: str
    greeting: str
    paragraphs: tuple[str, ...]
    close: str
    fill: str

    def text(self) -> str:
        """The letter as plain text."""
        body = "\n\n".join([self.title, self.greeting, *self.paragraphs, self.close, self.fill])
        return body + "\n"

    def wire(self) -> dict[str, Json]:
        """The letter as a JSON object."""
        return {
            "version": VERSION,
            "title": self.title,
            "greeting": self.greeting,
            "paragraphs": list(self.paragraphs),
            "close": self.close,
            "fill": self.fill,
        }


def complaint_sheet(
    entry: HistoryEntry,
    kept: Sequence[tuple[KeptReceipt, Receipt | None]],
    language: str,
) -> ComplaintSheet:
    """The sheet about ``entry``, with what came as receipts."""
    words = _words()
    sheet = words["sheet"]
    facts: dict[str, Iterable[str]] = {
        "who": [entry.who],
        "ods": [entry.ods],
        "when": [_moment(entry, language)],
        "happened": [words["kinds"][entry.kind.value][language]],
        "purpose": [entry.purpose],
        "retention": [entry.retention],
        "asked": [
            f"{_title(kind, language)}: {', '.join(_fields(kind, paths, language))}"
            for kind, paths in entry.asked.items()
        ],
        "sent": entry.what if entry.evidence is None else _named(entry.evidence.records, language),
        **_told(entry, kept, language),
    }
    return ComplaintSheet(
        title=sheet["title"][language],
        rows=_rows(facts, language),
        space=sheet["mine"][language],
        steps_title=sheet["steps"][language],
        steps=tuple(step[language] for step in words["steps"]),
        contact=_contact(language),
        proof_title=sheet["proof"][language],
        proof=_rows(_proof(entry.evidence, kept), language),
        receipts=tuple(one.token for one, _ in kept if one.token),
    )


def letter(
    entry: HistoryEntry,
    kept: Sequence[tuple[KeptReceipt, Receipt | None]],
    language: str,
) -> Letter:
    """The letter to those whom ``entry`` names."""
    words = _words()["letter"]
    said = {
        "who": entry.who,
        "when": _moment(entry, language),
        "purpose": entry.purpose,
        "sent": ", ".join(what.partition(":")[0] for what in entry.what),
    }
    paragraphs = [part[language].format(**said) for part in words["paragraphs"]]
    numbers = [receipt.jti for _, receipt in kept if receipt is not None]
    if numbers:
        paragraphs.insert(3, words["receipt"][language].format(receipt=", ".join(numbers)))
    return Letter(
        title=words["title"][language],
        greeting=words["greeting"][language].format(**said),
        paragraphs=tuple(paragraphs),
        close=words["close"][language],
        fill=words["fill"][language],
    )


def _told(
    entry: HistoryEntry, kept: Sequence[tuple[KeptReceipt, Receipt | None]], language: str
) -> dict[str, list[str]]:
    """What the receipts say, and in what they differ."""
    read = [receipt for _, receipt in kept if receipt is not None]
    due = entry.evidence is not None or bool(kept)
    problems = dict.fromkeys(code for one, _ in kept for code in one.problems)
    state = worst(one for one, _ in kept).value
    return {
        "received": [line for one in read for line in _named(one.records, language)],
        "receipt": [_words()["states"][state][language]] if due else [],
        "problems": [catalogue()[code].title for code in problems],
        "role": [one.reader.role for one in read if one.reader],
        "reason": [_words()["reasons"][str(one.reason)][language] for one in read if one.reason],
    }


def _proof(
    sent: Sent | None, kept: Sequence[tuple[KeptReceipt, Receipt | None]]
) -> dict[str, list[str]]:
    cards = [receipt.card_hash for _, receipt in kept if receipt and receipt.card_hash]
    return {
        "request_hash": [sent.request_hash] if sent else [],
        "answer_hash": [sent.vp_token_hash] if sent else [],
        "certificate_hash": [sent.certificate_hash] if sent else [],
        "card_hash": cards,
        "receipt_text": [one.token for one, _ in kept if one.token],
    }


def _rows(facts: Mapping[str, Iterable[str]], language: str) -> tuple[Row, ...]:
    """Only what there is something to say of."""
    labels = _words()["sheet"]
    told = ((name, tuple(line for line in lines if line)) for name, lines in facts.items())
    return tuple(Row(name, labels[name][language], lines) for name, lines in told if lines)


def _named(records: Iterable[ReceivedRecord], language: str) -> list[str]:
    return [
        f"{_title(r.type, language)}: {', '.join(_fields(r.type, r.paths, language))}"
        for r in records
    ]


def _title(kind: str, language: str) -> str:
    return record_label(definition(kind), language) if kind in record_types() else kind


def _fields(kind: str, paths: Iterable[str], language: str) -> list[str]:
    """The labels of the fields, each once; a name that has none stands as it is."""
    if kind not in record_types():
        return list(paths)
    known = definition(kind)
    fields = {**known.envelope_fields, **known.always_fields, **known.subject_fields}
    fields |= {f"items.{name}": field for name, field in known.item_fields.items()}
    told = [
        label(fields[path], language) if path in fields else _list_name(path, language)
        for path in paths
    ]
    return list(dict.fromkeys(told))


def _list_name(path: str, language: str) -> str:
    names = {"items.unit": "list", "negations.unit": "nothing_known"}
    found: Mapping[str, Mapping[str, str]] = _words()["lists"]
    return found[names[path]][language] if path in names else path


def _contact(language: str) -> tuple[str, ...]:
    ico = _words()["ico"]
    return (ico["name"], ico["phone"], ico["web_cy"] if language == "cy" else ico["web"])


def _moment(entry: HistoryEntry, language: str) -> str:
    return f"{day(uk_day(entry.when), language)}, {uk_clock(entry.when)}"


def _wire(rows: Iterable[Row]) -> list[Json]:
    return [{"name": row.name, "label": row.label, "lines": list(row.lines)} for row in rows]


def _words() -> Mapping[str, Any]:
    found: Mapping[str, Any] = schemas.load(WORDS)
    return found
