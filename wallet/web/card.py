"""Emergency cards: choose what stands on one, make it, show it, print it, withdraw it.

Rules: nothing drops off by itself; a card that shows fewer allergies than the list has is made only
after a second look; a box keeps what the person chose through errors, languages and locks. A card
that is out of use is never printed. What is *not* here: what cards say (``wallet.service.cards``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from healthpassport.card_sheets.pages import front_holds
from healthpassport.card_sheets.words import Words, title_of, word
from healthpassport.cards import ALLERGIES
from healthpassport.errors import CardError, FetchError, PassportError, ServiceError, VaultError
from wallet.service import CardPreview, CardQuestion, CardState, CardView
from wallet.service.card_records import SUMMARY

from .page import Page, Seen
from .problems import Told, told
from .words import msg

CARDS: Final = "/cards"
MAX_WORD: Final = 200  # characters of a mark or of the name of a button
WHOSE: Final = "card.whose"
CHANGED: Final = Told(
    msg("Your records have changed."),
    msg("No card was made. Look at the ticks once more."),
    msg("This page"),
    "",
)
TOO_MUCH: Final = Told(
    msg("This does not fit on one card."),
    msg("No card was made. You choose what to leave off."),
    msg("This page"),
    "",
)

router = APIRouter(prefix=CARDS)
Text = Annotated[str, Form(max_length=MAX_WORD)]
Ticks = Annotated[list[str] | None, Form()]


@dataclass(frozen=True, slots=True)
class Box:
    """One box as the page shows it."""

    number: int
    key: str
    mark: str
    words: str
    ticked: bool
    sensitive: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What is being chosen: the list that the card is for, the question, and what is ticked."""

    about: str
    question: CardQuestion
    ticked: frozenset[str]
    strange: bool = False  # a mark came that fits no box of now


@router.get("")
def listed(page: Seen) -> Response:
    """All cards, the newest first."""
    return page.show("card/list.html", cards=page.wallet.cards.list(), anyone=_anyone())


@router.post("/tell")
def tell(page: Seen) -> Response:
    """Tell the surgeries what they could not be told before."""
    page.wallet.cards.settle()
    return page.go(CARDS)


@router.get("/new")
def choose(page: Seen, about: str = "") -> Response:
    """What can stand on a card, with its ticks; before it, for which list."""
    try:
        question = page.wallet.cards.choices(about or None)
    except CardError as error:
        if error.code != WHOSE:
            raise
        names = {one.id: one.title for one in page.wallet.people.list()}
        lists = [
            (record, names.get(record.person, ""))
            for record in page.wallet.records()
            if record.type in {ALLERGIES, SUMMARY} and record.until is None
        ]
        return page.show("card/which.html", lists=lists)
    kept = page.kept()
    if kept is None:
        return _form(page, Asked(about, question, question.ticked))
    asked = _asked(page, about, question, kept.get("tick", ()))
    return _form(page, asked, problem=CHANGED if asked.strange else None)


@router.post("/new")
def answer(
    page: Seen, *, about: str = "", tick: Ticks = None, do: Text = "", sure: Text = ""
) -> Response:
    """Make the card, or look at how it would be."""
    question = page.wallet.cards.choices(about or None)
    asked = _asked(page, about, question, tick or ())
    if asked.strange:
        return _form(page, asked, problem=CHANGED, status=409)
    return _make(page, asked, sure=sure) if do == "make" else _form(page, asked)


@router.get("/{card}")
def one(page: Seen, card: str) -> Response:
    """What a card says, word for word, and who can read it."""
    view = _view(page, card)
    sheet = page.wallet.cards.print_data(view.id)
    return page.show("card/one.html", view=view, sheet=sheet, in_use=_in_use(view))


@router.get("/{card}/print")
def paper(page: Seen, card: str) -> Response:
    """Two sides of 90 x 55 mm."""
    return _printed(page, card, "card/print.html")


@router.get("/{card}/large")
def large(page: Seen, card: str) -> Response:
    """Everything in large print, on A4."""
    return _printed(page, card, "card/large.html")


