"""*Share your information?*: who asks, why, how long they keep it, and every value with its box.

Rules: nothing goes out but by the share button, and where the other side would be misled, only
after a second look; a box keeps what the person chose through errors, languages and locks. Boxes
are named by marks that fit this very box alone: numbers may mean something else when a record has
changed. What is *not* here: what may go out (``consent``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from healthpassport.errors import ServiceError
from wallet.client.answering import Delivered
from wallet.consent import ConsentQuestion, Preview, Refusal, Tick
from wallet.consent.care import needed_tag
from wallet.service import PersonChoice, ShareReceipt, WhichPersonError

from .page import Page, Seen, page_of
from .visit import Form
from .words import msg

WAY: Final = "way-"  # how the fields of a question's choices begin
INCOMPLETE: Final = "consent.incomplete"

Found: TypeAlias = "ConsentQuestion | Refusal | tuple[PersonChoice, ...]"

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Box:
    """One box as the page shows it: its mark, how deep it stands below others, and its note.

    A note that the box above says already is not said again.
    """

    tick: Tick
    mark: str
    depth: int
    note: str


def considered(page: Page, link: str, person: str = "") -> Found:
    """The question behind ``link``, why there is none, or the people whose records it may mean."""
    try:
        return page.wallet.consider(link, person or None)
    except WhichPersonError as error:
        return error.choices


@router.get("/share/{key}")
def asked(page: Seen, key: str) -> Response:
    """The question, or why there is none; before it, whose records to show."""
    found = _found(page, key)
    if isinstance(found, Refusal):
        return page.show("share/refused.html", status=found.error.status, refusal=found)
    kept = page.kept()
    if isinstance(found, tuple):
        return page.show("share/which.html", people=found)
    if kept is not None:
        found = _answered(page, found, kept)
    return _question(page, found)


@router.post("/share/{key}")
async def answer(request: Request, key: str) -> Response:
    """Share, do not share, look at what they will see, or choose another way to answer."""
    form = await request.form()
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields[name] = (*fields.get(name, ()), value)
    return await run_in_threadpool(_answer, page_of(request), key, fields)


@router.get("/shared/{key}")
def shared(page: Seen, key: str) -> Response:
    """What went out, and what comes next."""
    found = page.visit.opened(key).value
    if not isinstance(found, ShareReceipt):
        raise ServiceError("wallet.page_unknown")
    return page.show("share/shared.html", receipt=found)


@router.get("/not-shared/{key}")
def not_shared(page: Seen, key: str) -> Response:
    """Nothing went out. The person will still be treated."""
    found = page.visit.opened(key).value
    if not isinstance(found, Delivered):
        raise ServiceError("wallet.page_unknown")
    return page.show("share/not_shared.html", delivered=found)


def _answer(page: Page, key: str, fields: Form) -> Response:
    found = _found(page, key)
    if isinstance(found, tuple):
        return _chose(page, key, (fields.get("person") or ("",))[0])
    if isinstance(found, Refusal):
        return page.go(f"/share/{key}")
    question = _answered(page, found, fields)
    page.visit.opened(key).value = question
    match (fields.get("do") or ("",))[0]:
        case "share":
            return _share(page, key, question, sure=(fields.get("sure") or ("",))[0])
        case "decline":
            return page.go(f"/not-shared/{page.visit.open(page.wallet.decline(question))}")
        case "ways":
            ways = {n.removeprefix(WAY): v[0] for n, v in fields.items() if n.startswith(WAY)}
            page.visit.opened(key).value = page.wallet.choose(question, ways)
            return page.go(f"/share/{key}")
        case _:
            return _question(page, question, effect=page.wallet.preview(question))


def _chose(page: Page, key: str, person: str) -> Response:
    """Whose records to show; the people are asked again where none was chosen."""
    opened = page.visit.opened(key)
    if person:
        opened.person = person
        opened.value = considered(page, opened.link, person)
    return page.go(f"/share/{key}")


def _share(page: Page, key: str, question: ConsentQuestion, *, sure: str) -> Response:
    effect = page.wallet.preview(question)
    these = page.visit.mark("sure", question.id, sorted(question.ticked))  # and no other boxes
    if effect.nothing:
        return _question(page, question, effect=effect, status=409)
    if sure != these and any(one.warning for one in effect.effects):
        return _question(page, question, effect=effect, asks_again=these)
    try:
        receipt = page.wallet.share(question)
    except ServiceError as error:
        if error.code != INCOMPLETE:
            raise
        wrong = msg("What is left does not answer them. Tick more, or do not share.")
        return _question(page, question, wrong=wrong, status=409)
    page.visit.close(key)
    return page.go(f"/shared/{page.visit.open(receipt)}")


def _question(
    page: Page,
    question: ConsentQuestion,
    *,
    effect: Preview | None = None,
    asks_again: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    return page.show(
        "share/question.html",
        status=status,
        question=question,
        sections=_sections(page, question),
        needed=needed_tag(page.language),
        way=WAY,
        effect=effect,
        asks_again=asks_again,
        wrong=wrong,
    )


def _found(page: Page, key: str) -> Found:
    """The question; asked again after the wallet was locked, and in the person's language."""
    opened = page.visit.opened(key)
    if opened.value is None:
        opened.value = considered(page, opened.link, opened.person)
    found = opened.value
    if isinstance(found, ConsentQuestion) and found.language != page.language:
        ticked = {page.visit.mark(t.number, t.key) for t in found.ticks if t.ticked}
        found = page.wallet.choose(found, {})
        opened.value = found = found.after(_numbers(page, found, ticked))
    if isinstance(found, ConsentQuestion | Refusal):
        return found
    if not isinstance(found, tuple) or not all(isinstance(one, PersonChoice) for one in found):
        raise ServiceError("wallet.page_unknown")
    return found


def _answered(page: Page, question: ConsentQuestion, fields: Form) -> ConsentQuestion:
    """The question with exactly those boxes ticked that ``fields`` say."""
    return question.after(_numbers(page, question, set(fields.get("tick", ()))))


def _numbers(page: Page, question: ConsentQuestion, marks: set[str]) -> frozenset[int]:
    return frozenset(
        tick.number for tick in question.ticks if page.visit.mark(tick.number, tick.key) in marks
    )


def _sections(page: Page, question: ConsentQuestion) -> list[tuple[str, list[Box]]]:
    """The boxes under their headings, in reading order."""
    depths: dict[int, int] = {}
    sections: list[tuple[str, list[Box]]] = []
    for tick in question.ticks:
        depths[tick.number] = 0 if tick.parent is None else depths.get(tick.parent, 0) + 1
        if not sections or sections[-1][0] != tick.section:
            sections.append((tick.section, []))
        mark = page.visit.mark(tick.number, tick.key)
        rows = sections[-1][1]
        note = "" if tick.note in {row.note for row in rows} else tick.note
        rows.append(Box(tick, mark, depths[tick.number], note))
    return sections
