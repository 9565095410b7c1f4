"""The VC-API of the desk: verify and derive, for test suites (docs/vc-api.md).

Its own application, without desk, database or keys. What is *not* here: issuing, which
``passport-issuer vc-api`` serves together with these routes.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from healthpassport import vc_api
from healthpassport.asgi import BodyLimit, Problems, SecurityHeaders
from healthpassport.encoding import Json, dump_json, parse_json

from .app import http_problem


def create_app(around: vc_api.Surroundings) -> FastAPI:
    """The application; ``around`` holds its contexts, clock and randomness."""
    app = FastAPI(
        title="Health Passport desk: VC-API",
        docs_url=None,
        redoc_url=None,
        exception_handlers={HTTPException: http_problem},
    )

    @app.post("/vc-api/credentials/verify")
    async def verify(request: Request) -> Response:
        return await _answered(request, vc_api.verify_credential, around)

    @app.post("/vc-api/credentials/derive")
    async def derive(request: Request) -> Response:
        return await _answered(request, vc_api.derive_credential, around)

    @app.post("/vc-api/presentations/verify")
    async def verify_presentation(request: Request) -> Response:
        return await _answered(request, vc_api.verify_presentation, around)

    app.add_middleware(BodyLimit)
    app.add_middleware(Problems)
    app.add_middleware(SecurityHeaders)
    return app


async def _answered(
    request: Request,
    call: Callable[[Json, vc_api.Surroundings], vc_api.Answer],
    around: vc_api.Surroundings,
) -> Response:
    body = parse_json(await request.body())
    answer = await run_in_threadpool(call, body, around)
    return Response(dump_json(answer.body), status_code=answer.status, media_type=answer.media_type)
