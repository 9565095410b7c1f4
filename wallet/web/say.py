"""A person's own words and home readings: kept beside the records, shown to staff as not checked.

What is *not* here: whose words they may be (``service.stating``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from healthpassport.errors import ServiceError

from .page import Page, Seen
from .words import msg

MAX_WORDS: Final = 4000  # characters
FIELDS: Final = ("words", "reading", "day", "about", "anew")

router = APIRouter(prefix="/say")
Words = Annotated[str, Form(max_length=MAX_WORDS)]


@router.get("")
def ask(page: Seen) -> Response:
    """A form for words, a reading and a day."""
    kept = page.kept() or {}
    return _form(page, {name: kept[name][0] for name in FIELDS if kept.get(name)})


@router.post("")
def keep(  # noqa: PLR0917 - the fields of one form, by name
    page: Seen,
    words: Words = "",
    reading: Words = "",
    day: Words = "",
    about: Words = "",
    anew: Words = "",
) -> Response:
    """Keep them as a record of one's own."""
    values = {"words": words, "reading": reading, "day": day, "about": about, "anew": anew}
    if not words.strip():
        return _form(page, values, wrong=msg("Write something first."))
    try:
        record = page.wallet.say(
            words,
            reading=reading.strip() or None,
            day=day.strip() or None,
            about=about or None,
            anew=bool(anew),
        )
    except ServiceError as error:
        if error.code not in {"wallet.words", "wallet.whose_words"}:
            raise
        return _form(page, values, wrong=f"{page.words(error.title)} {page.words(error.hint)}")
    return page.go(f"/records/{record.id}")


def _form(page: Page, values: dict[str, str], *, wrong: str = "") -> Response:
    return page.show(
        "say/say.html",
        status=400 if wrong else 200,
        values=values,
        wrong=page.words(wrong) if wrong else "",
        people=_people(page),
    )


def _people(page: Page) -> list[tuple[str, str]]:
    """Whose words they may be: a record of each person here, and what to call them."""
    first: dict[str, str] = {}
    for record in page.wallet.records():
        if record.until is None:  # nobody speaks for one who only lent records
            first.setdefault(record.person, record.id)
    return [(first[one.id], one.title) for one in page.wallet.people.list() if one.id in first]
