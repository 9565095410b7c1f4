"""The first page, help, and how the console is set up.

What is *not* here: the work with one patient (``find`` and on), and changing the set-up (settings
and commands).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from healthpassport.languages import Words, msg
from issuer.service import clock_watch
from issuer.service.console import releasing
from issuer.service.console.preparing import Step, Underway
from issuer.service.console.staff import ROLES, Action, Role
from issuer.service.context import IssuerContext, utc

from .access import Member, Service
from .languages import words_of
from .rendering import page
from .telling import day_of_text, full_name, moment

SEE_OTHER: Final = 303
MAX_ID: Final = 64  # characters
STEPS: Final[Mapping[Step, str]] = {
    Step.OPENED: msg("Being prepared"),
    Step.WAITING: msg("Waits for a clinician"),
    Step.SIGNED: msg("Signed off, not handed over yet"),
}
NO_RECORD: Final = msg("No record is given: the number has to be traced first")
WITH_A_WARNING: Final = msg("A record is given to whom was found by name, with a warning")
CLOCK_WRONG: Final = msg(
    "The clock of this service has leapt. Nothing that is over ends until it is right. Tell "
    "whoever looks after the service."
)
CLOCK_AHEAD: Final = msg(
    "Nothing ran here for %(days)s days, says the clock. If that is so, do nothing: all goes on "
    "from %(moment)s. If not, tell whoever looks after the service at once."
)

router = APIRouter()


@router.get("/", response_class=HTMLResponse)
def start(
    request: Request,
    console: Service,
    who: Member,
    sent: Annotated[str, Query(max_length=MAX_ID)] = "",
) -> Response:
    """What staff can do here; for those who see no patient, the page that is theirs."""
    if not who.may(Action.PREPARE) and who.may(Action.REPORTS):
        return RedirectResponse("/reports", status_code=SEE_OTHER)
    if not who.may(Action.PREPARE) and who.may(Action.SET_UP):
        return RedirectResponse("/set-up", status_code=SEE_OTHER)
    waiting = console.preparations.waiting() if who.may(Action.PREPARE) else ()
    for_look = len(releasing.waiting(console, who)) if who.may(Action.SIGN_OFF) else 0
    lines = _lines(request, waiting, named=who.signed_in)
    told = next((one for one in lines if one["id"] == sent and one["waits"]), None)
    html = page(
        request,
        "home.html",
        waiting=lines,
        for_look=for_look,
        named=who.signed_in,
        sent=told,
        clock=_clock(console.issuer, words_of(request)),
    )
    return HTMLResponse(html)


def _clock(issuer: IssuerContext, say: Words) -> str:
    """What to do about a clock that leapt; nothing where it goes as it should."""
    leap = clock_watch.leap(issuer)
    if leap is None:
        return ""
    if leap.believed_at is None:
        return say(CLOCK_WRONG)
    return say(CLOCK_AHEAD, days=str(leap.days), moment=moment(utc(leap.believed_at), say))


def _lines(
    request: Request, waiting: Iterable[Underway], *, named: bool
) -> list[dict[str, str | bool]]:
    """What is prepared, without any content; whose it is only where staff sign in."""
    say = words_of(request)
    return [
        {
            "id": one.id,
            "time": moment(one.opened_at, say),
            "by": (one.prepared_by or one.opened_by).name,
            "state": say(STEPS[one.step]),
            "waits": one.step is Step.WAITING,
            "patient": full_name(one.who.family_name, one.who.given_names) if named else "",
            "born": day_of_text(one.who.birth_date, say) if named else "",
        }
        for one in waiting
    ]


@router.get("/help", response_class=HTMLResponse)
def explain(request: Request) -> str:
    """What the console is for, and what each role may do."""
    return page(request, "help.html")


@router.get("/set-up", response_class=HTMLResponse)
def set_up(request: Request, console: Service) -> str:
    """How this console is set up; nothing of a patient."""
    settings, say = console.issuer.settings, words_of(request)
    nobody = say(
        msg("nobody signs in: %(role)s"),
        role=", ".join(say(ROLES[Role(name)]) for name in settings.web_role.split(",")),
    )
    rows = (
        (say(msg("Organisation")), f"{settings.name} ({settings.ods})"),
        (say(msg("Address for wallets")), settings.iss),
        (say(msg("Staff sign in with")), settings.web_oidc_issuer or nobody),
        (
            say(msg("NHS numbers that the source does not call verified")),
            say(NO_RECORD if settings.verified_numbers_only else WITH_A_WARNING),
        ),
    )
    return page(request, "set_up.html", rows=rows)
