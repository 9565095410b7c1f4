"""What the OpenAPI document says of each operation: scopes, bodies, examples, every refusal.

What is *not* here: any behaviour. The document is compared with what happens by schemathesis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from healthpassport.asgi import PROBLEM_MEDIA_TYPE
from healthpassport.encoding import Json
from healthpassport.errors import PassportError, catalogue
from healthpassport.summary import issued_types
from issuer.client.api.models import Asked, OAuthRefusal, Problem, WhoseAsked
from issuer.service.client_tokens import CLIENT_TOKEN_PATH
from issuer.service.scopes import WORDS, Scope

from .events import webhooks
from .examples import BUNDLE
from .links import link
from .shapes import shape

OAUTH: Final = "oauth"
API_KEY: Final = "apiKey"
JSON: Final = "application/json"
FHIR_JSON: Final = "application/fhir+json"
SIGN_IN: Final = "sign_in"
_REF: Final = "#/components/schemas/{model}"
# What a call may meet wherever it goes.
EVERYWHERE: Final = (
    "http.invalid",
    "rate_limited",
    "issuer.unavailable",
    "issuer.database",
)


def area(*names: str) -> tuple[str, ...]:
    """Every code of these areas of schemas/errors, so that a new one is never left out here."""
    return tuple(code for code in sorted(catalogue()) if code.partition(".")[0] in names)


KEYED: Final = (
    "http.unauthorized",
    "api.invalid_token",
    "oid4vci.invalid_dpop_proof",
    "oid4vci.use_dpop_nonce",
    "forbidden",
    "api.key_name_taken",
    "api.insufficient_scope",
)
SENT: Final = ("limit.size", "limit.depth", "http.timeout", *area("json"))
IDEMPOTENT: Final = (
    "api.idempotency_key",
    "api.idempotency_reused",
    "api.idempotency_in_flight",
)
_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A fresh random UUID for each thing that is made: sent again with it, the very "
    "same request makes nothing new and is answered alike, for 24 hours.",
    "schema": {"type": "string", "pattern": '^([A-Za-z0-9_-]{20,200}|"[A-Za-z0-9_-]{20,200}")$'},
    "example": "1f0c4a5e-6b7d-4c8e-9f00-2a3b4c5d6e7f",
}
_BUNDLE: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A FHIR R4 or STU3 Bundle.",
    "required": ["resourceType", "type"],
    "properties": {
        "resourceType": {"const": "Bundle"},
        "type": {"type": "string"},
        "entry": {"type": "array", "items": {"type": "object"}},
    },
}
_IN_QUERY: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "recordTypes",
        "in": "query",
        "description": "With `application/fhir+json`: only these record types.",
        "schema": {
            "type": "array",
            "items": {"type": "string", "enum": list(issued_types())},
            "uniqueItems": True,
        },
    },
    {
        "name": "subject",
        "in": "query",
        "description": "With `application/fhir+json`: which person of several.",
        "schema": {"type": "string", "maxLength": 200},
    },
)


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request: its model, and examples by name."""

    model: type[BaseModel]
    examples: Mapping[str, Json]
    fhir: bool = False  # whether a bundle may be sent as it is, with the rest in the query
    required: bool = True


def operation(
    name: str,
    *,
    scope: Scope,
    answer: type[BaseModel] | None,
    example: Json = None,
    status: int = 200,
    body: Body | None = None,
    refusals: Sequence[str] = (),
    idempotent: bool = False,
) -> dict[str, Any]:
    """The arguments of a route's decorator that describe it."""
    codes = [*EVERYWHERE, *KEYED, *refusals]
    extra: dict[str, Any] = {"security": [{OAUTH: [scope.value]}, {API_KEY: []}]}
    if body is not None:
        codes += SENT
        extra["requestBody"] = _body(body)
        if body.fhir:
            extra["parameters"] = [*_IN_QUERY, *_more_in_query(body.model)]
    if idempotent:
        codes += IDEMPOTENT
        extra.setdefault("parameters", []).append(_KEY)
    told: dict[int | str, dict[str, Any]] = {status: {"description": "Done."}}
    if answer is not None:
        told[status] |= {"model": answer, "content": {JSON: {"example": example}}}
    return {
        "operation_id": name,
        "status_code": status,
        "responses": told | refused_with(codes),
        "openapi_extra": extra,
    }


