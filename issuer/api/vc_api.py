"""The VC-API of the issuer: issue, verify and derive under one address (docs/vc-api.md).

Its own application with keys made for it, without the issuer's database or keys. What is *not*
here: any rule; each route is one call of ``healthpassport.vc_api``.
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

from .rendering import framework_refusal


def create_app(issuers: vc_api.Issuers) -> FastAPI:
    """The application of ``issuers``."""
    app = FastAPI(
        title="Health Passport issuer: VC-API",
        docs_url=None,
        redoc_url=None,
        exception_handlers={HTTPException: framework_refusal},
    )
    _add_issuing(app, issuers)
    _add_verifying(app, issuers.around)
    app.add_middleware(BodyLimit)
    app.add_middleware(Problems)
    app.add_middleware(SecurityHeaders)
    return app


def _add_issuing(app: FastAPI, issuers: vc_api.Issuers) -> None:
    @app.post("/vc-api/{cryptosuite}/credentials/issue")
    async def issue(request: Request, cryptosuite: str) -> Response:
        return await _answered(lambda body: issuers.issue(cryptosuite, body), request)

    @app.get("/vc-api/{cryptosuite}/issuer")
    async def issuer(cryptosuite: str) -> Response:
        return _response(issuers.issuer(cryptosuite))

    @app.get("/vc-api/status/{name}")
    async def status_list(name: str) -> Response:
        return _response(await run_in_threadpool(issuers.status_list, name))


def _add_verifying(app: FastAPI, around: vc_api.Surroundings) -> None:
    @app.post("/vc-api/credentials/verify")
    async def verify(request: Request) -> Response:
        return await _answered(lambda body: vc_api.verify_credential(body, around), request)

    @app.post("/vc-api/credentials/derive")
    async def derive(request: Request) -> Response:
        return await _answered(lambda body: vc_api.derive_credential(body, around), request)

    @app.post("/vc-api/presentations/verify")
    async def verify_presentation(request: Request) -> Response:
        return await _answered(lambda body: vc_api.verify_presentation(body, around), request)


async def _answered(call: Callable[[Json], vc_api.Answer], request: Request) -> Response:
    body = parse_json(await request.body())
    return _response(await run_in_threadpool(call, body))


def _response(answer: vc_api.Answer) -> Response:
    return Response(dump_json(answer.body), status_code=answer.status, media_type=answer.media_type)
