"""What a person can set, and the way to delete everything.

What is *not* here: ways in, backups and people, which have pages of their own.
"""

from __future__ import annotations

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


def _form(page: Page, *, wrong: str = "") -> Response:
    return page.show(
        "control/delete.html",
        status=400 if wrong else 200,
        wrong=wrong,
        before=page.wallet.before_erasing,
    )