@router.get("/{card}/withdraw")
def ask(page: Seen, card: str) -> Response:
    """What it means to withdraw a card."""
    view = _view(page, card)
    return page.show("card/withdraw.html", view=view)


@router.post("/{card}/withdraw")
def withdraw(page: Seen, card: str) -> Response:
    """Withdraw it here at once; the card's page says where the surgery could not be told."""
    view = _view(page, card)
    try:
        page.wallet.cards.withdraw(view.id)
    except (CardError, FetchError):
        if _view(page, card).state is not CardState.WITHDRAWN:
            raise
    return page.go(f"{CARDS}/{view.id}")


def _make(page: Page, asked: Asked, *, sure: str) -> Response:
    preview = page.wallet.cards.preview(asked.ticked, asked.about or None)
    if not preview.fits:
        return _form(page, asked, problem=TOO_MUCH, status=409)
    these = page.visit.mark("sure", asked.about, sorted(asked.ticked))  # and no other boxes
    if sure != these and _cautions(preview):
        return _form(page, asked, asks_again=these)
    try:
        view = page.wallet.cards.make(asked.ticked, asked.about or None)
    except PassportError as error:
        if isinstance(error, VaultError):
            raise
        return _form(page, asked, problem=told(error), status=max(error.status, 400))
    return page.go(f"{CARDS}/{view.id}")


def _form(
    page: Page,
    asked: Asked,
    *,
    problem: Told | None = None,
    asks_again: str = "",
    status: int = 200,
) -> Response:
    preview = page.wallet.cards.preview(asked.ticked, asked.about or None)
    sections = _sections(page, asked)
    off = set(preview.could_leave_off)
    return page.show(
        "card/choose.html",
        status=status,
        question=asked.question,
        sections=sections,
        preview=preview,
        full=-(-100 * preview.octets // preview.limit),
        cautions=_cautions(preview),
        could_leave_off=[box for _, boxes in sections for box in boxes if box.key in off],
        could=word("sentences", "could_leave_off"),
        anyone=_anyone(),
        problem=problem,
        asks_again=asks_again,
    )


def _asked(page: Page, about: str, question: CardQuestion, marks: Collection[str]) -> Asked:
    """Exactly those boxes ticked whose marks came."""
    fitting = {_mark(page, about, one.key, one.words): one.key for one in question.choices}
    ticked = frozenset(fitting[mark] for mark in marks if mark in fitting)
    return Asked(about, question, ticked, strange=not fitting.keys() >= set(marks))


def _sections(page: Page, asked: Asked) -> list[tuple[str, list[Box]]]:
    """The boxes under their headings; nothing stands above the allergies."""
    found: dict[str, list[Box]] = {}
    for number, one in enumerate(asked.question.choices, start=1):
        box = Box(
            number,
            one.key,
            _mark(page, asked.about, one.key, one.words),
            one.words[page.language],
            one.key in asked.ticked,
            one.sensitive,
        )
        found.setdefault(one.section[page.language], []).append(box)
    first = {title_of(kind)[page.language] for kind in (ALLERGIES, SUMMARY)}
    return sorted(found.items(), key=lambda section: section[0] not in first)


def _mark(page: Page, about: str, key: str, words: Words) -> str:
    return page.visit.mark("card", about, key, words["en"])


def _cautions(preview: CardPreview) -> list[Words]:
    """What should make the person look twice; that anyone can read a card is said of each."""
    return [one for one in preview.warnings if one != _anyone()]


def _printed(page: Page, card: str, template: str) -> Response:
    view = _view(page, card)
    if not _in_use(view):
        return page.go(f"{CARDS}/{view.id}")
    sheet = page.wallet.cards.print_data(view.id)
    holds = front_holds(sheet, page.language)
    return page.show(template, view=view, sheet=sheet, word=word, holds=holds)


def _view(page: Page, card: str) -> CardView:
    for view in page.wallet.cards.list():
        if view.id == card:
            return view
    raise ServiceError("wallet.card_unknown")


def _in_use(view: CardView) -> bool:
    return view.state is CardState.ACTIVE


def _anyone() -> Words:
    return word("sentences", "anyone")
