"""Handing over: first a question about the phone, then the code, the link, and once the PIN.

Rules: the PIN never stands on the page with the code; it is told once, in answer to a form, so that
neither the back button nor a reload tells it again. What is *not* here: the offer itself
(``service.console.handing``).
"""

from __future__ import annotations

from typing import Annotated, Final

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from healthpassport.errors import PassportError
from healthpassport.languages import Words
from issuer.service.console import Console
from issuer.service.console.channels import (
    LETTERS_EFFECT,
    LETTERS_WORDS,
    LINK_WORDS,
    PHONE_WORDS,
    PIN_WORDS,
    LinkBy,
    PinBy,
)
from issuer.service.console.handing import hand_over, take_pin
from issuer.service.console.problem_words import problem_words

from .access import Member, Service
from .languages import words_of
from .rendering import page, svg
from .telling import banner, moment

SEE_OTHER: Final = 303
QR_SCALE: Final = 6  # pixels a module
ON_FORM: Final = frozenset(
    {
        "console.private",
        "console.not_private",
        "console.channel",
        "console.same_channel",
        "console.both_letters",
        "console.phone",
    }
)

router = APIRouter()


@router.get("/prepared/{name}/hand-over", response_class=HTMLResponse)
def ask(request: Request, name: str, console: Service) -> Response:
    """Is the phone private, and how do link and PIN get there?"""
    offer = console.preparations.offer_of(name)
    if offer:
        return RedirectResponse(f"/handed/{offer}", status_code=SEE_OTHER)
    return HTMLResponse(_form(request, console, name))


@router.post("/prepared/{name}/hand-over")
def make(
    *,
    request: Request,
    name: str,
    console: Service,
    who: Member,
    phone: Annotated[str, Form(max_length=16)] = "",
    link_by: Annotated[str, Form(max_length=16)] = "",
    pin_by: Annotated[str, Form(max_length=16)] = "",
    letters: Annotated[str, Form(max_length=16)] = "",
    number: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Make the offer, once."""
    chosen = {"phone": phone, "link_by": link_by, "pin_by": pin_by, "number": number}
    chosen["letters"] = letters
    try:
        offer = hand_over(console, who, name, say=words_of(request), **chosen)
    except PassportError as error:
        if error.code not in ON_FORM:
            raise
        html = _form(request, console, name, error=error, chosen=chosen)
        return HTMLResponse(html, status_code=error.status)
    return RedirectResponse(f"/handed/{offer}", status_code=SEE_OTHER)


@router.get("/handed/{offer}", response_class=HTMLResponse)
def show(request: Request, offer: str, console: Service) -> str:
    """The code and the link, while they open anything."""
    told, say = console.handed.find(offer), words_of(request)
    return page(
        request,
        "handed.html",
        told=told,
        qr=_qr(told.link),
        by_letter=told.link_by is LinkBy.LETTER,
        by_text=told.link_by is LinkBy.TEXT,
        pin_words=say(PIN_WORDS[told.pin_by][0]),
        until=moment(told.expires_at, say),
    )


@router.get("/handed/{offer}/letter", response_class=HTMLResponse)
def letter(request: Request, offer: str, console: Service) -> str:
    """The sheet with the link, without the PIN."""
    told, say = console.handed.find(offer), words_of(request)
    until = moment(told.expires_at, say)
    return page(request, "letter.html", told=told, qr=_qr(told.link), until=until)


@router.post("/handed/{offer}/pin", response_class=HTMLResponse)
def tell(request: Request, offer: str, console: Service, who: Member) -> str:
    """The PIN, this once: to be told, or as a sheet of its own."""
    told, say = console.handed.find(offer), words_of(request)
    pin = take_pin(console, who, offer)
    template = "pin_letter.html" if told.pin_by is PinBy.LETTER else "pin.html"
    return page(request, template, pin=pin, told=told, until=moment(told.expires_at, say))


def _qr(link: str) -> Markup:
    """The code as an image without any style of its own."""
    code = segno.make_qr(link, error="m", boost_error=False)
    return svg(code.svg_inline(scale=QR_SCALE, omitsize=True))


def _letters(chosen: dict[str, str], say: Words) -> list[tuple[str, str]]:
    """Why both may go by letter, where that is what was chosen."""
    if not chosen.get("link_by") == LinkBy.LETTER == chosen.get("pin_by"):
        return []
    return [(one.value, say(words)) for one, words in LETTERS_WORDS.items()]


def _form(
    request: Request,
    console: Console,
    name: str,
    *,
    error: PassportError | None = None,
    chosen: dict[str, str] | None = None,
) -> str:
    say, held = words_of(request), console.preparations.find(name)
    texts = bool(console.issuer.settings.web_text_url)
    return page(
        request,
        "hand_over.html",
        held=held,
        banner=banner(held.who, say),
        phones=[(one.value, say(text)) for one, text in PHONE_WORDS.items()],
        links=[
            (one.value, say(text), say(hint))
            for one, (text, hint) in LINK_WORDS.items()
            if texts or one is not LinkBy.TEXT
        ],
        pins=[
            (one.value, say(text), say(hint))
            for one, (text, hint) in PIN_WORDS.items()
            if texts or one is not PinBy.TEXT
        ],
        texts=texts,
        letters=_letters(chosen or {}, say),
        letters_effect=[say(words) for words in LETTERS_EFFECT],
        chosen=chosen or {},
        letter_days=console.issuer.settings.web_letter_days,
        problem=problem_words(error.code, say) if error else None,
    )
