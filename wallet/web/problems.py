"""Any refusal as a page: what happened, on whose side, and the next step.

Words of the areas in ``PLAIN`` are written for the wallet's owner and stand as they are, in each
language. All other codes speak to those who run a surgery or a desk: the owner reads what it means
for them, and can show the code and its words to staff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

import schemas
from healthpassport.asgi import Application, Scope
from healthpassport.errors import Party, PassportError, ServiceError, VaultError

from .gate import UNLOCK
from .page import SEE_OTHER, Page, page_of
from .words import msg

# Files of schemas/errors whose titles and hints speak to the owner of a wallet.
PLAIN: Final = ("backup", "card", "helper", "people", "receipt", "vault", "wallet")
# Damage that mending goes on from; a copy of the file is kept.
MENDABLE: Final = frozenset(
    f"vault.{name}" for name in ("corrupt", "row_missing", "row_binding", "rollback", "anchor")
)
_CODES: Final = {404: "wallet.page_unknown"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a problem page says; ``staff`` holds the words for others, where there are any."""

    title: str
    hint: str
    side: str
    code: str
    staff: tuple[str, ...] = ()


SIDES: Final[Mapping[Party, str]] = {
    Party.ISSUER: msg("The surgery's side"),
    Party.WALLET: msg("Your wallet"),
    Party.VERIFIER: msg("The hospital's side"),
    Party.AUTHORITY: msg("The list of who may ask"),
    Party.NETWORK: msg("The network"),
    Party.SOURCE: msg("What was sent to you"),
    Party.PERSON: msg("This page"),
}
MEANINGS: Final[Mapping[Party, tuple[str, str]]] = {
    Party.ISSUER: (
        msg("What the surgery sent is not right."),
        msg("Nothing was added. Tell the surgery, and try again later."),
    ),
    Party.WALLET: (
        msg("Your wallet could not do that."),
        msg("Your records are safe. Go back and try again."),
    ),
    Party.VERIFIER: (
        msg("We cannot trust this question."),
        msg("Nothing was shared. Show this to the staff. You will still be treated."),
    ),
    Party.AUTHORITY: (
        msg("We could not check who is asking."),
        msg("Nothing was shared. Try again when you are online. You will still be treated."),
    ),
    Party.NETWORK: (
        msg("We could not reach the other side."),
        msg("Nothing was lost. Check that you are online, then try again."),
    ),
    Party.SOURCE: (
        msg("What was sent could not be read."),
        msg("Nothing was changed. Ask for a new code and try again."),
    ),
    Party.PERSON: (
        msg("That did not work."),
        msg("Nothing was changed. Go back and try again."),
    ),
}


@cache
def plain_codes() -> frozenset[str]:
    """Every code whose own words are for the wallet's owner."""
    return frozenset(code for area in PLAIN for code in schemas.load(f"errors/{area}.json"))


def told(error: PassportError) -> Told:
    """What the owner reads of ``error``, in English."""
    side = SIDES[error.party]
    if error.code in plain_codes():
        return Told(error.title, error.hint, side, error.code)
    title, hint = MEANINGS[error.party]
    words = (error.title, error.hint, error.detail)
    return Told(title, hint, side, error.code, tuple(filter(None, words)))


def add_problem_pages(app: FastAPI) -> None:
    """Every error that a route of ``app`` raises becomes a page."""
    app.add_exception_handler(PassportError, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(RequestValidationError, _answer)


def _answer(request: Request, error: Exception) -> Response:
    page = page_of(request)
    if isinstance(error, HTTPException):
        return _problem(page, ServiceError(_CODES.get(error.status_code, "wallet.page_form")))
    if not isinstance(error, PassportError):
        return _problem(page, ServiceError("wallet.page_form"))
    if isinstance(error, VaultError) and error.code == "vault.locked" and page.visit.wallet.locked:
        page.visit.keep(page.path)
        return RedirectResponse(UNLOCK, status_code=SEE_OTHER)
    return _problem(page, error)


def _problem(page: Page, error: PassportError) -> Response:
    status = max(error.status, 400)
    can_mend = error.code in MENDABLE
    return page.show("problem.html", status=status, problem=told(error), can_mend=can_mend)


def refusal_page(pages: FastAPI) -> Callable[[Scope, PassportError], Application]:
    """For ``ProblemPages``: the page of what was refused in front of the routes of ``pages``."""

    def page_for(scope: Scope, error: PassportError) -> Application:
        page = page_of(Request({**scope, "app": pages}))
        # Whoever has no cookie learns nothing of this wallet, not even whether there is one.
        return page.show_stranger("problem.html", status=error.status, problem=told(error))

    return page_for
