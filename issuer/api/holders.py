"""The routes of our own for a wallet that holds a grant; other wallets need none of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from issuer import service
from issuer.service.grants import DEVICE_PATH
from issuer.service.holding import (
    COPIES_PATH,
    END_PATH,
    GRANT_PATH,
    end_grant,
    held_grant,
    parse_copies,
    parse_device_request,
    withdraw_copies,
)

from .limits import RateLimit
from .rendering import in_oauth_words, json
from .wallets import access_of, address_of, dpop


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The holder's routes of ``issuer``."""
    router = APIRouter(prefix=issuer.settings.path, tags=["Holder"])
    limit = RateLimit(issuer.settings.requests_per_second, issuer.settings.request_burst)

    @router.post(DEVICE_PATH)
    async def device(request: Request) -> Response:
        """Move a grant to a new device: both keys are proven, and older copies are replaced."""

        async def work() -> Response:
            limit.take(address_of(request), issuer.clock())
            asked = parse_device_request(await request.body())
            granted = await run_in_threadpool(
                service.move,
                issuer,
                refresh_token=asked.refresh_token,
                new_proof=asked.proof,
                proof=dpop(request),
            )
            return json(granted.wire())

        return await in_oauth_words(work, otherwise="invalid_request", at_resource=False)

    @router.get(GRANT_PATH)
    async def grant(request: Request) -> Response:
        """Whether records can be read again, and which there are now."""

        async def work() -> Response:
            access = await access_of(issuer, request, GRANT_PATH)
            found = await run_in_threadpool(held_grant, issuer, access)
            return json({"source": found.source, "records": list(found.records)})

        return await _answered(work)

    @router.post(COPIES_PATH)
    async def copies(request: Request) -> Response:
        """Withdraw single copies, such as those that a helper was given."""

        async def work() -> Response:
            access = await access_of(issuer, request, COPIES_PATH)
            places = parse_copies(await request.body())
            count = await run_in_threadpool(withdraw_copies, issuer, access, places)
            return json({"withdrawn": count})

        return await _answered(work)

    @router.post(END_PATH, status_code=204)
    async def end(request: Request) -> Response:
        """End the grant and withdraw every copy: the holder deletes everything."""

        async def work() -> Response:
            access = await access_of(issuer, request, END_PATH)
            await run_in_threadpool(end_grant, issuer, access)
            return Response(status_code=204)

        return await _answered(work)

    return router


async def _answered(work: Callable[[], Awaitable[Response]]) -> Response:
    return await in_oauth_words(work, otherwise="invalid_request", at_resource=True)
