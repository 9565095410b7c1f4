"""What can be ticked for a card, what is ticked to begin with, and what could give room.

Rules: the person's name and birth date and the allergies' state need no tick; what is sensitive, or
about somebody else, starts unticked, and so does what is past; a suggestion to make room never
names an allergy: only a person takes one off, and the card then says that its list is incomplete.
What is *not* here: words for people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from healthpassport.cards.building import AnyRecord, CardChoices, build, room
from healthpassport.cards.values import ALLERGIES, IDENTITY
from healthpassport.encoding import b64url_encode, jcs
from healthpassport.summary import Item, definition
from healthpassport.summary.rules import is_past
from schemas.cards import table

OPTIONAL_DETAILS: Final = ("nhsNumber", "addressLines", "postcode")
# About somebody else, or nothing that everybody should learn who finds a lost card.
SENSITIVE: Final = frozenset({"EmergencyContacts", "PregnancyStatus"})
_NOT_THERE: Final = {"DeviceImplant": frozenset({"planned", "not_done"})}
_KEY_BYTES: Final = 9
# What to suggest first when there is too little room; whatever is not named here, never.
GIVES_ROOM: Final = (
    IDENTITY,
    "EmergencyContacts",
    "PregnancyStatus",
    "CommunicationNeeds",
    "ProblemSummary",
    "DeviceImplant",
    "MedicationSummary",
    "AdvanceCarePlan",
)


@dataclass(frozen=True, slots=True)
class CardEntry:
    """Something that can be ticked: a detail of the person, or an entry of a record.

    ``key`` stays the same while the entry does. ``place`` is its place in its record, None for a
    detail, whose name is ``detail`` then.
    """

    key: str
    record_type: str
    ticked: bool
    sensitive: bool
    place: int | None = None
    detail: str | None = None


def entries(records: Sequence[AnyRecord]) -> tuple[CardEntry, ...]:
    """Everything of ``records`` that a card can hold by choice, in reading order."""
    held = {record.type: record for record in records}
    told = {name for record in records for name in record.subject}
    details = [
        CardEntry(f"detail:{name}", IDENTITY, ticked=False, sensitive=True, detail=name)
        for name in OPTIONAL_DETAILS
        if name in told
    ]
    found = (held[one.record_type] for one in table().sections if one.record_type in held)
    return (*details, *(entry for record in found for entry in _of(record)))


def usual(records: Sequence[AnyRecord]) -> frozenset[str]:
    """The keys that are ticked to begin with."""
    return frozenset(entry.key for entry in entries(records) if entry.ticked)


def choices(records: Sequence[AnyRecord], keys: Collection[str]) -> CardChoices:
    """The choices that the ticks ``keys`` stand for; keys of nothing that is held are passed over.

    A record of which nothing is ticked is left out, unless it has nothing to tick: its state alone
    then stands on the card.
    """
    items: dict[str, frozenset[int]] = {
        record.type: frozenset()
        for record in records
        if not record.items and record.type not in SENSITIVE
    }
    details = set()
    for entry in entries(records):
        if entry.key in keys and entry.place is not None:
            items[entry.record_type] = items.get(entry.record_type, frozenset()) | {entry.place}
        elif entry.key in keys and entry.detail is not None:
            details.add(entry.detail)
    return CardChoices(frozenset(details), items)


def to_take_off(
    records: Sequence[AnyRecord], keys: Collection[str], *, iss: str, status_uri: str
) -> tuple[str, ...] | None:
    """Keys that could be unticked so that the rest fits: a suggestion and never an allergy.

    Empty where all fits as it is, None where only fewer allergies would.
    """
    left = set(keys)

    def fits() -> bool:
        content = build(records, choices(records, left))
        return room(content, iss=iss, status_uri=status_uri).fits

    taken: list[str] = []
    ordered = [entry for entry in entries(records) if entry.key in left]
    for kind in GIVES_ROOM:
        for entry in reversed([one for one in ordered if one.record_type == kind]):
            if fits():
                return tuple(taken)
            left.remove(entry.key)
            taken.append(entry.key)
    return tuple(taken) if fits() else None


def _of(record: AnyRecord) -> Iterator[CardEntry]:
    known, seen = definition(record.type), dict[str, int]()
    for place, item in enumerate(record.items):
        name = _fingerprint(item)
        seen[name] = seen.get(name, 0) + 1
        key = f"{record.type}:{name}" + (f":{seen[name]}" if seen[name] > 1 else "")
        sensitive = record.type in SENSITIVE
        elsewhere = item.unit.get("group") in _NOT_THERE.get(record.type, ())
        past = is_past(item, known) and record.type != ALLERGIES
        ticked = not (sensitive or past or elsewhere)
        yield CardEntry(key, record.type, ticked=ticked, sensitive=sensitive, place=place)


def _fingerprint(item: Item) -> str:
    return b64url_encode(blake2b(jcs(item.unit), digest_size=_KEY_BYTES).digest())
