"""A record system of one's own for a test: a client of the API, its tokens and its calls."""

from __future__ import annotations

import base64
import json
import re
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from simulated_issuer import ISS, Answer, Site

from healthpassport.asgi import PROBLEM_MEDIA_TYPE
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.protocols import oid4vci
from issuer.service.api_clients import add_client
from issuer.service.client_assertions import TYPE
from issuer.service.scopes import Scope

ROOT = Path(__file__).resolve().parents[1]
PATIENT = ROOT / "demo" / "patients" / "agnes-quillfeather.json"
FORM = "application/x-www-form-urlencoded"
TOKEN = "/clients/token"
EVERY = frozenset(Scope)


DOCUMENT = json.loads((ROOT / "docs" / "openapi" / "issuer.json").read_bytes())


def check_documented(method, path, answer):
    """Each refusal that any test meets stands in the document, at its operation."""
    if answer.status < 400 or answer.headers.get("content-type") != PROBLEM_MEDIA_TYPE:
        return
    found = [
        operations[method.lower()]["responses"]
        for template, operations in DOCUMENT["paths"].items()
        if method.lower() in operations
        and re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", template), path)
    ]
    told = answer.json()["code"]
    for responses in found:
        content = responses.get(str(answer.status), {}).get("content", {})
        assert told in content[PROBLEM_MEDIA_TYPE]["examples"], (method, path, told)


def bundle():
    return json.loads(PATIENT.read_text())


@dataclass
class System:
    """One client of the API of ``site``, with a secret or a key."""

    site: Site
    name: str = "epr"
    scopes: frozenset[Scope] = EVERY
    keyed: bool = False
    dpop: bool = False
    secret: str | None = None
    signer: object = field(default_factory=generate_signer)
    dpop_key: object = None
    token: str = ""

    def __post_init__(self):
        jwks = json.dumps(self.signer.public_key.jwk()).encode() if self.keyed else None
        made = add_client(
            self.site.issuer,
            name=self.name,
            scopes=self.scopes,
            jwks=jwks,
            dpop=self.dpop,
            takes_over_key=True,
        )
        self.secret = made.secret

    def basic(self, secret=None, name=None):
        told = f"{name or self.name}:{secret or self.secret}".encode()
        return {"authorization": "Basic " + base64.b64encode(told).decode()}

    def assertion(self, *, signer=None, header=None, **changes):
        now = int(self.site.now.timestamp())
        claims = {
            "iss": self.name,
            "sub": self.name,
            "aud": ISS + TOKEN,
            "exp": now + 240,
            "iat": now,
            "jti": secrets.token_hex(16),
        }
        claims = {k: v for k, v in (claims | changes).items() if v is not None}
        return jws.sign(
            header={"typ": "JWT"} | (header or {}),
            payload=claims,
            signer=signer or self.signer,
        )

    def proof(self, path, *, method="POST", token=None, signer=None):
        return oid4vci.make_dpop_proof(
            signer=signer or self.dpop_key,
            method=method,
            uri=ISS + path,
            jti=secrets.token_hex(16),
            now=self.site.now,
            access_token=token,
        )

    def ask_token(self, *, headers=None, assertion=None, body=None, host="198.51.100.9", **form):
        told = {"grant_type": "client_credentials"} | form
        if self.keyed and assertion is None and headers is None:
            assertion = self.assertion()
        if assertion is not None:
            told |= {"client_assertion": assertion, "client_assertion_type": TYPE}
        elif headers is None:
            headers = self.basic()
        sent = {"content-type": FORM} | (headers or {})
        if self.dpop_key is not None and "dpop" not in sent:
            sent["dpop"] = self.proof(TOKEN)
        text = urlencode(told).encode() if body is None else body
        return self.site.call("POST", TOKEN, body=text, headers=sent, host=host)

    def enter(self, **form):
        answer = self.ask_token(**form)
        assert answer.status == 200, answer.body
        self.token = answer.json()["access_token"]
        return self

    def call(self, method, path, value=None, *, key=None, headers=None, body=b"") -> Answer:
        plain = path.partition("?")[0]
        if headers is None:
            headers = {"authorization": f"Bearer {self.token}"}
            if self.dpop_key is not None:
                headers = {
                    "authorization": f"DPoP {self.token}",
                    "dpop": self.proof(plain, method=method, token=self.token),
                }
        if key is not None:
            headers = headers | {"idempotency-key": key}
        if value is not None:
            body = json.dumps(value).encode()
        answer = self.site.call(method, path, body=body, headers=headers)
        check_documented(method, plain, answer)
        return answer

    def make_offer(self, *, key=None, **more):
        value = {"bundle": bundle(), "recordTypes": ["AllergySummary"]} | more
        return self.call("POST", "/offers", value, key=key)


def as_made(offer, pin):
    """What a wallet needs of an offer that was told over HTTP."""

    class Made:
        pass

    Made.offer = oid4vci.parse_offer(json.dumps(offer))
    Made.pin = pin
    return Made


def fresh_key():
    return str(uuid.uuid4())


def later(site: Site, **delta) -> None:
    site.now += timedelta(**delta)


def code(answer: Answer):
    return answer.status, answer.json()["code"]
