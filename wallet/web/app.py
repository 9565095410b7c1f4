"""The application: what stands in front of the pages, and the areas behind.

A form posts and is answered with a redirect (303), so that reloading never posts twice. What is
*not* here: pages (``areas``).
"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from healthpassport.asgi import BodyLimit, Guard, ProblemPages, SecurityHeaders
from wallet.settings import WalletSettings

from .areas import AREAS
from .gate import Gate
from .headers import HEADERS
from .problems import add_problem_pages, refusal_page
from .rendering import STATIC
from .signing_in import WayBack
from .visit import Visit

HOSTS: Final = ("localhost",)  # passkeys are bound to a name, and 127.0.0.1 is none
MAX_FORM: Final = 131_072  # bytes; the boxes of a thousand items, and a pasted link or text


def create_app(settings: WalletSettings, visit: Visit) -> FastAPI:
    """The pages of ``visit``; serve them on loopback alone."""
    app = FastAPI(title="Wallet", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings = settings
    app.state.visit = visit
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for area in AREAS:
        app.include_router(area.router)
    add_problem_pages(app)
    limits = {path: size for area in AREAS for path, size in area.limits.items()}
    open_paths = [path for area in AREAS for path in area.open_paths]
    app.add_middleware(Gate, visit=visit, open_paths=open_paths)
    app.add_middleware(BodyLimit, limit=MAX_FORM, limits=limits)
    app.add_middleware(Guard, hosts=HOSTS)
    app.add_middleware(WayBack, name=HOSTS[0])
    app.add_middleware(ProblemPages, page=refusal_page(app))
    app.add_middleware(SecurityHeaders, headers=HEADERS)
    return app
