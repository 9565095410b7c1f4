"""Where a question can be answered in more than one way, what the ways are (OpenID4VP 1.0, 6.4.3).

The asker may name alternatives (``credential_sets``), and several records may fit where one is
wanted. The first that fits is shown; the person may choose another. What is *not* here: the boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from healthpassport.encoding import Json
from healthpassport.protocols.dcql import CredentialQuery, Query
from healthpassport.record_words import day, record_label
from healthpassport.summary import definition_for_vct, from_payload

from .model import Choice, HeldRecord, Option

SET: Final = "set:"
RECORD: Final = "record:"
ONE_OF: Final = {
    "en": "They take any one of these. Which do you want to share?",
    "cy": "Mae un o'r rhain yn ddigon. Pa un ydych chi am ei rannu?",
}
WHICH: Final = {
    "en": "You hold more than one. Which do you want to share?",
    "cy": "Mae gennych fwy nag un. Pa un ydych chi am ei rannu?",
}

Fitting = Mapping[str, tuple[HeldRecord, ...]]


def preferred_options(chosen: Mapping[str, str]) -> dict[int, int]:
    """For each set of alternatives that the person chose from, which option."""
    return {
        int(name.removeprefix(SET)): int(option)
        for name, option in chosen.items()
        if name.startswith(SET) and name.removeprefix(SET).isdecimal() and option.isdecimal()
    }


def set_choices(
    query: Query, fitting: Fitting, chosen: Mapping[str, str], language: str
) -> tuple[Choice, ...]:
    """The alternatives that the asker named, as far as more than one can be answered."""
    prefer = preferred_options(chosen)
    found = []
    for position, wanted in enumerate(query.credential_sets):
        options = {
            number: _all_of(names, fitting, language)
            for number, names in enumerate(wanted.options)
            if all(fitting.get(name) for name in names)
        }
        if len(set(options.values())) > 1:
            first = prefer.get(position, -1)
            picked = first if first in options else next(iter(options))
            ways = tuple(Option(str(number), label) for number, label in options.items())
            found.append(Choice(f"{SET}{position}", ONE_OF[language], ways, str(picked)))
    return tuple(found)


def record_choice(
    wanted: CredentialQuery, possible: Sequence[HeldRecord], taken: HeldRecord, language: str
) -> Choice:
    """Several records fit where one is wanted."""
    people = {_person(record) for record in possible}
    options = tuple(
        Option(record.reference, _label(record, language, named=len(people) > 1))
        for record in possible
    )
    return Choice(f"{RECORD}{wanted.id}", WHICH[language], options, taken.reference)


def _all_of(names: Sequence[str], fitting: Fitting, language: str) -> str:
    return ", ".join(_label(fitting[name][0], language) for name in names)


def _label(record: HeldRecord, language: str, *, named: bool = False) -> str:
    """What it is, from whom and as of when; with whose it is where there are several people."""
    payload = record.held.payload
    title = record_label(definition_for_vct(str(payload["vct"])), language)
    as_of = day(from_payload(payload).as_of, language)
    whose = f"{_person(record)}, " if named and _person(record) else ""
    return f"{title} ({whose}{record.issuer_name}, {as_of})"


def _person(record: HeldRecord) -> str:
    payload = record.held.payload
    given = payload.get("givenNames")
    names = [*_texts(given), *_texts(payload.get("familyName"))]
    return " ".join(names)


def _texts(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(part) for part in value] if isinstance(value, list | tuple) else []
