"""Backups: make one, test it, bring it back, and share its key on paper.

A file is given to the browser and taken from it; on this machine it stands only while it is written
or read. Secrets are fields that no page keeps. What is *not* here: the file (``wallet.backup``).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from healthpassport.errors import BackupError, PassportError, ServiceError, VaultError
from wallet.service.outcomes import Outcome
from wallet.service.recipients import HelpersParts
from wallet.service.sheets import Sheet, own_sheet, part_sheet
from wallet.vault import Way

from .page import Page, Seen
from .words import msg

MAX_FILE: Final = 67_108_864  # bytes; some thousand records. Larger ones: passport-wallet backup
TEST: Final = "/backup/test"
RESTORE: Final = "/backup/restore"
LIMITS: Final = {TEST: MAX_FILE + 65_536, RESTORE: MAX_FILE + 65_536}
OPEN: Final = (RESTORE,)
SECRET_LENGTH: Final = 4096  # characters
_CONFLICT: Final = 409  # there is nobody to tell
# What a form says beside its field; everything else is a page of its own.
BESIDE: Final = frozenset(
    {
        "vault.unlock_failed",
        "vault.way_unknown",
        "vault.recovery_words",
        "vault.passphrase_weak",
        "vault.wait",
    }
)

router = APIRouter()
Secret = Annotated[str, Form(max_length=SECRET_LENGTH)]
Upload = Annotated[UploadFile | None, File()]


@router.get("/backup")
def overview(page: Seen) -> Response:
    """When the last one was made, and what can be done."""
    return page.show("backup/overview.html", due=page.wallet.backups.due())


@router.get("/backup/make")
def ask(page: Seen) -> Response:
    """What a backup is, and the passphrase for it."""
    kept = page.kept() or {}
    return page.show("backup/make.html", history="history" in kept)


@router.post("/backup/make")
def make(page: Seen, secret: Secret = "", history: Annotated[str, Form()] = "") -> Response:
    """The file, for the browser to keep where its owner says."""
    folder = Path(tempfile.mkdtemp())
    wallet = page.wallet
    name = "backup.hpb"
    try:
        made = wallet.backups.make(
            folder / name, way=wallet.ways.read(secret), with_history=bool(history)
        )
    except PassportError as error:
        shutil.rmtree(folder)
        wrong = _beside(page, error)
        return page.show("backup/make.html", status=400, wrong=wrong, history=bool(history))
    return FileResponse(
        made.path,
        filename=name,
        media_type="application/octet-stream",
        background=BackgroundTask(shutil.rmtree, folder),
    )


@router.get(TEST)
def choose(page: Seen) -> Response:
    """Which file, and what opens it."""
    return page.show("backup/test.html")


@router.post(TEST)
def try_out(
    page: Seen,
    *,
    file: Upload = None,
    secret: Secret = "",
    secret_one: Secret = "",
    secret_two: Secret = "",
) -> Response:
    """What the file holds beside the wallet of now."""
    try:
        with _kept_for_now(file) as path:
            found = page.wallet.backups.test(path, _key(page, secret, (secret_one, secret_two)))
    except PassportError as error:
        return page.show("backup/test.html", status=400, wrong=_beside(page, error))
    return page.show("backup/tested.html", found=found)


@router.get(RESTORE)
def bring(page: Seen) -> Response:
    """Which file, what opens it, and how the new wallet opens."""
    _refuse_a_second(page)
    return page.show("backup/restore.html")


@router.post(RESTORE)
def restore(
    page: Seen,
    *,
    file: Upload = None,
    secret: Secret = "",
    secret_one: Secret = "",
    secret_two: Secret = "",
    secret_new: Secret = "",
    secret_again: Secret = "",
) -> Response:
    """The wallet is back, and open."""
    _refuse_a_second(page)
    if secret_new != secret_again:
        wrong = page.words(msg("The two are not the same. Type them again."))
        return page.show("backup/restore.html", status=400, wrong=wrong)
    try:
        with _kept_for_now(file) as path:
            key = _key(page, secret, (secret_one, secret_two))
            page.wallet.backups.restore(path, key, new=secret_new)
    except PassportError as error:
        return page.show("backup/restore.html", status=400, wrong=_beside(page, error))
    page.wallet.unlock(secret_new)
    return page.go("/backup/old-device")


@router.get("/backup/old-device")
def old_device(page: Seen) -> Response:
    """Stop the old device, or not now."""
    return page.show("backup/old_device.html")


@router.post("/backup/old-device")
def stop(page: Seen) -> Response:
    """Every surgery is told."""
    outcomes = page.wallet.updates.stop_old_device()
    if not outcomes:
        return page.show("backup/stopped.html", status=_CONFLICT, outcomes=())
    return page.go(f"/backup/stopped/{page.visit.open(outcomes)}")


@router.get("/backup/stopped/{key}")
def stopped(page: Seen, key: str) -> Response:
    """How it went, surgery by surgery; looking at it once more stops nothing again."""
    found = page.visit.opened(key).value
    if not isinstance(found, tuple) or not all(isinstance(one, Outcome) for one in found):
        raise ServiceError("wallet.page_unknown")
    return page.show("backup/stopped.html", outcomes=found)


@router.get("/backup/parts")
def ask_for_parts(page: Seen) -> Response:
    """What it means to give three people a part each."""
    return page.show("backup/parts.html", warning=page.wallet.backups.said("split"))


@router.post("/backup/parts")
def parts(page: Seen, secret: Secret = "") -> Response:
    """Three parts, to be printed and given away."""
    wallet = page.wallet
    try:
        made = wallet.backups.split(way=wallet.ways.read(secret))
    except PassportError as error:
        wrong, warning = _beside(page, error), wallet.backups.said("split")
        return page.show("backup/parts.html", status=400, wrong=wrong, warning=warning)
    return _printed(page, [part_sheet(share) for share in made.shares], made.lines)


@router.get("/backup/sheet")
def ask_for_a_sheet(page: Seen) -> Response:
    """What a sheet opens."""
    return page.show("backup/sheet.html")


@router.post("/backup/sheet")
def sheet(page: Seen, secret: Secret = "") -> Response:
    """The sheet, to be printed."""
    wallet = page.wallet
    try:
        groups = wallet.backups.sheet(way=wallet.ways.read(secret))
    except PassportError as error:
        return page.show("backup/sheet.html", status=400, wrong=_beside(page, error))
    return _printed(page, [own_sheet(groups)], ())


def _printed(page: Page, sheets: list[Sheet], lines: tuple[str, ...]) -> Response:
    return page.show("backup/sheets.html", sheets=sheets, lines=lines)


def _key(page: Page, secret: str, parts: tuple[str, str]) -> Way | HelpersParts:
    """Helpers' parts where there are any, else what was typed."""
    given = tuple(part for part in parts if part.strip())
    return HelpersParts(given) if given else page.wallet.backups.read_way(secret)


def _refuse_a_second(page: Page) -> None:
    if page.visit.wallet.exists:
        raise BackupError("backup.wallet_here")


def _beside(page: Page, error: PassportError) -> str:
    """The error in words, beside the form; what is no fault of the form is raised on."""
    if not isinstance(error, BackupError | VaultError):
        raise error
    if isinstance(error, VaultError) and error.code not in BESIDE:
        raise error
    told = f"{page.words(error.title)} {page.words(error.hint)}"
    return f"{told} ({error.detail})" if error.code.startswith(_NAMED) and error.detail else told


_NAMED: Final = ("backup.code", "backup.share_forged")  # the detail says which part or group


@contextmanager
def _kept_for_now(file: UploadFile | None) -> Iterator[Path]:
    """The uploaded file, in a private folder that is gone afterwards."""
    if file is None or not file.size:
        raise BackupError("backup.missing")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "backup.hpb"
        with path.open("wb") as kept:
            shutil.copyfileobj(file.file, kept)
        yield path
