"""What a person picked on the page to lend: records, lines of lists, private details, a last day.

Rules: a whole list goes along unless a line is unticked, private details stay unless ticked, and a
tick is never lost or put back by an error. A box's value is ``record:number`` or ``record:name``.
What is *not* here: whether it may be lent (``service.lending``), and the pages (``helping``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from healthpassport.errors import ServiceError
from healthpassport.summary import definition
from wallet.consent import item_words, label
from wallet.consent.care import detail_care
from wallet.service import Helpers, Part, RecordView

from .page import Page

Fields: TypeAlias = "Mapping[str, tuple[str, ...]]"
TIMES: Final = {"week": 7, "month": 31, "quarter": 92}  # days; service.lending has the longest
USUAL: Final = "quarter"


@dataclass(frozen=True, slots=True)
class Choosable:
    """A record that may be lent: the lines of its list, and private details by name."""

    record: RecordView
    lines: tuple[str, ...]
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartView:
    """What the helper will see of a record: ``shown`` lines of ``total``, and private details."""

    label: str
    shown: int
    total: int
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the form says."""

    fields: Fields

    @property
    def agreed(self) -> bool:
        """Whether the words were compared."""
        return first(self.fields, "agree") == "yes"

    @property
    def how_long(self) -> str:
        """A name of ``TIMES``, or ``day`` for a day of one's own."""
        said = first(self.fields, "how")
        return said if said in {*TIMES, "day"} else USUAL

    def has(self, name: str, value: str) -> bool:
        """Whether a box is ticked; before the first answer all lines are, and nothing else."""
        if name == "line" and not first(self.fields, "step"):
            return True
        return value in self.fields.get(name, ())

    def typed(self, name: str) -> str:
        """What a field of the day holds."""
        return first(self.fields, name)

    def until(self, helpers: Helpers) -> date:
        """The last day; ``helper.until`` where none can be read."""
        if self.how_long != "day":
            return helpers.day_in(TIMES[self.how_long])
        try:
            year, month, day = (int(self.typed(f"until_{n}")) for n in ("year", "month", "day"))
            return date(year, month, day)
        except (ValueError, OverflowError) as error:
            raise ServiceError("helper.until") from error

    def parts(self, page: Page) -> list[Part]:
        """What is lent."""
        found = []
        for one in self._records(page):
            lines = self._lines(one) if one.lines else None
            found.append(page.wallet.part(one.record.id, items=lines, private=self._details(one)))
        return found

    def views(self, page: Page) -> list[PartView]:
        """What the helper will see; ``helper.nothing_chosen`` where that is nothing."""
        found = [
            PartView(
                one.record.label,
                len(self._lines(one)),
                len(one.lines),
                tuple(one.details[name] for name in self._details(one)),
            )
            for one in self._records(page)
        ]
        if not found or any(view.total and not view.shown for view in found):
            raise ServiceError("helper.nothing_chosen")
        return found

    def _records(self, page: Page) -> list[Choosable]:
        every = [one for _, own in choosable(page) for one in own]
        return [one for one in every if self.has("record", one.record.id)]

    def _lines(self, one: Choosable) -> list[int]:
        numbers = range(1, len(one.lines) + 1)
        return [number for number in numbers if self.has("line", f"{one.record.id}:{number}")]

    def _details(self, one: Choosable) -> list[str]:
        return [name for name in one.details if self.has("detail", f"{one.record.id}:{name}")]


def first(fields: Fields, name: str) -> str:
    """The field's value, or nothing."""
    return fields.get(name, ("",))[0].strip()


def choosable(page: Page) -> list[tuple[str, list[Choosable]]]:
    """For each person, the records that may be lent."""
    wallet = page.wallet
    found = []
    for person in wallet.people.list():
        own = [
            _choosable(page, view)
            for view in wallet.records(person.id)
            if view.until is None and view.type != "PatientStated"
        ]
        if own:
            found.append((person.title, own))
    return found


def _choosable(page: Page, view: RecordView) -> Choosable:
    payload, known = page.wallet.show(view.id).payload, definition(view.type)
    items = payload.get("items")
    units = (
        [i.get("unit") for i in items if isinstance(i, Mapping)] if isinstance(items, list) else []
    )
    return Choosable(
        view,
        tuple(item_words(known, u, page.language) for u in units if isinstance(u, Mapping)),
        {
            name: label(field, page.language)
            for name, field in known.subject_fields.items()
            if name in payload and detail_care(name, page.language).sensitive
        },
    )
