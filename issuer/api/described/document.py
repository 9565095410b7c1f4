"""The document itself. What is *not* here: its operations (``routes``)."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from issuer.client.api.models import OAuthRefusal, Problem

from .routes import OPERATIONS

TAGS: Final = {
    "OpenID4VCI": "Offers, tokens and credentials, as the specification has them.",
    "Holder": "What a wallet does with what it holds.",
    "Emergency card": "Status of cards without a wallet.",
    "Public": "What everybody may read, and any cache may keep.",
    "Health": "Whether the issuer runs.",
}


def document(iss: str = "https://issuer.example") -> dict[str, Any]:
    """The OpenAPI document of the routes for wallets (docs/openapi/wallets.json)."""
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method] = one.wire()
    _, made = models_json_schema(
        [(Problem, "validation"), (OAuthRefusal, "validation")],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Health Passport issuer: routes for wallets",
            "version": "1",
            "description": "OpenID4VCI 1.0 with HAIP 1.0, status lists, and a holder's own routes. "
            "The issuer's metadata says which of them this issuer has; docs/openid4vci.md says "
            "how they are used, docs/errors.md what every code means.",
        },
        "servers": [{"url": iss}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": made["$defs"],
            "securitySchemes": {
                "dpop": {
                    "type": "http",
                    "scheme": "dpop",
                    "description": "An access token of /token, with a DPoP proof (RFC 9449).",
                }
            },
        },
    }
