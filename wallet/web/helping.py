"""People who help: inviting, lending chosen parts until a date, adding what is lent, ending it.

Rules: words are shown for two people to compare aloud before anything is lent or added, and the
button says so; what was pasted and picked stays on the page when something is wrong. What is *not*
here: what may be lent (``service.lending``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, TypeAlias

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool

from healthpassport.errors import PassportError, ServiceError
from healthpassport.summary import definition
from wallet.consent import item_words
from wallet.service import GiftView, Part, RecordView

from .page import Page, Seen, page_of
from .words import msg

LIMITS: Final = {"/helping/add": 1_500_000}  # bytes; a package is at most a million characters
MAX_FIELDS: Final = 2_000  # boxes of a large wallet
MAX_FIELD: Final = 700  # characters; an invitation is at most 600
TEXT: Final = "text/plain; charset=us-ascii"

Fields: TypeAlias = "Mapping[str, tuple[str, ...]]"

router = APIRouter(prefix="/helping")
Words = Annotated[str, Form(max_length=MAX_FIELD)]


@dataclass(frozen=True, slots=True)
class Choosable:
    """A record that may be lent, and the lines of its list."""

    record: RecordView
    lines: tuple[str, ...]


@router.get("")
def overview(page: Seen) -> Response:
    """What was lent, to whom and until when."""
    helpers = page.wallet.helpers
    return page.show("helping/list.html", gifts=helpers.given(), invitations=helpers.invitations())


@router.get("/invite")
def ask_name(page: Seen) -> Response:
    """The name that the person knows."""
    kept = page.kept() or {}
    return page.show("helping/invite.html", called=kept.get("name", ("",))[0], wrong="")


@router.post("/invite")
def invite(page: Seen, name: Words = "") -> Response:
    """Make an invitation, and show it."""
    try:
        made = page.wallet.helpers.invite(name)
    except ServiceError as error:
        return page.show(
            "helping/invite.html", status=400, called=name, wrong=_in_words(page, error)
        )
    code = segno.make(made.text, error="m")
    drawn = Markup(code.svg_inline(scale=4, border=4))  # noqa: S704 - segno's own drawing
    return page.show("helping/invitation.html", invitation=made, code=drawn)


@router.get("/lend")
def ask_invitation(page: Seen) -> Response:
    """Paste the invitation."""
    kept = page.kept() or {}
    return page.show("helping/paste.html", text=kept.get("invitation", ("",))[0], wrong="")


@router.post("/lend")
async def lend(request: Request) -> Response:
    """Compare words and choose; then lend."""
    fields: dict[str, tuple[str, ...]] = {}
    async with request.form(max_fields=MAX_FIELDS) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields[name] = (*fields.get(name, ()), value)
    return await run_in_threadpool(_lend, page_of(request), fields)


@router.get("/add")
def ask_package(page: Seen) -> Response:
    """Paste or pick the package."""
    page.kept()
    return page.show("helping/add.html", wrong="")


@router.post("/add")
async def add(request: Request) -> Response:
    """Look at a package, or keep it."""
    largest = LIMITS["/helping/add"]
    async with request.form(max_files=1, max_fields=8, max_part_size=largest) as form:
        text, keep = str(form.get("package") or ""), form.get("agree") == "yes"
        file = form.get("file")
        if not text.strip() and file is not None and not isinstance(file, str):
            text = (await file.read()).decode("ascii", "replace")
    return await run_in_threadpool(_add, page_of(request), text, keep=keep)


@router.get("/{gift}/package")
def package(page: Seen, gift: str) -> Response:
    """The package as a file."""
    found = next((g for g in page.wallet.helpers.given() if g.id == gift and g.package), None)
    if found is None:
        raise ServiceError("helper.unknown")
    headers = {"content-disposition": 'attachment; filename="for-my-helper.txt"'}
    return Response(found.package + "\n", media_type=TEXT, headers=headers)


@router.get("/{gift}/end")
def ask_end(page: Seen, gift: str) -> Response:
    """Ask once more."""
    found = next((g for g in page.wallet.helpers.given() if g.id == gift), None)
    if found is None:
        raise ServiceError("helper.unknown")
    return page.show("helping/end.html", gift=found)


@router.post("/{gift}/end")
def end(page: Seen, gift: str) -> Response:
    """End it now."""
    page.wallet.helpers.end(gift)
    return page.go("/helping")


def _lend(page: Page, fields: Fields) -> Response:
    wallet = page.wallet
    text = fields.get("invitation", ("",))[0]
    try:
        read = wallet.helpers.read(text[:MAX_FIELD])
    except ServiceError as error:
        return page.show("helping/paste.html", status=400, text=text, wrong=_in_words(page, error))
    wrong, records = "", fields.get("record", ())
    until = fields.get("until", ("",))[0].strip()
    if "lend" in fields:
        found = _given(page, text, records, until, fields)
        if isinstance(found, GiftView):
            return page.show("helping/lent.html", gift=found)
        wrong = found
    return page.show(
        "helping/choose.html",
        status=400 if wrong else 200,
        invitation=read,
        groups=_choosable(page),
        fields=fields,
        until=until,
        wrong=wrong,
    )


def _given(
    page: Page, text: str, records: Sequence[str], until: str, fields: Fields
) -> GiftView | str:
    """What was lent, or in words why nothing was."""
    if "agree" not in fields:
        return page.words(msg("Compare the words first, then tick that they agree."))
    try:
        last = date.fromisoformat(until) if until else None
        parts = [_part(page, record, fields) for record in records]
        return page.wallet.helpers.give(text, parts, until=last)
    except ValueError:
        return _in_words(page, ServiceError("helper.until"))
    except PassportError as error:
        if not error.code.startswith(("helper.", "cred.", "people.")):
            raise
        return _in_words(page, error)


def _part(page: Page, record: str, fields: Fields) -> Part:
    lines = [line for line in fields.get("line", ()) if line.startswith(f"{record}:")]
    numbers = [line.partition(":")[2] for line in lines]
    if not _lines(page, record):
        return page.wallet.part(record)
    return page.wallet.part(record, items=[int(n) for n in numbers if n.isdecimal()])


def _lines(page: Page, record: str) -> tuple[str, ...]:
    """The lines of a record's list, in words; none where it has none."""
    detail = page.wallet.show(record)
    items, known = detail.payload.get("items"), definition(detail.view.type)
    units = (
        [item.get("unit") for item in items if isinstance(item, Mapping)]
        if isinstance(items, list)
        else []
    )
    return tuple(
        item_words(known, unit, page.language) for unit in units if isinstance(unit, Mapping)
    )


def _choosable(page: Page) -> list[tuple[str, list[Choosable]]]:
    """For each person, the records that may be lent."""
    wallet = page.wallet
    found = []
    for person in wallet.people.list():
        own = [
            Choosable(view, _lines(page, view.id))
            for view in wallet.records(person.id)
            if view.until is None and view.type != "PatientStated"
        ]
        if own:
            found.append((person.title, own))
    return found


def _add(page: Page, text: str, *, keep: bool) -> Response:
    helpers = page.wallet.helpers
    try:
        received = helpers.look(text)
        if keep:
            helpers.keep(received)
            return page.go("/people")
    except PassportError as error:
        if not error.code.startswith(("helper.", "wallet.credential")):
            raise
        return page.show("helping/add.html", status=400, wrong=_in_words(page, error))
    return page.show("helping/look.html", received=received)


def _in_words(page: Page, error: PassportError) -> str:
    return f"{page.words(error.title)} {page.words(error.hint)}"
