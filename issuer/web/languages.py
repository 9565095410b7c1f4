"""Which language a page speaks: the one that staff chose here, else that of the settings.

Rules: the choice is a cookie that a plain form sets, so that it works without scripts; words are
read from text files at the first page (docs/adr/0044). What is *not* here: the words.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

import schemas
from healthpassport.languages import ENGLISH, LANGUAGES, Words, merged, read_po
from healthpassport.sign_in import own_path
from issuer.settings import Settings

LOCALE: Final = Path(__file__).resolve().parent.parent / "locale"
COOKIE: Final = "console-language"  # browsers send a host's cookies to all of its ports
YEAR: Final = 365 * 24 * 3600  # seconds
MAX_PATH: Final = 1024  # characters
SEE_OTHER: Final = 303

router = APIRouter()


@cache
def words(language: str) -> Words:
    """All words of ``language``; English needs none."""
    if language == ENGLISH.language:
        return ENGLISH
    files = sorted((LOCALE / language).glob("*.po"))
    texts = [path.read_text(encoding="utf-8") for path in files]
    return Words(language, merged(map(read_po, [*schemas.error_words(language), *texts])))


def words_of(request: Request) -> Words:
    """The words in which ``request`` is answered."""
    settings: Settings = request.app.state.console.issuer.settings
    chosen = request.cookies.get(COOKIE, "")
    return words(chosen if chosen in LANGUAGES else settings.web_language)


def back_of(request: Request) -> str:
    """The page to come back to once the language is another: forms are answered elsewhere."""
    if request.method == "GET":
        return own_path(request.url.path)
    return own_path(urlsplit(request.headers.get("referer", "")).path)


@router.post("/language")
def speak(
    language: Annotated[str, Form(max_length=16)] = "",
    back: Annotated[str, Form(max_length=MAX_PATH)] = "/",
) -> RedirectResponse:
    """Change the language of this browser's pages, and go back to where staff were."""
    answer = RedirectResponse(own_path(back), status_code=SEE_OTHER)
    if language in LANGUAGES:
        answer.set_cookie(
            COOKIE, language, max_age=YEAR, httponly=True, samesite="strict", path="/"
        )
    return answer
