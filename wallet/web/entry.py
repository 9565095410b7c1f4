"""Coming in and going out: the start link, set-up, unlock, lock, leave, and the language.

Rules: a form that is on the page when its language changes or the wallet is locked is kept and
filled in again (``visit``); leaving locks the wallet and keeps nothing. What is *not* here: how a
vault opens (``vault``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from healthpassport.encoding import b64url_encode
from healthpassport.errors import ServiceError, VaultError

from .gate import SET_UP, START, UNLOCK, cookie, cookie_name
from .page import LANGUAGE_COOKIE, Page, Seen, page_of
from .ways import passkey_of, passkeys_of
from .words import LANGUAGES, msg

OPEN: Final = (SET_UP, UNLOCK, "/lock", "/leave", "/blank", "/language")
YEAR: Final = 365 * 24 * 3600  # seconds
TOKEN_LENGTH: Final = 64
SECRET_LENGTH: Final = 4096  # characters; the vault says itself what is too long
NOT_OPENED: Final = frozenset(
    {"vault.unlock_failed", "vault.wait", "vault.passkey", "vault.way_unknown"}
)
CONTROLS: Final = frozenset({"language", "back"})  # of the forms that stand on every page

router = APIRouter()
Secret = Annotated[str, Form(max_length=SECRET_LENGTH)]


@router.get(START)
def start(page: Seen, token: str = "") -> Response:
    """The link that the program shows: it opens these pages once, in this browser."""
    held = cookie(page.request.scope, cookie_name(page.request.scope))
    if page.visit.knows(held):
        return page.go("/")
    issued = page.visit.enter(token[:TOKEN_LENGTH])
    if issued is None:
        raise ServiceError("wallet.page_closed")
    answer = page.go("/")
    name = cookie_name(page.request.scope)
    answer.set_cookie(name, issued, httponly=True, samesite="strict", path="/")
    return answer


@router.get(SET_UP)
def choose(page: Seen) -> Response:
    """Choose how the new wallet opens."""
    if page.visit.wallet.exists:
        return page.go("/")
    return page.show("entry/set_up.html")


@router.post(SET_UP)
def set_up(page: Seen, secret: Secret = "", secret_again: Secret = "") -> Response:
    """Make the wallet; it is unlocked then."""
    wrong = ""
    if secret != secret_again:
        wrong = msg("The two are not the same. Type them again.")
    else:
        try:
            page.wallet.init(secret)
        except VaultError as error:
            if error.code != "vault.passphrase_weak":
                raise
            wrong = msg("Use at least 8 letters or signs.")
    if wrong:
        return page.show("entry/set_up.html", status=400, wrong=wrong)
    return page.go("/ways")  # a second way in is best made at once


@router.get(UNLOCK)
def ask(page: Seen) -> Response:
    """Ask for the passphrase, or the recovery words."""
    if not page.visit.wallet.exists:
        return page.go(SET_UP)
    if not page.visit.wallet.locked:
        return page.go(page.visit.back())
    return _unlock(page)


@router.post(UNLOCK)
def unlock(
    page: Seen, secret: Secret = "", credential: Secret = "", secret_prf: Secret = ""
) -> Response:
    """Open the wallet, and go back to where the person was."""
    wallet = page.wallet
    try:
        way = passkey_of(credential, secret_prf) if credential else wallet.ways.read(secret)
        wallet.unlock(way)
    except VaultError as error:
        if error.code not in NOT_OPENED:
            raise
        return _unlock(page, wrong=f"{page.words(error.title)} {page.words(error.hint)}")
    return page.go(page.visit.back())


def _unlock(page: Page, *, wrong: str = "") -> Response:
    passkeys = passkeys_of(page.wallet)
    return page.show(
        "entry/unlock.html",
        status=400 if wrong else 200,
        wrong=wrong,
        passkeys=passkeys,
        asked=b64url_encode(page.wallet.ways.passkey_input) if passkeys else "",
    )


@router.post("/lock")
async def lock(request: Request) -> Response:
    """Lock the wallet; what the page's form held waits for its owner."""
    page = page_of(request)
    await _keep(page)
    await run_in_threadpool(page.wallet.lock)
    page.visit.close_values()
    return page.go(UNLOCK)


@router.post("/leave")
def leave(page: Seen) -> Response:
    """Hide everything at once: lock, keep nothing, and show a page that says nothing."""
    page.visit.forget()
    page.wallet.lock()
    return page.go("/blank")


@router.get("/blank")
def blank(page: Seen) -> Response:
    """A page that could be anybody's."""
    return page.show("entry/blank.html")


@router.post("/language")
async def speak(request: Request) -> Response:
    """Change the language; what the page's form held stays."""
    page = page_of(request)
    chosen = await _keep(page)
    answer = page.go(page.visit.back())
    if chosen in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=YEAR, httponly=True, samesite="strict", path="/"
        )
    return answer


@router.get("/stay")
def stay(page: Seen) -> Response:
    """The person is still there: using the vault puts off its lock."""
    page.wallet.touch()
    return Response(status_code=204)


async def _keep(page: Page) -> str:
    """Keep what the form held besides the controls, and where; the language that they name."""
    form = await page.request.form()
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    controls = dict(field for field in fields if field[0] in CONTROLS)
    rest = [field for field in fields if field[0] not in CONTROLS]
    page.visit.keep(controls.get("back", "/"), rest)
    return controls.get("language", "")
