"""A verifier as the OpenID Foundation's suite plays it: it signs any request and opens any answer.

It is the hospital of the wallet's world as far as keys and trust list go; its requests and what it
says to an answer are a test's own.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote

from wallet_world import DESK, WalletWorld

from healthpassport.encoding import b64_encode, b64url_decode, b64url_encode
from healthpassport.fetch import HttpRequest, HttpResponse
from healthpassport.jose import jws
from healthpassport.jose.jwe import decrypt, generate_encryption_key
from healthpassport.protocols.oid4vp import build_request

REQUEST = f"{DESK}/oid4vp/requests/suite"
RESPONSE = f"{DESK}/oid4vp/responses/suite"
SIGNED = "application/oauth-authz-req+jwt"
VCT = "https://passport.example/vct/{}/1"
NONCE = "n-0S6_WzA2Mj-abcdefghij"


def allergies(*claims: Any, **more: Any) -> dict[str, Any]:
    """A credential query for the allergies with ``claims`` as paths."""
    paths = claims or (["nhsNumber"], ["familyName"], ["items", None, "unit"])
    return {
        "id": "allergies",
        "format": "dc+sd-jwt",
        "meta": {"vct_values": [VCT.format("AllergySummary")]},
        "claims": [{"path": list(path)} for path in paths],
    } | more


class SuiteVerifier:
    """One test module's verifier; ``taken`` holds every form that came to its response_uri."""

    def __init__(self, world: WalletWorld) -> None:
        self._world = world
        self._key, self.jwk = generate_encryption_key("suite")
        self.identity = world.world.desk.identity
        self.taken: list[dict[str, str]] = []
        self.fetched: list[HttpRequest] = []
        self.reply: dict[str, Any] = {}
        self.token = ""
        world.wire.bend = self._bent

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = self._world.world.clock()
        made = build_request(
            client_id=self.identity.client_id,
            response_uri=RESPONSE,
            nonce=NONCE,
            state="",
            query={"credentials": [allergies()]},
            encryption_jwk=self.jwk,
            registration=self.identity.registrations["emergency"],
            issued_at=now,
            expires_at=now + timedelta(minutes=5),
        )
        del made["state"]
        made |= changes
        return {name: value for name, value in made.items() if value is not ...}

    def ask(self, *, sign: Any = None, link: dict[str, str] | None = None, **changes: Any) -> str:
        """The link of a request with ``changes``; ``sign`` makes the request object otherwise."""
        claims = self.claims(**changes)
        self.token = (sign or self.sign)(claims)
        parts = {"client_id": str(claims["client_id"]), "request_uri": REQUEST} | (link or {})
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())
        return f"openid4vp://authorize?{query}"

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        full = {
            "typ": "oauth-authz-req+jwt",
            "x5c": [b64_encode(der) for der in self.identity.chain],
        } | header
        full = {name: value for name, value in full.items() if value is not ...}
        return jws.sign(header=full, payload=claims, signer=self.identity.signer)

    def answer(self) -> dict[str, Any]:
        """The one answer that came, decrypted."""
        (form,) = self.taken
        assert set(form) == {"response"}
        return json.loads(decrypt(form["response"], private_key=self._key))

    def _bent(self, request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        if request.url == REQUEST:
            self.fetched.append(request)
            return HttpResponse(200, {"content-type": SIGNED}, self._signed(request))
        if request.url == RESPONSE:
            form = parse_qs((request.body or b"").decode(), keep_blank_values=True)
            self.taken.append({name: values[0] for name, values in form.items()})
            return HttpResponse(200, {}, json.dumps(self.reply).encode())
        return answer

    def _signed(self, request: HttpRequest) -> bytes:
        form = parse_qs((request.body or b"").decode())
        if nonce := form.get("wallet_nonce"):
            claims = json.loads(b64url_decode(self.token.split(".")[1]))
            return self.sign(claims | {"wallet_nonce": nonce[0]}).encode()
        return self.token.encode()


def opened(presentation: str) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """Payload, disclosures and key binding of an SD-JWT+KB (RFC 9901 section 4)."""
    issued, *disclosures, binding = presentation.split("~")
    parts = [json.loads(b64url_decode(text.split(".")[1])) for text in (issued, binding)]
    digest = hashlib.sha256(presentation[: -len(binding)].encode()).digest()
    assert parts[1]["sd_hash"] == b64url_encode(digest)
    return parts[0], [json.loads(b64url_decode(text)) for text in disclosures], parts[1]
