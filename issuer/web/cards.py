"""Emergency cards for people without a wallet: choose with them, make, replace a lost one.

Rules: NHS number and address start unticked; nothing drops off by itself; a card that shows fewer
allergies than the list has is made only after a second look; a box keeps what was chosen through
errors. What is *not* here: paper and reading aloud (``card_paper``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.card_sheets import CardPreview, word
from healthpassport.card_sheets.words import ALLERGIES_FIRST, title_of
from healthpassport.errors import CardError
from healthpassport.languages import Words, msg
from healthpassport.record_words import day
from healthpassport.uk_time import uk_day
from issuer.service.console import Console, carding
from issuer.service.console.carding import CardWork
from issuer.service.console.problem_words import ProblemWords, problem_words
from issuer.service.console.staff import StaffMember
from issuer.service.context import utc

from .access import Member, Service
from .languages import words_of
from .rendering import page
from .telling import banner

SEE_OTHER: Final = 303
MAX_TICKS: Final = 500
MAX_KEY: Final = 200
CHANGED: Final = msg("The record has changed. Look at the ticks once more.")
TOO_MUCH: Final = msg("This does not fit on one card. The patient chooses what to leave off.")

router = APIRouter()
Keys = Annotated[list[str], Form(default_factory=list, max_length=MAX_TICKS)]
Text = Annotated[str, Form(max_length=MAX_KEY)]


@router.get("/prepared/{name}/card")
def choose(request: Request, name: str, console: Service, who: Member) -> HTMLResponse:
    """What can stand on the card, with its ticks, and the older cards of this person."""
    work = carding.begin(console, who, name)
    return _form(request, console, work, work.question.ticked)


@router.post("/prepared/{name}/card")
def make(
    request: Request,
    name: str,
    console: Service,
    who: Member,
    *,
    tick: Keys,
    instead: Keys,
    do: Text = "",
    sure: Text = "",
) -> Response:
    """Make the card, or look at how it would be."""
    work = carding.begin(console, who, name)
    if work.known(tick) != frozenset(tick):
        return _form(request, console, work, work.known(tick), instead, wrong=CHANGED)
    if do != "make":
        return _form(request, console, work, tick, instead)
    found = carding.looked_at(console, work, tick)
    if not found.fits:
        return _form(request, console, work, tick, instead, wrong=TOO_MUCH)
    these = carding.sure_of(work, tick)
    if _cautions(found) and sure != these:
        return _form(request, console, work, tick, instead, asks_again=these)
    return _made(request, console, who, work, tick, instead)


@router.get("/cards/lost", response_class=HTMLResponse)
def lost(request: Request) -> str:
    """Withdraw a card by its number, without its person."""
    return page(request, "card/lost.html", problem=None, typed="", done="")


@router.post("/cards/lost")
def stop(request: Request, console: Service, who: Member, number: Text = "") -> HTMLResponse:
    """Withdraw it."""
    say = words_of(request)
    try:
        found = carding.stop(console, who, number)
    except CardError as error:
        told = problem_words(error.code, say)
        html = page(request, "card/lost.html", problem=told, typed=number, done="")
        return HTMLResponse(html, status_code=error.status)
    return HTMLResponse(page(request, "card/lost.html", problem=None, typed="", done=found.id))


def _made(  # noqa: PLR0917 - the form as it came
    request: Request,
    console: Console,
    who: StaffMember,
    work: CardWork,
    ticks: Collection[str],
    instead: Collection[str],
) -> Response:
    try:
        card = carding.make(console, who, work, ticks, instead_of=instead)
    except CardError as error:
        told = problem_words(error.code, words_of(request))
        return _form(request, console, work, ticks, instead, problem=told)
    return RedirectResponse(f"/cards/{card.issuance}", status_code=SEE_OTHER)


def _form(
    request: Request,
    console: Console,
    work: CardWork,
    ticks: Collection[str],
    instead: Collection[str] = (),
    *,
    wrong: str = "",
    problem: ProblemWords | None = None,
    asks_again: str = "",
) -> HTMLResponse:
    say = words_of(request)
    found = carding.looked_at(console, work, ticks)
    boxes = _sections(work, ticks, say)
    off = set(found.could_leave_off)
    html = page(
        request,
        "card/choose.html",
        held=work.held,
        banner=banner(work.held.who, say),
        sections=boxes,
        preview=found,
        full=-(-100 * found.octets // found.limit),
        cautions=_cautions(found),
        could_leave_off=[one for _, rows in boxes for one in rows if one["key"] in off],
        could=word("sentences", "could_leave_off"),
        anyone=word("sentences", "anyone"),
        in_use=[
            (one.id, day(uk_day(utc(one.issued_at)), say.language), one.id in instead)
            for one in work.in_use
        ],
        wrong=say(wrong) if wrong else "",
        problem=problem,
        asks_again=asks_again,
    )
    return HTMLResponse(html, status_code=409 if wrong or problem else 200)


def _sections(
    work: CardWork, ticks: Collection[str], say: Words
) -> list[tuple[str, list[dict[str, object]]]]:
    """The boxes under their headings; nothing stands above the allergies."""
    found: dict[str, list[dict[str, object]]] = {}
    for number, one in enumerate(work.question.choices, start=1):
        box = {
            "number": number,
            "key": one.key,
            "words": one.words[say.language],
            "ticked": one.key in ticks,
            "sensitive": one.sensitive,
        }
        found.setdefault(one.section[say.language], []).append(box)
    first = {title_of(kind)[say.language] for kind in ALLERGIES_FIRST}
    return sorted(found.items(), key=lambda section: section[0] not in first)


def _cautions(found: CardPreview) -> list[dict[str, str]]:
    """What should make people look twice; that anyone can read a card is said of each."""
    anyone = word("sentences", "anyone")
    return [dict(one) for one in found.warnings if one != anyone]
