"""A wallet as the OpenID Foundation's plan for issuers has it: over HTTP, and nothing of ours.

Keys, proofs and encryption are jwcrypto's. The addresses are those of the metadata, reached on the
port of a server on loopback; each step can be bent by a test.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
FORM = "application/x-www-form-urlencoded"


def new_key() -> JWK:
    return JWK.generate(kty="EC", crv="P-256")


def public(key: JWK) -> dict:
    return key.export_public(as_dict=True)


def signed(key: JWK, header: dict, claims: dict) -> str:
    token = JWS(json.dumps(claims))
    token.add_signature(key, None, json.dumps({"alg": "ES256", **header}))
    return token.serialize(compact=True)


def broken(token: str) -> str:
    """``token`` with a signature that is not its own."""
    head, _, signature = token.rpartition(".")
    other = "A" if signature[0] != "A" else "B"
    return f"{head}.{other}{signature[1:]}"


def decoded(part: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def header_of(token: str) -> dict:
    return decoded(token.split(".", maxsplit=1)[0])


def claims_of(token: str) -> dict:
    return decoded(token.split("~", maxsplit=1)[0].split(".")[1])


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


class SuiteWallet:
    """One client of one issuer."""

    def __init__(self, port: int, iss: str):
        self.port, self.iss = port, iss
        self.dpop_key = new_key()
        self.holder_key = new_key()
        self.encryption_key = new_key()
        self.token: str | None = None
        self.issuer = self.get(f"{iss}/.well-known/openid-credential-issuer").json()

    def call(self, method: str, url: str, body: bytes = b"", headers: dict | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(method, target, body, {"Host": parts.netloc, **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def get(self, url: str, **headers: str) -> Answer:
        return self.call("GET", url, headers=headers)

    def dpop(self, url: str, **claims) -> str:
        made = {"jti": secrets.token_hex(16), "htm": "POST", "htu": url, "iat": int(time.time())}
        if self.token is not None:
            ath = hashlib.sha256(self.token.encode()).digest()
            made["ath"] = base64.urlsafe_b64encode(ath).rstrip(b"=").decode()
        head = {"typ": "dpop+jwt", "jwk": public(self.dpop_key)}
        return signed(self.dpop_key, head, made | claims)

    def ask_token(self, offer: dict, pin: str, **more: str) -> Answer:
        server = self.get(f"{self.iss}/.well-known/oauth-authorization-server").json()
        code = offer["grants"][GRANT]["pre-authorized_code"]
        form = {"grant_type": GRANT, "pre-authorized_code": code, "tx_code": pin} | more
        url = server["token_endpoint"]
        headers = {"Content-Type": FORM, "DPoP": self.dpop(url)}
        answer = self.call("POST", url, urlencode(form).encode(), headers)
        if answer.status == 200:
            self.token = answer.json()["access_token"]
        return answer

    def nonce(self) -> str:
        answer = self.call("POST", self.issuer["nonce_endpoint"])
        assert answer.status == 200
        assert answer.media_type == "application/json"
        assert "no-store" in answer.headers["cache-control"]
        return answer.json()["c_nonce"]

    def proof(self, nonce: str, key: JWK | None = None, attestation: str | None = None) -> str:
        key = key or self.holder_key
        head = {"typ": "openid4vci-proof+jwt", "jwk": public(key)}
        if attestation is not None:
            head["key_attestation"] = attestation
        claims = {"aud": self.issuer["credential_issuer"], "iat": int(time.time()), "nonce": nonce}
        return signed(key, head, claims)

    def post(
        self, endpoint: str, value: dict, *, encrypted: bool = False, query: str = ""
    ) -> Answer:
        """``value`` to the address that the metadata names ``endpoint``."""
        url = self.issuer[endpoint]
        body, media_type = json.dumps(value).encode(), "application/json"
        if encrypted:
            body, media_type = self.hidden(value), "application/jwt"
        headers = {"Content-Type": media_type, "DPoP": self.dpop(url)}
        if not query:
            headers["Authorization"] = f"DPoP {self.token}"
        return self.call("POST", url + query, body, headers)

    def hidden(self, value: dict, **header: str) -> bytes:
        """``value`` encrypted to the issuer's key."""
        told = self.issuer["credential_request_encryption"]
        jwk = told["jwks"]["keys"][0]
        head = {"alg": jwk["alg"], "enc": told["enc_values_supported"][0], "kid": jwk["kid"]}
        message = JWE(json.dumps(value).encode(), protected=json.dumps(head | header))
        message.add_recipient(JWK(**jwk))
        return message.serialize(compact=True).encode()

    def wants_encryption(self, **more: str) -> dict:
        """``credential_response_encryption`` for this wallet's key."""
        enc = self.issuer["credential_response_encryption"]["enc_values_supported"][0]
        return {
            "jwk": public(self.encryption_key) | {"alg": "ECDH-ES", "use": "enc"},
            "enc": enc,
        } | more

    def opened(self, answer: Answer) -> tuple[dict, dict]:
        """The response in an encrypted ``answer``, and the JWE's header."""
        assert answer.media_type == "application/jwt"
        message = JWE(algs=["ECDH-ES", "A128GCM", "A256GCM"])
        message.deserialize(answer.body.decode(), self.encryption_key)
        return json.loads(message.payload), header_of(answer.body.decode())


def attestation(leaf, keys: list[JWK], nonce: str, **claims) -> str:
    """A key attestation by the certificate ``leaf`` of ``simulated_ca``."""
    now = int(time.time())
    body = {
        "iat": now,
        "exp": now + 300,
        "attested_keys": [public(key) for key in keys],
        "key_storage": ["iso_18045_high"],
        "user_authentication": ["iso_18045_moderate"],
        "nonce": nonce,
    }
    x5c = [base64.b64encode(leaf.der).decode()]
    key = JWK.from_pyca(leaf.key)
    return signed(key, {"typ": "key-attestation+jwt", "x5c": x5c}, body | claims)
