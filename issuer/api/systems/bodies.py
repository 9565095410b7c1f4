"""Reading requests of record systems strictly, and doing what they ask once.

What is *not* here: what is asked for.
"""

from __future__ import annotations

import re
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.encoding import MAX_BODY_BYTES, b64url_encode, parse_json_object
from healthpassport.errors import ServiceError
from issuer.api.rendering import json
from issuer.service.once import Made, Work, once
from issuer.service.scopes import Caller

from .access import door_of

HEADER: Final = "idempotency-key"
# Section 2.1 of the draft: a String of RFC 8941; bare, as most clients send it, it is read as well.
_KEY: Final = re.compile(r'(?P<quote>"?)(?P<key>[A-Za-z0-9_-]{20,200})(?P=quote)\Z')

Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], body: bytes, *, max_bytes: int = MAX_BODY_BYTES) -> Model:
    """The request in JSON ``body``.

    Raises:
        ServiceError: ``http.invalid``; the detail says where, never what stood there.
        EncodingError: for what is not strict JSON.
    """
    try:
        return model.model_validate(parse_json_object(body, max_bytes=max_bytes))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise ServiceError("http.invalid", f"{where}: {first['type']}") from error


def idempotency_key(request: Request) -> str | None:
    """The one Idempotency-Key of ``request``.

    Raises:
        ServiceError: ``api.idempotency_key``.
    """
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    found = _KEY.match(values[0].strip())
    if len(values) > 1 or found is None:
        raise ServiceError("api.idempotency_key")
    return found["key"]


async def made_once(request: Request, caller: Caller, work: Work) -> Response:
    """What ``work`` makes, once for each Idempotency-Key."""
    key = idempotency_key(request)
    issuer = door_of(request).issuer
    asked = await _asked(request) if key is not None else ""
    made = await run_in_threadpool(once, issuer, caller, key=key, asked=asked, work=work)
    return json(made.body, status=made.status)


def told(answer: BaseModel, *, status: int = 200) -> Made:
    """``answer`` as something that was made."""
    return Made(status, answer.model_dump(mode="json", by_alias=True))


def shown(answer: BaseModel) -> Response:
    """``answer`` to a question."""
    return json(answer.model_dump(mode="json", by_alias=True))


async def _asked(request: Request) -> str:
    kind = request.headers.get("content-type", "")
    body = b64url_encode(await request.body())
    return f"{request.method}\n{request.url.path}\n{request.url.query}\n{kind}\n{body}"