def refused_with(codes: Sequence[str]) -> dict[int | str, dict[str, Any]]:
    """The refusals with these codes, by status, each with what it looks like."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in dict.fromkeys(codes):
        error = PassportError(code)
        schema = {"$ref": _REF.format(model=Problem.__name__)}
        empty = {"content": {PROBLEM_MEDIA_TYPE: {"schema": schema, "examples": {}}}}
        row = found.setdefault(error.status, empty)
        named = row["content"][PROBLEM_MEDIA_TYPE]["examples"]
        named[code] = {"$ref": f"#/components/examples/{code}"}
        row["description"] = f"Refused: {', '.join(named)}."
    return found


def describe(app: FastAPI) -> None:
    """Let the document of ``app`` hold what routes point at, and how a caller proves itself."""
    routes_alone = app.openapi

    def whole() -> dict[str, Any]:
        document = routes_alone()
        components = document.setdefault("components", {})
        operations = [one for path in document["paths"].values() for one in path.values()]
        components["examples"] = _problems(operations)
        document["webhooks"] = webhooks()
        document["tags"] = [dict(one) for one in TAGS]
        for one in operations:
            link(one)
            # The framework's own 422, which this API never gives.
            if PROBLEM_MEDIA_TYPE not in one["responses"].get("422", {}).get("content", {}):
                one["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            components.get("schemas", {}).pop(name, None)
        models: list[type[BaseModel]] = [Problem, OAuthRefusal, *Asked.__subclasses__(), *_deeper()]
        _, made = models_json_schema([(m, "validation") for m in models], ref_template=_REF)
        schemas = components.setdefault("schemas", {})
        schemas.update({n: one for n, one in made["$defs"].items() if n != WhoseAsked.__name__})
        shape(schemas)
        components["securitySchemes"] = SCHEMES
        return document

    app.openapi = whole  # type: ignore[method-assign] # as FastAPI documents it


def _problems(operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Every refusal that an operation names, once, by its code."""
    contents = [
        answer.get("content", {}).get(PROBLEM_MEDIA_TYPE, {})
        for one in operations
        for answer in one["responses"].values()
    ]
    codes = sorted({code for content in contents for code in content.get("examples", {})})
    return {code: {"value": PassportError(code).problem()} for code in codes}


def _more_in_query(model: type[BaseModel]) -> list[dict[str, Any]]:
    """What ``model`` asks beside whose records, where it is a plain word."""
    if SIGN_IN not in model.model_fields:
        return []
    words = "With `application/fhir+json`: the patient signs in for it in place of a PIN."
    schema = {"type": "boolean", "default": False}
    return [{"name": "signIn", "in": "query", "description": words, "schema": schema}]


def _deeper() -> list[type[BaseModel]]:
    return [inner for one in Asked.__subclasses__() for inner in one.__subclasses__()]


TAGS: Final = (
    {"name": "Tokens", "description": "Getting in."},
    {"name": "Offers", "description": "Records that wait for a patient's wallet."},
    {"name": "Issuances", "description": "What was issued for own offers, and its status."},
    {"name": "Reminders", "description": "Records that run out soon."},
    {"name": "Reports", "description": "What patients say is wrong."},
    {"name": "Cards", "description": "Emergency cards for people without a wallet."},
    {"name": "Bulk", "description": "Offers to many at once."},
    {"name": "Webhooks", "description": "Where a record system is told of events."},
    {"name": "Sources", "description": "Where the issuer reads notes itself."},
    {"name": "Audit", "description": "The audit trail of the whole issuer."},
)
SCHEMES: Final[dict[str, Any]] = {
    OAUTH: {
        "type": "oauth2",
        "description": "OAuth 2.0 client credentials; private_key_jwt or client_secret_basic. A "
        "token that was asked for with a DPoP proof is sent as `Authorization: DPoP`.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": CLIENT_TOKEN_PATH,
                "scopes": {scope.value: words for scope, words in WORDS.items()},
            }
        },
    },
    "clientSecret": {
        "type": "http",
        "scheme": "basic",
        "description": "Name and secret of the client, each form-encoded.",
    },
    API_KEY: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of `passport-issuer keys add`, also as `X-API-Key`: role "
        "`offer` is offers:create and offers:read, role `status` is status:* and reports:*.",
    },
}


def _body(body: Body) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=body.model.__name__)}
    examples = {name: {"value": value} for name, value in body.examples.items()}
    content: dict[str, Any] = {JSON: {"schema": schema, "examples": examples}}
    if body.fhir:
        content[FHIR_JSON] = {"schema": _BUNDLE, "examples": {"bundle": {"value": BUNDLE}}}
    return {"required": body.required, "content": content}
