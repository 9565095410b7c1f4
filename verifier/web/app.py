"""The pages and their forms.

A form posts and is answered with a redirect (303), so that reloading never posts twice. What is
*not* here: what a page says (``pages``) and how it looks (templates).
"""

# ruff: noqa: FAST003 - the path's request_id is read by the dependency ``Found``
from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.staticfiles import StaticFiles

from healthpassport.asgi import (
    DEFAULT_HEADERS,
    BodyLimit,
    Guard,
    ProblemPages,
    SecurityHeaders,
    Throttle,
)
from healthpassport.encoding import dump_json
from healthpassport.errors import ServiceError
from healthpassport.rates import RateLimit
from verifier.service import Desk, Progress, TransactionView, qr_svg, watch
from verifier.service.card_readings import CardReadings
from verifier.service.gate import GatedDesk
from verifier.service.hospital import completed
from verifier.service.problem_words import problem_words
from verifier.service.staff import Action, Role
from verifier.service.words import minutes_left, minutes_words
from verifier.settings import VerifierSettings

from . import audit, cards, hospital, languages, set_up, sign_in, staff_help
from .access import Service, enter, serving
from .card_form import MAX_UPLOAD
from .closed import closed_page
from .comparing import cautions, compared
from .expecting import Typed, typed
from .headers import POLICY
from .languages import words_of
from .pages import moment, result_page
from .problems import add_problem_pages, refusal_page
from .rendering import STATIC, svg
from .rendering import page as _page
from .today import today

DESK: Final = "staff page"  # the name under which this page's transactions stand
MAX_FORM: Final = 4096  # bytes; the longest form has six short members
FHIR: Final = "application/fhir+json"
SEE_OTHER: Final = 303
_HOMES: Final = {Role.AUDITOR: "/audit", Role.ADMIN: "/set-up"}


def create_app(settings: VerifierSettings, service: Desk) -> FastAPI:
    """The page for staff over ``service``; serve it on loopback alone."""
    app = FastAPI(
        title="Desk",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(enter)],
        redirect_slashes=False,
    )
    app.state.desk = service
    app.state.settings = settings
    app.state.cards = CardReadings(service)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _add_pages(app)
    _add_forms(app)
    app.include_router(cards.router)
    app.include_router(hospital.router)
    app.include_router(audit.router)
    app.include_router(sign_in.router)
    app.include_router(set_up.router)
    app.include_router(languages.router)
    app.include_router(staff_help.router)
    add_problem_pages(app)
    address = urlsplit(settings.web_address)
    hosts = (*settings.web_hosts, address.hostname or "")
    app.add_middleware(Guard, hosts=hosts, scheme=address.scheme)
    app.add_middleware(BodyLimit, limit=MAX_FORM, limits={"/cards": MAX_UPLOAD})
    app.add_middleware(
        Throttle,
        limit=RateLimit(settings.requests_per_second, settings.request_burst),
        clock=service.clock,
        proxies=settings.proxies,
    )
    app.add_middleware(ProblemPages, page=refusal_page(app))
    # Under no-referrer a browser sends "Origin: null" with its own forms, which Guard refuses.
    own = {"content-security-policy": POLICY, "referrer-policy": "same-origin"}
    headers = {**DEFAULT_HEADERS, **own}
    app.add_middleware(SecurityHeaders, headers=headers)
    return app


def _looked_up(request_id: str, desk: Service) -> TransactionView:
    return desk.standing(request_id, desk=DESK)


Found = Annotated[TransactionView, Depends(_looked_up)]


def _add_pages(app: FastAPI) -> None:
    @app.get("/", response_class=HTMLResponse)
    def start(request: Request, desk: Service) -> Response:
        """Choose a request; for those who ask nothing, the page that is theirs."""
        if not desk.who.may(Action.ASK):
            return RedirectResponse(_HOMES[desk.who.role], status_code=SEE_OTHER)
        return HTMLResponse(_start(request, desk))

    @app.get("/today", response_class=HTMLResponse)
    def of_today(request: Request, desk: Service) -> str:
        """What was asked in the last day."""
        readings: CardReadings = request.app.state.cards
        held = readings.held() if desk.who.may(Action.CARD) else ()
        seen = desk.recent(desk=DESK)
        lines = today(seen, held, now=datetime.now(UTC), say=words_of(request))
        return _page(request, "today.html", lines=lines)

    @app.get("/requests/{request_id}", response_class=HTMLResponse)
    def look(request: Request, request_id: str, desk: Service) -> str:
        """The code to show, or the result."""
        return _seen(request, desk.look(request_id, desk=DESK))

    @app.get("/requests/{request_id}/fhir")
    def save(view: Found, desk: Service) -> Response:
        """The result as a file for the hospital's own system."""
        headers = {"content-disposition": 'attachment; filename="shared-record.fhir.json"'}
        body = dump_json(desk.fhir(view.id, desk=DESK), indent=2)
        return Response(body, media_type=FHIR, headers=headers)

    @app.get("/requests/{request_id}/events", response_class=EventSourceResponse)
    async def events(view: Found, desk: Service) -> AsyncIterator[ServerSentEvent]:
        """The state each time it changes; the page then loads itself anew."""
        async for seen in watch(desk, view.id, name=DESK):
            yield ServerSentEvent(data=seen.progress.value, event="state")


