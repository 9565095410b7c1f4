"""One question to a server and its answer, with the refusals that all protocols share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar
from urllib.parse import urlencode

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import EncodingError, ServiceError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse

Answer = TypeVar("Answer")

OK: Final = 200
SUCCESS: Final = range(200, 300)
JSON_TYPE: Final = "application/json"
JWT_TYPE: Final = "application/jwt"
FORM_TYPE: Final = "application/x-www-form-urlencoded"
MAX_SAID: Final = 200  # characters kept of what a server says


def get(fetcher: Fetcher, url: str, *, accept: str = JSON_TYPE) -> HttpResponse:
    """The answer to a GET, whatever its status."""
    return fetcher.fetch(HttpRequest("GET", url, {"Accept": accept}))


def post_form(
    fetcher: Fetcher, url: str, form: Mapping[str, str] | bytes, **headers: str
) -> HttpResponse:
    """The answer to a POST of a form; ``headers`` by name, underscores for hyphens."""
    body = form if isinstance(form, bytes) else urlencode(form).encode("ascii")
    return _post(fetcher, url, body, FORM_TYPE, headers)


def post_json(
    fetcher: Fetcher, url: str, value: Mapping[str, Json], **headers: str
) -> HttpResponse:
    """The answer to a POST of a JSON object."""
    return _post(fetcher, url, dump_json(value), JSON_TYPE, headers)


def post_jwt(fetcher: Fetcher, url: str, token: str, **headers: str) -> HttpResponse:
    """The answer to a POST of an encrypted message; it may be one too."""
    named = {"Accept": f"{JWT_TYPE}, {JSON_TYPE}", **headers}
    return _post(fetcher, url, token.encode("ascii"), JWT_TYPE, named)


def _post(
    fetcher: Fetcher, url: str, body: bytes, kind: str, headers: Mapping[str, str]
) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"Accept": JSON_TYPE, "Content-Type": kind} | named
    return fetcher.fetch(HttpRequest("POST", url, sent, body))


def understood(parse: Callable[[bytes], Answer], response: HttpResponse) -> Answer:
    """What ``parse`` makes of an issuer's answer; one that broke off is the issuer's own fault."""
    try:
        return parse(response.body)
    except EncodingError as error:
        raise ServiceError("wallet.issuer_failed", error.code) from error


def error_name(response: HttpResponse) -> str:
    """The ``error`` of an OAuth error response (RFC 6749 section 5.2), or nothing."""
    return _said(response, "error")


def refusal(response: HttpResponse, *, code: str, known: Collection[str] = ()) -> ServiceError:
    """The error ``code`` with what the server said, cut down to what is safe to show.

    Where the server names one of the ``known`` codes, that one, with its own words.
    """
    if (named := _said(response, "code")) in known:
        return ServiceError(named, f"status {response.status}")
    said = _said(response, "error_description") or _said(response, "detail")
    name = error_name(response)
    words = f"{name}: {said}" if name and said else name or said or "no reason was given"
    return ServiceError(code, f"status {response.status}, {words}")


def _said(response: HttpResponse, member: str) -> str:
    """Text of a stranger: printable ASCII alone, so that it cannot steer a terminal."""
    try:
        value = parse_json_object(response.body).get(member)
    except EncodingError:
        return ""
    text = value if isinstance(value, str) else ""
    return "".join(c for c in text if " " <= c <= "~")[:MAX_SAID]
