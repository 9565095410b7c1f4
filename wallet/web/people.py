"""The people in one wallet: who they are, a word of one's own for them, and removing one.

What is *not* here: whose a new record is (``add``), and whose records to show (``share``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from healthpassport.errors import ServiceError

from .page import Page, Seen

MAX_FIELD: Final = 200  # characters

router = APIRouter(prefix="/people")


@router.get("")
def everybody(page: Seen) -> Response:
    """Everybody whose records are here."""
    return page.show("people/list.html", people=page.wallet.people.list())


@router.get("/{person}")
def one(page: Seen, person: str) -> Response:
    """One person: the form for a word of one's own, and whether it is oneself."""
    kept = page.kept() or {}
    found = page.wallet.people.find(person)
    label = kept.get("label", (found.label,))[0]
    return page.show("people/one.html", person=found, label=label, wrong="")


@router.post("/{person}")
def change(
    page: Seen,
    person: str,
    label: Annotated[str, Form(max_length=MAX_FIELD)] = "",
    mine: Annotated[str, Form(max_length=MAX_FIELD)] = "",
) -> Response:
    """Keep the word, and who the owner is."""
    found = page.wallet.people.find(person)
    said = None if found.until is not None or bool(mine) is found.mine else bool(mine)
    try:
        page.wallet.people.rename(found.id, label, mine=said)
    except ServiceError as error:
        if error.code != "people.label":
            raise
        return _again(page, person, label, error)
    return page.go("/people")


@router.get("/{person}/remove")
def ask(page: Seen, person: str) -> Response:
    """Ask once more."""
    return page.show("people/remove.html", person=page.wallet.people.find(person))


@router.post("/{person}/remove")
def remove(page: Seen, person: str) -> Response:
    """Take out all records of one person; what a helper still has must be ended first."""
    try:
        page.wallet.people.remove(person)
    except ServiceError as error:
        if error.code != "helper.still_lent":
            raise
        return page.show(
            "people/remove.html",
            status=409,
            person=page.wallet.people.find(person),
            wrong=_in_words(page, error),
        )
    return page.go("/people")


def _again(page: Page, person: str, label: str, error: ServiceError) -> Response:
    return page.show(
        "people/one.html",
        status=400,
        person=page.wallet.people.find(person),
        label=label,
        wrong=_in_words(page, error),
    )


def _in_words(page: Page, error: ServiceError) -> str:
    return f"{page.words(error.title)} {page.words(error.hint)}"
