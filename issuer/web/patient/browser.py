"""What a patient's browser holds, and what it is told with every page.

Rules: one cookie, for this host alone, gone with the sign-in; a form may lead to the wallet that
asked and nowhere else. What is *not* here: what the cookie opens (``issuer.service.under_way``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response

from healthpassport.asgi import DEFAULT_HEADERS
from healthpassport.languages import LANGUAGES, Words
from issuer.service.under_way import SIGN_IN_SECONDS
from issuer.web.languages import words

# RFC 6265bis section 4.1.3.2: bound to the host, never sent without TLS, set by no neighbour.
COOKIE: Final = "__Host-patient"
LANGUAGE: Final = "__Host-patient-language"
MONTH: Final = 30 * 24 * 3600  # seconds
_POLICY: Final = (
    "default-src 'none'; {}style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'"
)


def headers(target: str = "", *, scripts: bool = False) -> Mapping[str, str]:
    """The headers of a page whose forms may lead on to ``target``, beside this host.

    ``scripts`` lets files of this host run there.
    """
    running = "script-src 'self'; " if scripts else ""
    allowed = f" {target}" if target else ""
    return {
        **DEFAULT_HEADERS,
        "content-security-policy": _POLICY.format(running, allowed),
        "referrer-policy": "no-referrer",
    }


def held(request: Request) -> str:
    """What the browser says it holds; empty where it holds nothing."""
    return request.cookies.get(COOKIE, "")


def give(response: Response, value: str) -> None:
    """Set the cookie. Lax: the way back from the provider is a link from another site."""
    _set(response, COOKIE, value, SIGN_IN_SECONDS)


def take(response: Response) -> None:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def speak(response: Response, language: str) -> None:
    """Remember which language the patient chose."""
    if language in LANGUAGES:
        _set(response, LANGUAGE, language, MONTH)


def words_of(request: Request, *, chosen: str = "") -> Words:
    """The words in which ``request`` is answered: as chosen now, before, or as the browser says."""
    asked = chosen or request.cookies.get(LANGUAGE, "")
    if asked not in LANGUAGES:
        first = request.headers.get("accept-language", "").partition(",")[0]
        asked = first.partition("-")[0].partition(";")[0].strip().lower()
    return words(asked if asked in LANGUAGES else "en")


def _set(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax"
    )
