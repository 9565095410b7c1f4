"""The queue of "Something wrong?": what waits, a patient's words, the answer and what it does.

Rules: what somebody typed stays in the form through a refusal; nothing is answered twice. What is
*not* here: opening and sealing (``issuer.service.reports``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.encoding import dump_json
from healthpassport.errors import ServiceError
from healthpassport.languages import Words, msg
from healthpassport.record_words import day, record_label
from healthpassport.summary import definition
from healthpassport.uk_time import uk_day
from issuer.service.console import Console, answering
from issuer.service.console.answering import Opened, Waiting
from issuer.service.console.problem_words import problem_words
from issuer.service.console.staff import StaffMember
from issuer.service.reports import MAX_WORDS, Result, parse_answer

from .access import Member, Service
from .languages import words_of
from .rendering import page

SEE_OTHER: Final = 303
MAX_FIELD: Final = 4 * MAX_WORDS  # characters: too many words are told, not cut off
OUTCOMES: Final = {
    Result.CORRECTED: msg("The record was wrong, and we changed it"),
    Result.NOT_CHANGED: msg("We looked, and changed nothing"),
}
NO_OUTCOME: Final = msg("Say what you did.")
NO_WORDS: Final = msg("Write some words for the patient.")
TOO_LONG: Final = msg("That is too long. Use 2,000 letters or fewer.")

router = APIRouter(prefix="/reports")
Text = Annotated[str, Form(max_length=MAX_FIELD)]


@router.get("", response_class=HTMLResponse)
def listed(request: Request, console: Service, who: Member, answered: str = "") -> str:
    """Those that wait, the soonest due first."""
    say = words_of(request)
    found = answering.queue(console, who, answered=answered == "1")
    rows = [_row(one, say) for one in found]
    return page(request, "reports/list.html", rows=rows, answered=answered == "1")


@router.get("/{report}")
def one(request: Request, console: Service, who: Member, report: str) -> HTMLResponse:
    """A report, with the patient's words where the key is here."""
    return _page(request, answering.read(console, who, report))


@router.post("/{report}")
def answer(
    request: Request,
    console: Service,
    who: Member,
    report: str,
    *,
    outcome: Text = "",
    words: Text = "",
) -> Response:
    """Answer it."""
    errors = _errors(outcome, words.strip())
    if errors:
        return _again(request, console, who, report, outcome, words, errors)
    told = parse_answer(dump_json({"outcome": outcome, "words": words.strip()}))
    answering.answer(console, who, report, told)
    return RedirectResponse(f"/reports/{report}", status_code=SEE_OTHER)


def _again(  # noqa: PLR0917 - the form as it was typed
    request: Request,
    console: Console,
    who: StaffMember,
    report: str,
    outcome: str,
    words: str,
    errors: dict[str, str],
) -> Response:
    opened = answering.read(console, who, report)
    if not opened.waiting.is_open:
        raise ServiceError("report.answered")
    return _page(request, opened, outcome=outcome, words=words, errors=errors)


def _page(
    request: Request,
    opened: Opened,
    *,
    outcome: str = "",
    words: str = "",
    errors: dict[str, str] | None = None,
) -> HTMLResponse:
    say = words_of(request)
    html = page(
        request,
        "reports/one.html",
        row=_row(opened.waiting, say),
        said=opened.words,
        closed=problem_words(opened.closed, say) if opened.closed else None,
        outcomes=[(one.value, say(label), one.value == outcome) for one, label in OUTCOMES.items()],
        typed=words,
        errors={name: say(text) for name, text in (errors or {}).items()},
    )
    return HTMLResponse(html, status_code=400 if errors else 200)


def _errors(outcome: str, words: str) -> dict[str, str]:
    found = {}
    if outcome not in set(Result):
        found["outcome"] = NO_OUTCOME
    if not words or len(words) > MAX_WORDS:
        found["words"] = TOO_LONG if words else NO_WORDS
    return found


def _row(waiting: Waiting, say: Words) -> dict[str, object]:
    report, language = waiting.report, say.language
    outcome = report.outcome
    return {
        "id": report.id,
        "record": record_label(definition(report.record_type), language),
        "made": day(uk_day(waiting.made_at), language),
        "due": day(uk_day(waiting.due_at), language),
        "late": waiting.is_late,
        "soon": waiting.is_soon,
        "open": waiting.is_open,
        "outcome": say(OUTCOMES[Result(outcome)]) if outcome else "",
        "corrected": outcome == Result.CORRECTED.value,
        "issuance": report.issuance or "",
    }
