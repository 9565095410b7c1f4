"""The console's application: what stands in front of the pages, and the pages themselves.

A form posts and is answered with a redirect (303), so that reloading never posts twice. What is
*not* here: what a page says (templates and the modules beside this one).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from healthpassport.asgi import BodyLimit, Guard, ProblemPages, SecurityHeaders, Throttle
from healthpassport.rates import RateLimit
from issuer.service.console import Console

from . import (
    audit,
    card_paper,
    cards,
    find,
    forget,
    hand,
    home,
    keeping,
    languages,
    many,
    prepare,
    reports,
    sign_in,
    status,
    upload,
    waiting,
)
from .access import enter
from .headers import HEADERS
from .problems import add_problem_pages, refusal_page
from .rendering import STATIC

MAX_FORM: Final = 16_384  # bytes; the longest form ticks every record type and names two reasons
ROUTERS: Final = (
    home.router,
    find.router,
    prepare.router,
    hand.router,
    status.router,
    forget.router,
    sign_in.router,
    languages.router,
    keeping.router,
    audit.router,
    reports.router,
    cards.router,
    card_paper.router,
    many.router,
    waiting.router,
)
# Bytes of the forms that bring a file.
LIMITS: Final = {upload.PATH: upload.MAX_UPLOAD, many.PLAN: many.MAX_UPLOAD}


def create_app(console: Console) -> FastAPI:
    """The pages of ``console``; serve them on loopback, or as the settings allow (``web_host``)."""
    settings = console.issuer.settings
    app = FastAPI(
        title="Console",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(enter)],
        redirect_slashes=False,
    )
    app.state.console = console
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in ROUTERS:
        app.include_router(router)
    add_problem_pages(app)
    address = urlsplit(settings.web_address)
    hosts = (*settings.web_hosts, address.hostname or "")
    app.add_middleware(Guard, hosts=hosts, scheme=address.scheme)
    app.add_middleware(BodyLimit, limit=MAX_FORM, limits=LIMITS)
    app.add_middleware(
        Throttle,
        limit=RateLimit(settings.requests_per_second, settings.request_burst),
        clock=console.issuer.clock,
        proxies=settings.web_proxies,
    )
    app.add_middleware(ProblemPages, page=refusal_page(app))
    app.add_middleware(SecurityHeaders, headers=HEADERS)
    return app
