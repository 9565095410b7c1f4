"""What a person can set, mending a damaged wallet, and the way to delete everything.

What is *not* here: ways in, backups and people, which have pages of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from healthpassport.errors import ServiceError, VaultError
from wallet.service.erasing import Erased

from .page import Page, Seen
from .words import msg

SECRET_LENGTH: Final = 4096  # characters
WRONG: Final = frozenset({"vault.unlock_failed", "vault.way_unknown"})

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Mended:
    """The name of the copy that was kept, and how many rows were dropped."""

    kept: str
    dropped: int


@router.get("/settings")
def settings(page: Seen) -> Response:
    """Language, lock, copies, and links to the rest."""
    return page.show("control/settings.html", copies=page.settings.copies)


@router.get("/delete")
def ask(page: Seen) -> Response:
    """What deleting means."""
    return _form(page)


@router.post("/delete")
def delete(page: Seen, secret: Annotated[str, Form(max_length=SECRET_LENGTH)] = "") -> Response:
    """Delete the wallet with all that is in it."""
    try:
        page.wallet.unlock(page.wallet.ways.read(secret))
    except VaultError as error:
        if error.code not in WRONG:
            raise
        return _form(page, wrong=msg("That does not open your wallet. Nothing was deleted."))
    erased = page.wallet.erase()
    page.visit.forget()
    return page.go(f"/deleted/{page.visit.open(erased)}")


@router.get("/deleted/{key}")
def deleted(page: Seen, key: str) -> Response:
    """Nothing is left here; what is left elsewhere."""
    found = page.visit.opened(key).value
    if not isinstance(found, Erased):
        raise ServiceError("wallet.page_unknown")
    return page.show("control/deleted.html", left=found.left)


@router.get("/mend")
def damaged(page: Seen) -> Response:
    """What mending means."""
    return page.show("control/mend.html")


@router.post("/mend")
def mend(page: Seen, secret: Annotated[str, Form(max_length=SECRET_LENGTH)] = "") -> Response:
    """Go on with what is sound; a copy of the file is kept first."""
    try:
        kept, dropped = page.wallet.mend(page.wallet.ways.read(secret))
    except VaultError as error:
        if error.code not in WRONG:
            raise
        wrong = msg("That does not open your wallet. Nothing was changed.")
        return page.show("control/mend.html", status=400, wrong=wrong)
    done = Mended(kept.name, sum(dropped.values()))
    return page.go(f"/mended/{page.visit.open(done)}")


@router.get("/mended/{key}")
def mended(page: Seen, key: str) -> Response:
    """What was kept, and how much was dropped."""
    found = page.visit.opened(key).value
    if not isinstance(found, Mended):
        raise ServiceError("wallet.page_unknown")
    return page.show("control/mended.html", mended=found)


def _form(page: Page, *, wrong: str = "") -> Response:
    return page.show(
        "control/delete.html",
        status=400 if wrong else 200,
        wrong=wrong,
        before=page.wallet.before_erasing,
    )
