"""How answers and refusals of the issuer look as HTTP responses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from healthpassport.asgi import PROBLEM_MEDIA_TYPE
from healthpassport.encoding import Json, dump_json
from healthpassport.errors import PassportError, ServiceError
from healthpassport.protocols.oid4vci import oauth_error
from healthpassport.protocols.oid4vci.dpop import ALGORITHMS
from healthpassport.refused import say_refused

JSON: Final = "application/json"
METADATA_CACHE: Final = "public, max-age=300"  # seconds; metadata changes with a release
NO_STORE: Final = {"cache-control": "no-store"}
_GRANT: Final = "grant."
_TOO_MANY: Final = 429
_UNAUTHORIZED: Final = 401
_NO_METHOD: Final = 405
_METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def json(
    value: Json, *, status: int = 200, cache: str = "no-store", media_type: str = JSON
) -> Response:
    """A JSON response."""
    headers = {"cache-control": cache}
    return Response(dump_json(value), status_code=status, media_type=media_type, headers=headers)


def problem(error: PassportError) -> Response:
    """``error`` as an RFC 9457 problem object."""
    say_refused(error.code)
    return Response(
        dump_json(error.problem()),
        status_code=error.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=NO_STORE | _retry(error),
    )


async def in_oauth_words(
    work: Callable[[], Awaitable[Response]], *, otherwise: str, at_resource: bool
) -> Response:
    """What ``work`` answers; its refusal as OAuth words it.

    Args:
        work: the route's work.
        otherwise: the error name for a refusal that OAuth has no name for.
        at_resource: whether a 401 carries a challenge (RFC 9449 section 7.1); at the token endpoint
            a wrong proof is a 400 (section 5).
    """
    try:
        return await work()
    except PassportError as error:
        say_refused(error.code)
        if error.code.startswith(_GRANT):  # RFC 6749 section 5.2; OpenID4VCI 1.0 section 8.3.1.2
            otherwise = "credential_request_denied" if at_resource else "invalid_grant"
        body = oauth_error(error, otherwise=otherwise)
        status, headers = error.status, NO_STORE | _retry(error)
        if status == _UNAUTHORIZED and at_resource:
            headers["www-authenticate"] = (
                f'DPoP error="{body["error"]}", '
                f'error_description="{body["error_description"]}", algs="{" ".join(ALGORITHMS)}"'
            )
        elif status == _UNAUTHORIZED:
            status = 400
        return Response(dump_json(body), status_code=status, media_type=JSON, headers=headers)


async def framework_refusal(request: Request, error: Exception) -> Response:
    """The framework's own refusals in our shape."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    codes = {404: "not_found", 405: "http.method", 415: "http.media_type"}
    response = problem(ServiceError(codes.get(status, "http.invalid")))
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    if status == _NO_METHOD:
        response.headers["allow"] = _allowed(request)
    return response


def _allowed(request: Request) -> str:
    """Every method of this address (RFC 9110 section 15.5.6): the framework tells those of one."""
    found: set[str] = set()
    for method in _METHODS:
        asked = {**request.scope, "method": method}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.router.routes):
            found.add(method)
    return ", ".join(sorted(found))


def _retry(error: PassportError) -> dict[str, str]:
    return {"retry-after": "1"} if error.status == _TOO_MANY else {}
