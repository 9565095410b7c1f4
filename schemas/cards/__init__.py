"""The numbers of an emergency card, read from ``passport_card.json``: the table others read too.

What is *not* here: judging a card (``healthpassport.cards``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import schemas

CARD: Final = "EmergencyCard"  # what the trust list calls it, beside the record types
CARD_FORMAT: Final = "passport_card+cose"


@dataclass(frozen=True, slots=True)
class SectionNumbers:
    """One section: its number, and those of the members of an entry's unit and of its fields."""

    key: int
    record_type: str
    unit: Mapping[str, int]
    fields: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CardTable:
    """The whole table; each mapping gives a name its number, ``word_names`` the other way round."""

    prefix: str
    external_aad: bytes
    claims: Mapping[str, int]
    card: Mapping[str, int]
    section: Mapping[str, int]
    nhs_number: Mapping[str, int]
    reaction: Mapping[str, int]
    measured: Mapping[str, int]
    states: Mapping[str, int]
    warnings: Mapping[str, int]
    implied_warning: str
    sections: tuple[SectionNumbers, ...]
    words: Mapping[str, int]
    limits: Mapping[str, Any]


@cache
def table() -> CardTable:
    """The table of version 1.

    Raises:
        ValueError: where a number or a word stands twice.
    """
    row = schemas.load("cards/passport_card.json")
    sections = tuple(
        SectionNumbers(
            one["key"], one["record"], _numbers(one["unit"]), _numbers(one.get("fields", {}))
        )
        for one in row["sections"]
    )
    return CardTable(
        prefix=row["prefix"],
        external_aad=row["externalAad"].encode(),
        claims=_numbers(row["claims"]),
        card=_numbers(row["card"]),
        section=_numbers(row["section"]),
        nhs_number=_numbers(row["nhsNumber"]),
        reaction=_numbers(row["reaction"]),
        measured=_numbers(row["measured"]),
        states=_numbers(row["states"]),
        warnings=_numbers(row["warnings"]),
        implied_warning=row["impliedWarning"],
        sections=sections,
        words=_numbers({word: number for number, word in enumerate(row["words"])}),
        limits=MappingProxyType(row["limits"]),
    )


def _numbers(row: Mapping[str, int]) -> Mapping[str, int]:
    if len(set(row.values())) != len(row):
        message = f"a number stands twice: {sorted(row)}"
        raise ValueError(message)
    return MappingProxyType(dict(row))
