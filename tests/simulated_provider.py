"""An OpenID provider behind a wire: real keys and tokens, and every way to misbehave.

``claims`` and ``header`` change what the next ID token says, ``token`` makes it. A code works once.
Nothing listens: the provider is the fetcher that the desk asks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from healthpassport.encoding import b64url_encode
from healthpassport.errors import FetchError
from healthpassport.fetch import HttpRequest, HttpResponse
from healthpassport.jose import jws
from healthpassport.keys import SoftwareSigner, generate_signer

ISSUER = "https://login.example"
CLIENT = "the-desk"
SECRET = "a client secret of some length"
JSON = {"content-type": "application/json"}


def half(text: str) -> str:
    return b64url_encode(hashlib.sha256(text.encode()).digest()[:16])


@dataclass
class Provider:
    signer: SoftwareSigner = field(default_factory=generate_signer)
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "n-1", "name": "Nia Evans"})
    roles: Any = field(default_factory=lambda: ["nurse"])
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    token: Callable[[dict[str, Any]], str] | None = None
    answer: Callable[[dict[str, Any]], dict[str, Any]] = lambda found: found
    jwks: list[dict[str, Any]] | None = None
    reachable: bool = True
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    # -- what the desk fetches ----------------------------------------------------------------

    def fetch(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request.url)
        if not self.reachable:
            raise FetchError("net.unreachable")
        path = urlsplit(request.url).path
        if path.endswith("/openid-configuration"):
            return self._json(self.described())
        if path == "/jwks":
            listed = self.jwks if self.jwks is not None else [self.public_jwk()]
            return self._json({"keys": listed})
        if path == "/token":
            return self._token(request)
        if path == "/me" and self.userinfo is not None:
            return self._json(self.userinfo)
        return HttpResponse(404, JSON, b"{}")

    def public_jwk(self, **more: Any) -> dict[str, Any]:
        return {**self.signer.public_key.jwk(), "kid": "k1", "use": "sig", "alg": "ES256", **more}

    def described(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
            "userinfo_endpoint": f"{ISSUER}/me",
            "end_session_endpoint": f"{ISSUER}/out",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        } | self.metadata

    # -- what the browser does there ------------------------------------------------------------

    def visit(self, url: str) -> dict[str, str]:
        """The parameters with which somebody who agrees is sent back."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": ISSUER}

    def id_token(self, asked: dict[str, str], access: str = "at") -> str:
        now = int(self.clock())
        told = {
            "iss": ISSUER,
            "aud": CLIENT,
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
            "at_hash": half(access),
            "roles": self.roles,
        }
        told = {**told, **self.person, **self.claims}
        told = {name: value for name, value in told.items() if value is not None}
        if self.token is not None:
            return self.token(told)
        header = {"kid": "k1", "typ": "JWT", **self.header}
        return jws.sign(header=header, payload=told, signer=self.signer)

    def _token(self, request: HttpRequest) -> HttpResponse:
        form = {name: row[0] for name, row in parse_qs((request.body or b"").decode()).items()}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return self._json({"error": "invalid_grant"}, 400)
        challenge = b64url_encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return self._json({"error": "invalid_grant"}, 400)
        found = {"token_type": "Bearer", "access_token": "at", "id_token": self.id_token(asked)}
        return self._json(self.answer(found))

    def _json(self, value: Any, status: int = 200) -> HttpResponse:
        return HttpResponse(status, JSON, json.dumps(value).encode())


def unsigned(told: dict[str, Any]) -> str:
    header = b64url_encode(b'{"alg":"none","typ":"JWT"}')
    return f"{header}.{b64url_encode(json.dumps(told).encode())}."


def signed_with_a_secret(secret: bytes) -> Callable[[dict[str, Any]], str]:
    """HS256 with ``secret``: what a library that takes any algorithm would believe."""

    def token(told: dict[str, Any]) -> str:
        head = b64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"k1"}')
        text = f"{head}.{b64url_encode(json.dumps(told).encode())}"
        mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        return f"{text}.{b64url_encode(mac)}"

    return token
