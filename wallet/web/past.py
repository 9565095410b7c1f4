"""Who has seen what: the list, a line with its receipt, the sheet, the letter, a receipt on paper.

Rules: nothing is shown before the passphrase was typed a second time; no value is ever on these
pages. What is *not* here: what they say (``wallet.service.history``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

import schemas
from healthpassport.errors import ReceiptError, VaultError, catalogue
from healthpassport.receipts import MAX_RECEIPT
from wallet.service import PastEntry

from .page import Page, Seen
from .words import msg

PAST: Final = "/past"
UNLOCK_PAST: Final = "/past/unlock"
SECRET_LENGTH: Final = 4096  # characters
MAX_PASTED: Final = 2 * MAX_RECEIPT  # characters; broken over lines it is longer
WRONG: Final = frozenset({"vault.unlock_failed", "vault.way_unknown"})

router = APIRouter(prefix=PAST)
Secret = Annotated[str, Form(max_length=SECRET_LENGTH)]
Pasted = Annotated[str, Form(max_length=MAX_PASTED)]


@router.get("")
def everything(page: Seen) -> Response:
    """The list, the newest first."""
    if page.wallet.past.locked:
        return page.go(UNLOCK_PAST)
    rows = [(view, _kind(page, view), _state(page, view)) for view in page.wallet.past.entries()]
    return page.show("past/list.html", rows=rows)


@router.get("/unlock")
def ask(page: Seen) -> Response:
    """Ask for the passphrase once more."""
    return page.show("past/unlock.html") if page.wallet.past.locked else page.go(PAST)


@router.post("/unlock")
def unlock(page: Seen, secret: Secret = "") -> Response:
    """Open the list for five minutes."""
    try:
        page.wallet.open_past(page.wallet.ways.read(secret))
    except VaultError as error:
        if error.code not in WRONG:
            raise
        wrong = msg("That does not open your wallet. Look out for capital letters.")
        return page.show("past/unlock.html", status=400, wrong=wrong)
    return page.go(PAST)


@router.post("/close")
def close(page: Seen) -> Response:
    """Close the list again at once."""
    page.wallet.past.close()
    return page.go("/")


@router.get("/receipt")
def paste(page: Seen) -> Response:
    """A form for a receipt that was given on paper or as a file."""
    if page.wallet.past.locked:
        return page.go(UNLOCK_PAST)
    return page.show("past/receipt.html")


@router.post("/receipt")
def add(page: Seen, receipt: Pasted = "") -> Response:
    """Check and keep it."""
    if page.wallet.past.locked:
        return page.go(UNLOCK_PAST)
    try:
        view = page.wallet.past.add_receipt(receipt)
    except ReceiptError as error:
        return page.show("past/receipt.html", status=400, wrong=error.title, hint=error.hint)
    return page.go(f"{PAST}/{view.id}")


@router.get("/{entry}")
def one(page: Seen, entry: str) -> Response:
    """One line, with what is known of its receipt."""
    if page.wallet.past.locked:
        return page.go(UNLOCK_PAST)
    detail = page.wallet.past.show(entry)
    return page.show(
        "past/one.html",
        view=detail.view,
        kind=_kind(page, detail.view),
        state=_state(page, detail.view),
        rows=page.wallet.past.complaint(entry).rows,
        problems=[catalogue()[code] for code in detail.view.problems],
        shared=detail.view.shared,
    )


@router.get("/{entry}/sheet")
def sheet(page: Seen, entry: str) -> Response:
    """The sheet for a complaint, to print."""
    if page.wallet.past.locked:
        return page.go(UNLOCK_PAST)
    return page.show("past/sheet.html", entry=entry, sheet=page.wallet.past.complaint(entry))


@router.get("/{entry}/letter")
def letter(page: Seen, entry: str) -> Response:
    """The letter that asks what they keep, to print."""
    if page.wallet.past.locked:
        return page.go(UNLOCK_PAST)
    return page.show("past/letter.html", entry=entry, letter=page.wallet.past.letter(entry))


@router.post("/{entry}/delete")
def delete(page: Seen, entry: str) -> Response:
    """Delete one line with its receipt."""
    page.wallet.past.delete(entry)
    return page.go(PAST)


def _kind(page: Page, view: PastEntry) -> str:
    words: str = schemas.load("receipts/words.json")["kinds"][view.entry.kind.value][page.language]
    return words


def _state(page: Page, view: PastEntry) -> str:
    words: str = schemas.load("receipts/words.json")["states"][view.receipt.value][page.language]
    return words
