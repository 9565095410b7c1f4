"""The routes of our own for a wallet that holds a grant; other wallets need none of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.encoding import Json
from issuer import service
from issuer.service.context import utc
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
from issuer.service.reports import REPORTS_PATH, parse_report, reports_jwk
from issuer.store import Report

from .limits import limit_of
from .rendering import in_oauth_words, json
from .requests import access_of, address_of, dpop


def routes(issuer: service.IssuerContext) -> APIRouter:
    """The holder's routes of ``issuer``."""
    router = APIRouter(prefix=issuer.settings.path, tags=["Holder"])
    limit = limit_of(issuer)

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

    _add_reports(router, issuer)
    return router


def _add_reports(router: APIRouter, issuer: service.IssuerContext) -> None:
    """Something wrong?"""

    @router.post(REPORTS_PATH, status_code=201)
    async def report(request: Request) -> Response:
        """Say that something in a record is wrong, sealed for the practice."""

        async def work() -> Response:
            access = await access_of(issuer, request, REPORTS_PATH)
            asked = parse_report(await request.body())
            made = await run_in_threadpool(service.take_report, issuer, access, asked)
            return json(report_body(made), status=201)

        return await _answered(work)

    @router.get(REPORTS_PATH)
    async def reports(request: Request) -> Response:
        """What became of the holder's reports, and the key to seal new ones for."""

        async def work() -> Response:
            access = await access_of(issuer, request, REPORTS_PATH)
            found = await run_in_threadpool(service.held_reports, issuer, access)
            rows: list[Json] = [report_body(one) for one in found]
            return json({"key": reports_jwk(issuer.settings), "reports": rows})

        return await _answered(work)


def report_body(report: Report) -> dict[str, Json]:
    """A report without its words; ``answer`` is sealed for the wallet that asked."""
    answered = report.answered_at
    return {
        "id": report.id,
        "record_type": report.record_type,
        "state": report.state.value,
        "outcome": report.outcome,
        "made_at": utc(report.made_at).isoformat(),
        "due_by": utc(report.due_at).isoformat(),
        "answered_at": None if answered is None else utc(answered).isoformat(),
        "answer": report.answer,
    }


async def _answered(work: Callable[[], Awaitable[Response]]) -> Response:
    return await in_oauth_words(work, otherwise="invalid_request", at_resource=True)
