"""The pages and the form for an emergency card, for somebody who has no phone.

Rules: nothing is fetched; a card that was read stands under an address of its own and is forgotten
like any result; a receipt is the patient's, on paper. What is *not* here: what the pages say
(``card_pages``), and what is wrong in the form (``card_form``).
"""

# ruff: noqa: FAST003 - the path's reading_id is read by the dependency ``Found``
from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.errors import CardError, ServiceError
from healthpassport.languages import ENGLISH, Words, msg
from verifier.service import Desk, paper_qr_svg
from verifier.service.card_pictures import read_picture
from verifier.service.card_readings import CardReadings, HeldReading
from verifier.service.card_words import REASONS

from .access import Service
from .card_form import CardForm, card_form
from .card_pages import card_page, receipt_parts
from .headers import CAMERA_POLICY
from .languages import words_of
from .rendering import page, svg

SEE_OTHER: Final = 303

_LINE: Final = re.compile(r"line ([0-9]+)")
# What reading a picture says is wrong with it.
DETAILS: Final = (
    msg("the picture is too large"),
    msg("the picture has too many pixels"),
    msg("this is no picture that can be opened"),
    msg("there is more than one card in the picture"),
)

router = APIRouter(prefix="/cards")


def _serving(request: Request, desk: Service) -> CardReadings:
    readings: CardReadings = request.app.state.cards
    return desk.cards(readings)


def _looked_up(
    reading_id: str, desk: Service, readings: Annotated[CardReadings, Depends(_serving)]
) -> HeldReading:
    return desk.card(readings, reading_id)


Readings = Annotated[CardReadings, Depends(_serving)]
Found = Annotated[HeldReading, Depends(_looked_up)]


@router.get("")
def ask(request: Request) -> HTMLResponse:
    """The empty form."""
    return _form(request, CardForm())


@router.post("")
def read(
    request: Request, readings: Readings, form: Annotated[CardForm, Depends(card_form)]
) -> Response:
    """Read a card; letters are read before a photo."""
    if form.errors:
        return _form(request, form)
    try:
        text = form.text or read_picture(form.photo)
        held = readings.read(text, reader=form.reader)
    except CardError as error:
        return _form(request, replace(form, errors={"code": _said(error, words_of(request))}))
    return RedirectResponse(f"/cards/{held.id}", status_code=SEE_OTHER)


@router.get("/{reading_id}", response_class=HTMLResponse)
def look(request: Request, held: Found) -> str:
    """What the card says."""
    return page(request, "card.html", held=held, card=card_page(held, words_of(request)))


@router.get("/{reading_id}/receipt", response_class=HTMLResponse)
def receipt(request: Request, held: Found) -> str:
    """The receipt, to be printed for the patient."""
    if held.reading.receipt is None:
        raise ServiceError("not_found", "there is no receipt for this card")
    desk: Desk = request.app.state.desk
    code = paper_qr_svg(held.reading.receipt)
    return page(
        request,
        "receipt.html",
        held=held,
        parts=receipt_parts(held, desk.identity),
        qr=svg(code) if code else None,
    )


@router.post("/{reading_id}/close")
def close(reading_id: str, desk: Service, readings: Readings) -> RedirectResponse:
    """Forget a card."""
    desk.close_card(readings, reading_id)
    return RedirectResponse("/", status_code=SEE_OTHER)


def _form(request: Request, form: CardForm) -> HTMLResponse:
    say = words_of(request)
    told = replace(form, errors={name: say(wrong) for name, wrong in form.errors.items()})
    reasons = {number: say(reason) for number, reason in REASONS.items()}
    html = page(request, "card_form.html", form=told, reasons=reasons)
    headers = {"content-security-policy": CAMERA_POLICY}
    return HTMLResponse(html, status_code=400 if form.errors else 200, headers=headers)


def _said(error: CardError, say: Words) -> str:
    """What is wrong with a card that cannot be read, where, and the next step."""
    where = _where(error.detail, say)
    told = f" ({where})" if where else ""
    return f"{say(error.title).rstrip('.')}{told}. {say(error.hint)}"


def _where(detail: str, say: Words) -> str:
    """A detail in words; one of the card's inside has English words alone, and is left out."""
    if found := _LINE.fullmatch(detail):
        return say(msg("line %(number)s"), number=found[1])
    return say(detail) if say is ENGLISH or say.knows(detail) else ""
