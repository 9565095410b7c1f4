"""People who help: inviting, lending chosen parts until a date, adding what is lent, ending it.

Rules: words are shown for two people to compare aloud before anything is lent or added, and the
button says so; what was pasted and picked stays on the page when something is wrong. What is *not*
here: what was picked (``lending``), and what may be lent (``service.lending``).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool

from healthpassport.errors import PassportError, ServiceError
from wallet.handing import Invitation

from .lending import Chosen, Fields, choosable, first
from .page import Page, Seen, page_of
from .words import msg

LIMITS: Final = {"/helping/add": 1_500_000}  # bytes; a package is at most a million characters
MAX_FIELDS: Final = 2_000  # boxes of a large wallet
MAX_FIELD: Final = 700  # characters; an invitation is at most 600
TEXT: Final = "text/plain; charset=us-ascii"

router = APIRouter(prefix="/helping")
Words = Annotated[str, Form(max_length=MAX_FIELD)]


@router.get("")
def overview(page: Seen) -> Response:
    """What was lent, to whom and until when."""
    helpers = page.wallet.helpers
    return page.show("helping/list.html", gifts=helpers.given(), invitations=helpers.invitations())


@router.get("/invite")
def ask_name(page: Seen) -> Response:
    """The name that the person knows."""
    kept = page.kept() or {}
    return page.show("helping/invite.html", called=first(kept, "name"), wrong="")


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
    if first(kept, "step"):  # further on than this page, when the language changed
        again = "look" if first(kept, "step") == "look" else "change"
        return _lend(page, {**kept, "do": (again,)})
    return page.show("helping/paste.html", text=first(kept, "invitation"), wrong="")


@router.post("/lend")
async def lend(request: Request) -> Response:
    """Choose, look once more and compare words; then lend."""
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
    return page.show("helping/add.html", text="", wrong="")


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
    """The next of three pages: the invitation, the choice, a last look with the words."""
    helpers, do = page.wallet.helpers, first(fields, "do")
    try:
        read = helpers.read(first(fields, "invitation")[:MAX_FIELD])
    except ServiceError as error:
        text, wrong = first(fields, "invitation"), _in_words(page, error)
        return page.show("helping/paste.html", status=400, text=text, wrong=wrong)
    chosen = Chosen(fields)
    if do == "lend":
        return _lent(page, read, chosen)
    if do == "change" or not first(fields, "step"):
        return _choice(page, read, chosen)
    try:
        return _look(page, read, chosen, chosen.until(helpers))
    except ServiceError as error:
        return _choice(page, read, chosen, _in_words(page, error))


def _lent(page: Page, read: Invitation, chosen: Chosen) -> Response:
    """Lend, if the words were compared; else the page again, with its ticks."""
    wallet = page.wallet
    try:
        until = chosen.until(wallet.helpers)
        if not chosen.agreed:
            said = page.words(msg("Compare the words first, then tick that they agree."))
            return _look(page, read, chosen, until, said)
        gift = wallet.helpers.give(read.text, chosen.parts(page), until=until)
    except PassportError as error:
        if not error.code.startswith(("helper.", "cred.", "people.")):
            raise
        return _choice(page, read, chosen, _in_words(page, error))
    return page.show("helping/lent.html", gift=gift)


def _choice(page: Page, read: Invitation, chosen: Chosen, wrong: str = "") -> Response:
    return page.show(
        "helping/choose.html",
        status=400 if wrong else 200,
        invitation=read,
        groups=choosable(page),
        chosen=chosen,
        wrong=wrong,
    )


def _look(page: Page, read: Invitation, chosen: Chosen, until: date, wrong: str = "") -> Response:
    return page.show(
        "helping/look_once_more.html",
        status=400 if wrong else 200,
        invitation=read,
        views=chosen.views(page),
        chosen=chosen,
        until=until,
        wrong=wrong,
    )


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
        return page.show("helping/add.html", status=400, text=text, wrong=_in_words(page, error))
    return page.show("helping/look.html", received=received)


def _in_words(page: Page, error: PassportError) -> str:
    return f"{page.words(error.title)} {page.words(error.hint)}"