def _add_forms(app: FastAPI) -> None:
    @app.post("/requests")
    def ask(
        request: Request,
        desk: Service,
        person: Annotated[Typed, Depends(typed)],
        template: Annotated[str, Form(max_length=64)] = "",
    ) -> Response:
        """Open a request, for whomever staff expect."""
        if not template or person.errors:
            page = _start(request, desk, chosen=template or None, person=person)
            return HTMLResponse(page, status_code=400)
        expected = completed(desk.hospital, person.expected) if person.expected else None
        view = desk.ask(template, desk=DESK, expected=expected)
        return RedirectResponse(f"/requests/{view.id}", status_code=SEE_OTHER)

    @app.post("/requests/{request_id}/close")
    def close(view: Found, desk: Service) -> RedirectResponse:
        """Forget the result."""
        desk.close(view.id, desk=DESK)
        return RedirectResponse("/", status_code=SEE_OTHER)

    @app.post("/requests/{request_id}/confirm")
    def confirm(
        request: Request,
        view: Found,
        desk: Service,
        code: Annotated[str, Form(max_length=16)] = "",
    ) -> Response:
        """Type the code on the patient's screen."""
        try:
            desk.confirm(view.id, code, desk=DESK)
        except ServiceError as error:
            again = desk.standing(view.id, desk=DESK)
            if error.code == "transaction.not_confirmed" and again.progress is Progress.CONFIRMING:
                page = _page(request, "confirm.html", view=again, wrong=True)
                return HTMLResponse(page, status_code=400)
        return RedirectResponse(f"/requests/{view.id}", status_code=SEE_OTHER)

    @app.post("/requests/{request_id}/care")
    def care(
        request: Request,
        view: Found,
        desk: Service,
        relationship: Annotated[str, Form(max_length=64)] = "",
    ) -> Response:
        """Say how one cares for the patient, which opens the clinical sections."""
        try:
            desk.state_care(view.id, relationship, desk=DESK)
        except ServiceError as error:
            seen = desk.look(view.id, desk=DESK)
            if error.code == "staff.relationship" and seen.cut is not None:
                return HTMLResponse(_closed(request, seen, wrong=True), status_code=400)
            raise
        return RedirectResponse(f"/requests/{view.id}", status_code=SEE_OTHER)


def _seen(request: Request, view: TransactionView) -> str:
    """A transaction as it stands: the code, what is missing, or the result."""
    say = words_of(request)
    now = datetime.now(UTC)
    if view.progress.is_open or view.progress is Progress.ANSWERING:
        minutes = minutes_left(view.expires_at, now)
        return _page(
            request,
            "waiting.html",
            view=view,
            asked=view.template.words(say),
            qr=svg(qr_svg(view.link)),
            minutes=minutes,
            minutes_words=[minutes_words(n, say) for n in range(minutes + 1)],
        )
    if view.progress is Progress.CONFIRMING:
        return _page(request, "confirm.html", view=view, wrong=False)
    if view.summary is None:
        return _page(request, "ended.html", view=view, problem=problem_words(view.code, say))
    if view.cut is not None:
        return _closed(request, view)
    return _page(
        request,
        "result.html",
        view=view,
        can_add=serving(request).hospital is not None,
        page=result_page(view.summary, say),
        comparisons=compared(view.summary, say),
        cautions=cautions(view, say),
        clears_at=moment(view.forget_at, say) if view.forget_at else "",
    )


def _closed(request: Request, view: TransactionView, *, wrong: bool = False) -> str:
    """A result of which a part is closed to whoever looks."""
    return _page(
        request, "result_cut.html", view=view, wrong=wrong, **closed_page(view, words_of(request))
    )


def _start(
    request: Request, desk: GatedDesk, *, chosen: str | None = "", person: Typed | None = None
) -> str:
    """The first page; ``chosen`` None says that a choice is missing."""
    return _page(
        request,
        "start.html",
        templates=[(one.id, one.words(words_of(request))) for one in desk.templates()],
        chosen=chosen,
        person=person or Typed(),
    )
