"""Travel mode: put the wallet away in a file, and bring it back.

Rules: the file is written where its owner says on this machine, and only then is anything wiped;
the page for bringing back shows as well where there never was a wallet. Secrets are fields that no
page keeps. What is *not* here: the file (``wallet.vault.travelling``).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response

from healthpassport.errors import ServiceError, VaultError
from wallet.service.travel import Away

from .page import Page, Seen
from .words import msg

TRAVEL: Final = "/travel"
BACK: Final = "/travel/back"
GONE: Final = "/travel/gone"
MAX_FILE: Final = 67_108_864  # bytes; a larger wallet: passport-wallet travel back
LIMITS: Final = {BACK: MAX_FILE + 65_536}
OPEN: Final = (BACK, GONE)
SECRET_LENGTH: Final = 4096  # characters
PATH_LENGTH: Final = 4096  # characters
# What the form says beside the field that is wrong; everything else is a page of its own.
OF_SECRET: Final = frozenset(
    {"vault.unlock_failed", "vault.way_unknown", "vault.recovery_words", "vault.wait"}
)
OF_PLACE: Final = frozenset(
    {"vault.away_exists", "vault.away_place", "vault.no_space", "vault.io", "vault.permissions"}
)
OF_FILE: Final = frozenset({"vault.away_unreadable"})

router = APIRouter(prefix=TRAVEL)
Secret = Annotated[str, Form(max_length=SECRET_LENGTH)]
Place = Annotated[str, Form(max_length=PATH_LENGTH)]
Upload = Annotated[UploadFile | None, File()]


@router.get("")
def ask(page: Seen) -> Response:
    """What it means, what it cannot hide, and where the file goes."""
    kept = page.kept() or {}
    return page.show("travel/away.html", place=(kept.get("place") or ("",))[0])


@router.post("")
def away(page: Seen, place: Place = "", secret: Secret = "") -> Response:
    """Put it away; nothing of it is left here then."""
    target = Path(place.strip())
    if not place.isprintable() or not target.is_absolute():
        wrong = page.words(msg("Type the whole path, from its start. Add a name for the file."))
        return page.show("travel/away.html", status=400, place=place, wrong_place=wrong)
    wallet = page.wallet
    try:
        gone = wallet.travel.away(target, wallet.ways.read(secret))
    except VaultError as error:
        return _beside(page, error, "travel/away.html", place=place)
    page.visit.forget()
    return page.go(f"{GONE}/{page.visit.open(gone)}")


@router.get("/gone/{key}")
def gone(page: Seen, key: str) -> Response:
    """The number to write down."""
    return page.show("travel/gone.html", away=_away(page, key))


@router.get("/back")
def bring(page: Seen) -> Response:
    """Which file, and what opens it."""
    _refuse_a_second(page)
    return page.show("travel/back.html")


@router.post("/back")
def back(page: Seen, file: Upload = None, secret: Secret = "") -> Response:
    """The wallet is back, and open. The file that was chosen stays with its owner."""
    _refuse_a_second(page)
    if file is None or not file.size:
        wrong = page.words(msg("Choose the file that you put away."))
        return page.show("travel/back.html", status=400, wrong_file=wrong)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "away"
        with path.open("wb") as kept:
            shutil.copyfileobj(file.file, kept)
        try:
            found = page.wallet.travel.back(path, secret)
        except VaultError as error:
            return _beside(page, error, "travel/back.html")
    return page.go(f"{TRAVEL}/here/{page.visit.open(found)}")


@router.get("/here/{key}")
def here(page: Seen, key: str) -> Response:
    """The number to compare."""
    return page.show("travel/here.html", away=_away(page, key))


def _beside(page: Page, error: VaultError, template: str, **values: str) -> Response:
    """The form with the error beside its field; what is no fault of the form is raised on."""
    said = f"{page.words(error.title)} {page.words(error.hint)}"
    for codes, field in (
        (OF_SECRET, "wrong"),
        (OF_PLACE, "wrong_place"),
        (OF_FILE, "wrong_file"),
    ):
        if error.code in codes:
            return page.show(template, status=400, **values, **{field: said})
    raise error


def _away(page: Page, key: str) -> Away:
    found = page.visit.opened(key).value
    if not isinstance(found, Away):
        raise ServiceError("wallet.page_unknown")
    return found


def _refuse_a_second(page: Page) -> None:
    if page.visit.wallet.exists:
        raise VaultError("vault.exists")
