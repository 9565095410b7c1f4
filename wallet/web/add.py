"""An offer of a surgery: what it holds, who says so, its PIN, and then the records themselves.

Where the wallet cannot tell whose they are, it asks before they are kept.

What is *not* here: how the offer's code came in (``scan``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from healthpassport.errors import ServiceError
from wallet.service import OfferPreview, RecordView, WhoseError, way_back

from .page import Page, Seen
from .words import msg

MAX_PIN: Final = 64  # characters; the offer itself says how many it wants
# What the person can mend beside the field: a PIN that is missing, of the wrong kind, or not taken.
PIN_WORDS: Final = {
    "wallet.pin_needed": msg("Type the PIN as the surgery gave it to you."),
    "wallet.offer_refused": msg("The surgery did not take this PIN. Look at it again."),
}

router = APIRouter()


@router.get("/add/{key}")
def offer(page: Seen, key: str) -> Response:
    """What is on offer."""
    return _offer(page, key)


@router.post("/add/{key}")
def accept(
    page: Seen,
    key: str,
    secret_pin: Annotated[str, Form(max_length=MAX_PIN)] = "",
    person: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Take it, with the PIN."""
    found = _found(page, key)
    if found.sign_in:
        address = page.wallet.sign_in(found, redirect_uri=way_back(page.port))
        return page.show("signing_in/leave.html", offer=found, where=address)
    pin = "".join(secret_pin.split()) or None
    try:
        records = page.wallet.accept(found, pin, person=person or None)
    except WhoseError as error:
        return page.show("add/whose.html", status=error.status, whose=error)
    except ServiceError as error:
        if error.code not in PIN_WORDS:
            raise
        return _offer(page, key, wrong=PIN_WORDS[error.code])
    return page.go(f"/added/{page.visit.open(records)}")


@router.get("/added/{key}")
def added(page: Seen, key: str) -> Response:
    """The records that are new."""
    found = page.visit.opened(key).value
    records = found if isinstance(found, tuple) else ()
    if not all(isinstance(record, RecordView) for record in records):
        raise ServiceError("wallet.page_unknown")
    return page.show("add/added.html", records=records, waiting=page.wallet.waiting.list())


def _offer(page: Page, key: str, *, wrong: str = "") -> Response:
    status = 400 if wrong else 200
    return page.show("add/offer.html", status=status, offer=_found(page, key), wrong=wrong)


def _found(page: Page, key: str) -> OfferPreview:
    """The offer; looked at again after the wallet was locked."""
    opened = page.visit.opened(key)
    if opened.value is None:
        opened.value = page.wallet.add_offer(opened.link)
    if not isinstance(opened.value, OfferPreview):
        raise ServiceError("wallet.page_unknown")
    return opened.value
