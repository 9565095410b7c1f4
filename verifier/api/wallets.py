"""For wallets: fetch a request, send an answer (OpenID4VP 1.0 sections 5.10 and 8.2).

Rules: form-encoded bodies only, bounded before they are split; an answer tells a wallet nothing but
whether it was taken. What is *not* here: what an answer says.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, ServiceError

from .access import Service
from .describing import form

PREFIX: Final = "/oid4vp"
FORM: Final = "application/x-www-form-urlencoded"
REQUEST_MEDIA_TYPE: Final = "application/oauth-authz-req+jwt"  # RFC 9101 section 10.8
MAX_WALLET_METADATA: Final = 16_384  # characters
MAX_REQUEST_FORM: Final = 65_536  # bytes of a POST to request_uri
MAX_FIELDS: Final = 16
# Answers that are judged at once: more threads only take turns at the one interpreter, and each
# waits longer for it whenever the database has replied.
AT_ONCE: Final = 4
_TAKING: Final[RunVar[CapacityLimiter]] = RunVar("taking")  # a limiter serves one event loop

router = APIRouter(prefix=PREFIX)


class RequestObject(Response):
    """A signed request (RFC 9101)."""

    media_type = REQUEST_MEDIA_TYPE


async def form_body(request: Request) -> bytes:
    """The raw form; ``http.media_type`` for any other kind of body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise ServiceError("http.media_type", f"send {FORM}")
    return await request.body()


FormBody = Annotated[bytes, Depends(form_body)]


@router.get("/requests/{handle}", response_class=RequestObject)
def fetch(handle: str, desk: Service) -> Response:
    """The signed request object."""
    return _signed(desk.request_object(handle))


@router.post(
    "/requests/{handle}",
    response_class=RequestObject,
    openapi_extra=form(
        wallet_nonce="Repeated in the request, so that it is known to be new.",
        wallet_metadata="What the wallet can do, as JSON; not needed here.",
    ),
)
async def fetch_by_post(handle: str, body: FormBody, desk: Service) -> Response:
    """The signed request object with the wallet's own nonce in it (section 5.10)."""
    nonce = _wallet_nonce(body)
    return _signed(await run_in_threadpool(desk.request_object, handle, wallet_nonce=nonce))


@router.post(
    "/responses/{handle}",
    openapi_extra=form(
        response="The answer, encrypted (JWE).",
        error="Why there is none.",
        state="The state of the request.",
    ),
)
async def answer(handle: str, body: FormBody, desk: Service) -> dict[str, Any]:
    """Take an encrypted answer or an error (direct_post.jwt); an answer is met with a receipt."""
    taken = await to_thread.run_sync(desk.receive, handle, body, limiter=_taking())
    return dict(taken.members())


@router.get("/codes/{short_code}")
def by_code(short_code: str, desk: Service) -> dict[str, str]:
    """The link for a short code that a person typed from the desk's screen."""
    return {"link": desk.link_for_code(short_code)}


def _taking() -> CapacityLimiter:
    """The limiter of this event loop."""
    found = _TAKING.get(None)
    if found is None:
        found = CapacityLimiter(AT_ONCE)
        _TAKING.set(found)
    return found


def _signed(request_object: str) -> RequestObject:
    return RequestObject(request_object)


def _wallet_nonce(body: bytes) -> str | None:
    """The wallet_nonce of the form; wallet_metadata is bounded, read strictly and not needed."""
    if len(body) > MAX_REQUEST_FORM or body.count(b"&") >= MAX_FIELDS:
        raise EncodingError("limit.size")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise ServiceError("http.invalid", "the body is not a form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise ServiceError("http.invalid", "the form says something twice")
    metadata = form.get("wallet_metadata")
    if metadata is not None:
        parse_json_object(metadata, max_bytes=MAX_WALLET_METADATA)
    return form.get("wallet_nonce")
