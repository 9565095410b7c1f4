"""How one operation of a wallet is described, and what each of them may refuse.

What is *not* here: which operations there are (``routes``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from healthpassport.asgi import PROBLEM_MEDIA_TYPE
from healthpassport.errors import PassportError
from issuer.api.systems.describing import area

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
JWT: Final = "application/jwt"
HTML: Final = "text/html; charset=utf-8"
ANYWHERE: Final = ("issuer.unavailable", "issuer.database")
SENT: Final = ("limit.size", "limit.depth", "http.timeout", *area("json"))
# What a wallet's steps may meet inside: sources, keys, its own mistakes in OAuth's words.
PROTOCOL: Final = area("oid4vci", "grant", "jws", "jwe", "b64", "source", "offer")
_UNAUTHORIZED: Final = 401


class Words(Enum):
    """In what words a route refuses."""

    OAUTH = "oauth"  # RFC 6749 section 5.2
    RESOURCE = "resource"  # the same, where 401 carries a challenge (RFC 9449 section 7.1)
    PROBLEM = "problem"  # RFC 9457
    PAGE = "page"


Schema = dict[str, Any]
ANY: Final[Schema] = {"type": "object"}
TEXT: Final[Schema] = {"type": "string"}


def members(required: Sequence[str] = (), **properties: Schema) -> Schema:
    """An object with these members, and others."""
    return {"type": "object", "required": list(required), "properties": properties}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address.

    ``answers`` are schemas by status and media type, None for no body; ``codes`` what it refuses
    beside what may happen anywhere.
    """

    method: str
    path: str
    name: str
    says: str
    answers: Mapping[int, Mapping[str, Schema]]
    words: Words = Words.PROBLEM
    body: Mapping[str, Schema] = field(default_factory=dict)
    codes: Sequence[str] = ()
    query: Sequence[str] = ()
    tag: str = "OpenID4VCI"
    has_access: bool = False
    has_proof: bool = False

    def wire(self) -> Schema:
        """The operation object."""
        made: Schema = {
            "operationId": self.name,
            "summary": self.says,
            "tags": [self.tag],
            "responses": self._answers() | self._refusals(),
        }
        if self.body:
            content = {kind: {"schema": schema} for kind, schema in self.body.items()}
            needed = any(schema.get("required") != [] for schema in self.body.values())
            made["requestBody"] = {"required": needed, "content": content}
        made["security"] = [{"dpop": []}] if self.has_access else []
        parameters = [*self._headers(), *(_parameter(name, "query") for name in self.query)]
        parameters += [_parameter(name, "path") for name in _names(self.path)]
        if parameters:
            made["parameters"] = parameters
        return made

    def _headers(self) -> list[Schema]:
        wanted = self.has_access or self.has_proof
        return [{**_parameter("DPoP", "header"), "required": False}] if wanted else []

    def _answers(self) -> Schema:
        found: Schema = {}
        for status, content in self.answers.items():
            row: Schema = {"description": "Done."}
            if content:
                row["content"] = {kind: {"schema": schema} for kind, schema in content.items()}
            found[str(status)] = row
        return found

    def _refusals(self) -> Schema:
        codes = [*ANYWHERE, *(SENT if self.method == "post" else ()), *self.codes]
        by_status: dict[int, list[str]] = {}
        for code in dict.fromkeys(codes):
            status = PassportError(code).status
            if status == _UNAUTHORIZED and self.words is Words.OAUTH:
                status = 400  # RFC 9449 section 5
            by_status.setdefault(status, []).append(code)
        return {str(status): self._refusal(found) for status, found in sorted(by_status.items())}

    def _refusal(self, codes: Sequence[str]) -> Schema:
        problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
        content: Schema = {PROBLEM_MEDIA_TYPE: problem}
        if self.words in {Words.OAUTH, Words.RESOURCE}:
            content = {JSON: {"schema": {"$ref": "#/components/schemas/OAuthRefusal"}}}
            if {"limit.size", "http.timeout"} & set(codes):  # from before the route
                content[PROBLEM_MEDIA_TYPE] = problem
        elif self.words is Words.PAGE:
            content = {HTML: {"schema": TEXT}}
        return {"description": f"Refused: {', '.join(codes)}.", "content": content}


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _parameter(name: str, place: str) -> Schema:
    return {"name": name, "in": place, "required": place == "path", "schema": TEXT}
