"""What the OpenAPI document says beyond the routes themselves: refusals, forms, keys.

What is *not* here: any behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

from healthpassport.asgi import PROBLEM_MEDIA_TYPE
from healthpassport.errors import Party

PROBLEM: Final = {
    "title": "Problem",
    "description": "A refusal (RFC 9457) with its code, whose side it is on, and the next step.",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["transaction.closed"]},
        "party": {"type": "string", "enum": [party.value for party in Party]},
        "help": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "code", "party", "help"],
}
_PROBLEM: Final = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
# Documented as a range: which of them a call may meet stands in docs/errors.md.
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "Refused: see docs/errors.md for the code.", "content": _PROBLEM},
    "503": {"description": "This desk is not set up for it.", "content": _PROBLEM},
}

_FHIR: Final = {"application/fhir+json": {"schema": {"type": "object"}}}
# A FHIR operation answers in FHIR where it got as far as judging what was sent.
FHIR_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": _FHIR},
    "4XX": {
        **REFUSALS["4XX"],
        "content": {**_PROBLEM, **_FHIR},
    },
}

# Names the key in the document; ``access.calling_desk`` judges it, and takes X-API-Key as well.
KEYED: Final = (Depends(HTTPBearer(auto_error=False, description="The API key of a desk.")),)


def describe(app: FastAPI) -> None:
    """Let the document of ``app`` hold the schema that ``REFUSALS`` points at."""
    routes_alone = app.openapi

    def whole() -> dict[str, Any]:
        document = routes_alone()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
        return document

    app.openapi = whole  # type: ignore[method-assign] # as FastAPI documents it


def form(*, required: tuple[str, ...] = (), **members: str) -> dict[str, Any]:
    """A form-encoded body of text members, each with its meaning, as ``openapi_extra``."""
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            name: {"type": "string", "description": words} for name, words in members.items()
        },
        "required": list(required),
    }
    return body("application/x-www-form-urlencoded", schema)


def body(media_type: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A body that the route itself reads, as ``openapi_extra``."""
    return {"requestBody": {"content": {media_type: {"schema": dict(schema)}}}}
