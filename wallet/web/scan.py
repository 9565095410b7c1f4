"""A code comes in: by camera, by photo, pasted, or typed. It leads to an offer or to a question.

The camera reads in the browser; a photo is read here, in memory. What is *not* here: what a code
means (``service``), and the pages that it leads to (``add``, ``share``).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response
from starlette.formparsers import MultiPartParser

from healthpassport.errors import PassportError, RequestError
from healthpassport.protocols.oid4vci.web_links import WEB_LINK_PATH
from wallet.client.pictures import MAX_BYTES, read_picture
from wallet.consent import refusal_of

from .headers import CAMERA_POLICY
from .page import Page, Seen
from .share import considered
from .words import msg

MAX_FORM: Final = MAX_BYTES + 65_536  # bytes: a photo, and a link beside it
MAX_TEXT: Final = 65_536  # characters of a link
OFFERS: Final = ("openid-credential-offer:", "haip-vci:")
WEB_LINK: Final = f"{WEB_LINK_PATH}#"  # half of one is no question either
INVITATION: Final = "hp-helper-invitation:"
LEND: Final = "/helping/lend"
LIMITS: Final = {"/scan": MAX_FORM, "/add": MAX_FORM}

MultiPartParser.spool_max_size = MAX_FORM  # a photo is never written to the disk

router = APIRouter()
Text = Annotated[str, Form(max_length=MAX_TEXT)]
Picture = Annotated[UploadFile | None, File()]


@router.get("/scan")
def scan(page: Seen) -> Response:
    """Ways to bring a hospital's code."""
    return _form(page)


@router.get("/add")
def add(page: Seen) -> Response:
    """The same for a surgery's code."""
    return _form(page)


@router.post("/scan")
def scanned(page: Seen, text: Text = "", picture: Picture = None) -> Response:
    """Follow the code."""
    return _followed(page, text, picture)


@router.post("/add")
def added(page: Seen, text: Text = "", picture: Picture = None) -> Response:
    """Follow the code."""
    return _followed(page, text, picture)


def _followed(page: Page, text: str, picture: UploadFile | None) -> Response:
    if picture is not None and picture.size:
        try:
            text = read_picture(picture.file.read(MAX_BYTES + 1))
        except RequestError as error:
            return _form(page, error=error)
    text = text.strip()
    if not text:
        return _form(page, missing=True)
    if text.startswith(INVITATION):
        page.visit.keep(LEND, [("invitation", text)])
        return page.go(LEND)
    if is_offer(text):
        return _offered(page, text)
    # Asked on its own page: whose records to show may have to be chosen first.
    return page.go(f"/share/{page.visit.open(considered(page, text), link=text)}")


def _offered(page: Page, text: str) -> Response:
    offer = page.wallet.add_offer(text)
    return page.go(f"/add/{page.visit.open(offer, link=text)}")


def is_offer(text: str) -> bool:
    """Whether ``text`` leads to records to add, and not to a question."""
    return text.lower().startswith(OFFERS) or "credential_offer" in text or WEB_LINK in text


def _form(page: Page, *, error: PassportError | None = None, missing: bool = False) -> Response:
    wrong = ""
    if error is not None:
        refusal = refusal_of(error, page.language)
        wrong = f"{refusal.title} {refusal.next_step}"
    elif missing:
        wrong = page.words(msg("Paste or type a code, or choose a photo."))
    answer = page.show(
        "scan/scan.html", status=400 if wrong else 200, wrong=wrong, adding=page.path == "/add"
    )
    answer.headers["content-security-policy"] = CAMERA_POLICY
    return answer
