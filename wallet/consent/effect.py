"""What the other side will see of each record, in words, before anything is sent.

Rules: the words say what a desk shows after clinical.md: how many of how many, and never that an
allergy list is empty because it was held back; a record that does not show whose it is would be
hidden there, and that is said. What is *not* here: what may go out (``answer``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.protocols.dcql import without
from healthpassport.record_words import record_label, state_words
from healthpassport.summary import DisclosedRecord, definition_for_vct, from_payload
from healthpassport.verification.person import identifies

from .answer import ChosenRecord, chosen
from .model import ConsentQuestion, HeldRecord

ALLERGIES: Final = "AllergySummary"
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "whole": {"en": "all {total} shared", "cy": "pob {total} wedi'i rannu"},
    "some": {"en": "{shown} of {total} shared", "cy": "{shown} o {total} wedi'u rhannu"},
    "not": {
        "en": "not shared (you may not have it, or chose not to)",
        "cy": "heb ei rannu (efallai nad yw gennych, neu i chi ddewis peidio)",
    },
    "hidden": {
        "en": "hidden, for it does not show who you are",
        "cy": "wedi'i guddio, gan nad yw'n dangos pwy ydych chi",
    },
    "old": {"en": "out of date", "cy": "wedi dyddio"},
    "nothing": {
        "en": "Nothing will be sent. What is left does not answer what they ask.",
        "cy": "Ni chaiff dim ei anfon. Nid yw'r hyn sydd ar ôl yn ateb eu cwestiwn.",
    },
    "some_allergies": {
        "en": "They will see that the list is not whole.",
        "cy": "Byddant yn gweld nad yw'r rhestr yn gyflawn.",
    },
    "no_allergies": {
        "en": 'They will see "Allergies unavailable". It will not look as if you have none.',
        "cy": 'Byddant yn gweld "Allergies unavailable". Ni fydd yn edrych fel pe na bai rhai.',
    },
}


@dataclass(frozen=True, slots=True)
class Effect:
    """What is seen of one record: ``shown`` of ``total`` items, in ``words``.

    ``warning`` is a sentence where what is seen could mislead or will be hidden, else empty.
    """

    label: str
    words: str
    shown: int
    total: int
    sent: bool
    warning: str = ""

    @property
    def line(self) -> str:
        """The effect on one line."""
        return f"{self.label}: {self.words}"


@dataclass(frozen=True, slots=True)
class Preview:
    """The effects of one set of ticks. ``nothing`` says why nothing would be sent, or is empty."""

    effects: tuple[Effect, ...]
    nothing: str = ""


def preview(question: ConsentQuestion, numbers: Collection[int], *, now: datetime) -> Preview:
    """What would be seen if exactly ``numbers`` were ticked. Nothing is sent."""
    language = question.language
    try:
        picked = chosen(question, numbers)
    except ServiceError:
        picked = ()
    sent = {(one.query_id, one.record.reference): one for one in picked}
    effects = tuple(
        _effect(record, sent.get((query_id, record.reference)), language, now)
        for query_id, records in question.records.items()
        for record in records
    )
    return Preview(effects, "" if picked else _say("nothing", language))


def _effect(record: HeldRecord, sent: ChosenRecord | None, language: str, now: datetime) -> Effect:
    held = from_payload(record.held.payload)
    known = definition_for_vct(str(record.held.payload["vct"]))
    label, total = record_label(known, language), held.item_count
    if sent is None:
        warning = _say("no_allergies", language) if known.type == ALLERGIES else ""
        return Effect(label, _say("not", language), 0, total, sent=False, warning=warning)
    held_back = frozenset(record.held.places) - sent.places
    seen = from_payload(without(record.held.payload, held_back))
    if not identifies(seen.subject):
        words = _say("hidden", language)
        return Effect(label, words, 0, total, sent=True, warning=f"{label}: {words}.")
    words = _counted(seen, language)
    if record.held.expires_at <= now:
        words = f"{words}, {_say('old', language)}"
    warning = "" if seen.complete or known.type != ALLERGIES else _incomplete(seen, language)
    return Effect(label, words, seen.shown, total, sent=True, warning=warning)


def _counted(seen: DisclosedRecord, language: str) -> str:
    if not seen.item_count:
        return state_words(seen.state.value, language)
    kind = "whole" if seen.complete else "some"
    return _say(kind, language).format(shown=seen.shown, total=seen.item_count)


def _incomplete(seen: DisclosedRecord, language: str) -> str:
    return _say("some_allergies" if seen.shown else "no_allergies", language)


def _say(kind: str, language: str) -> str:
    return _WORDS[kind][language]
