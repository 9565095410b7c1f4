"""How a record system proves who it is to an issuer, and its token for as long as that is good.

OAuth 2.0 client credentials (RFC 6749 section 4.4) with a secret, or with a key that signs an
assertion (RFC 7523); on request the token is bound to a key of its own (RFC 9449). What is *not*
here: what a token is used for (``calls``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import quote_plus, urlencode

from pydantic import ValidationError

from healthpassport.encoding import b64_encode, b64url_encode, parse_json_object
from healthpassport.errors import EncodingError, ServiceError, catalogue
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse
from healthpassport.jose import jws
from healthpassport.keys import Signer
from healthpassport.protocols.oid4vci import make_dpop_proof

from .models import Token

PATH: Final = "/clients/token"
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME: Final = timedelta(minutes=4)
EARLY: Final = timedelta(seconds=20)  # a token is renewed before it ends
JTI_BYTES: Final = 16
NONCE_HEADER: Final = "dpop-nonce"
NONCE_NEEDED: Final = "oid4vci.use_dpop_nonce"
OK: Final = 200
REFUSED: Final = frozenset({400, 401})  # RFC 9449 sections 8 and 9


class Proof(Protocol):
    """What proves a client at a token endpoint."""

    def members(self, endpoint: str, now: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Headers and form members for a request to ``endpoint``."""
        ...


@dataclass(frozen=True, slots=True)
class Secret:
    """A name and the secret that `passport-issuer clients add` told."""

    name: str
    secret: str = field(repr=False)

    def members(self, endpoint: str, now: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:  # noqa: ARG002 - see Proof
        """RFC 6749 section 2.3.1."""
        pair = f"{quote_plus(self.name)}:{quote_plus(self.secret)}"
        return {"authorization": f"Basic {b64_encode(pair.encode())}"}, {}


@dataclass(frozen=True, slots=True)
class Key:
    """A name and the key whose public half the issuer was given."""

    name: str
    signer: Signer
    random: Callable[[int], bytes]

    def members(self, endpoint: str, now: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """RFC 7523 section 2.2."""
        made = jws.sign(
            header={"typ": "JWT"},
            payload={
                "iss": self.name,
                "sub": self.name,
                "aud": endpoint,
                "iat": int(now.timestamp()),
                "exp": int((now + LIFETIME).timestamp()),
                "jti": b64url_encode(self.random(JTI_BYTES)),
            },
            signer=self.signer,
        )
        return {}, {"client_assertion_type": ASSERTION, "client_assertion": made}


@dataclass(slots=True)
class Dpop:
    """A key that tokens are bound to, with the issuer's last nonce (RFC 9449 section 8)."""

    signer: Signer
    random: Callable[[int], bytes]
    nonce: str | None = field(default=None, repr=False)

    def header(self, method: str, url: str, *, now: datetime, token: str | None) -> dict[str, str]:
        """The header of one request; a proof is good once."""
        proof = make_dpop_proof(
            signer=self.signer,
            method=method,
            uri=url,
            jti=b64url_encode(self.random(JTI_BYTES)),
            now=now,
            access_token=token,
            nonce=self.nonce,
        )
        return {"dpop": proof}

    def learn(self, answer: HttpResponse) -> None:
        """Section 8.2: the newest nonce is for the next request."""
        self.nonce = answer.headers.get(NONCE_HEADER, self.nonce)


@dataclass(slots=True)
class SignIn:
    """Gets tokens of one issuer, and keeps the last one; for one thread.

    With ``dpop`` tokens are bound to its key, and each call proves it.
    """

    address: str
    proof: Proof
    fetcher: Fetcher
    clock: Callable[[], datetime]
    scope: str = ""
    dpop: Dpop | None = None
    _token: str = field(default="", repr=False)
    _until: datetime | None = None

    def token(self) -> str:
        """A token that is good for a while yet.

        Raises:
            ServiceError: as the issuer words its refusal. FetchError: from the network.
        """
        now = self.clock()
        if self._until is None or now >= self._until:
            given = self._given(now)
            self._token = given.access_token
            self._until = now + timedelta(seconds=given.expires_in) - EARLY
        return self._token

    def headers(self, method: str, url: str) -> dict[str, str]:
        """What lets a request in (RFC 6750 section 2.1, RFC 9449 section 7.1).

        Raises:
            ServiceError: as ``token``. FetchError: as ``token``.
        """
        token = self.token()
        if self.dpop is None:
            return {"authorization": f"Bearer {token}"}
        proof = self.dpop.header(method, url, now=self.clock(), token=token)
        return {"authorization": f"DPoP {token}", **proof}

    def learn(self, answer: HttpResponse) -> bool:
        """Take the nonce of ``answer``; whether it asks for the same request with that nonce."""
        if self.dpop is None:
            return False
        self.dpop.learn(answer)
        return answer.status in REFUSED and refusal(answer).code == NONCE_NEEDED

    def forget(self) -> None:
        """The issuer took the token no more."""
        self._until = None

    def _given(self, now: datetime) -> Token:
        endpoint = self.address + PATH
        answer = self._asked(endpoint, now)
        if self.learn(answer):
            answer = self._asked(endpoint, now)
        if answer.status != OK:
            raise refusal(answer)
        try:
            given = Token.model_validate(parse_json_object(answer.body))
        except (EncodingError, ValidationError) as error:
            raise ServiceError("api.answer") from error
        if given.token_type.lower() != ("bearer" if self.dpop is None else "dpop"):
            raise ServiceError("api.answer", "the token is of another kind")  # RFC 9449 section 5
        return given

    def _asked(self, endpoint: str, now: datetime) -> HttpResponse:
        headers, members = self.proof.members(endpoint, now)
        form = {"grant_type": "client_credentials", **members}
        if self.scope:
            form["scope"] = self.scope
        sent = {"content-type": "application/x-www-form-urlencoded", **headers}
        if self.dpop is not None:
            sent |= self.dpop.header("POST", endpoint, now=now, token=None)
        return self.fetcher.fetch(HttpRequest("POST", endpoint, sent, urlencode(form).encode()))


def refusal(answer: HttpResponse) -> ServiceError:
    """What the issuer refused, with its own code where that is one that we know."""
    try:
        told = parse_json_object(answer.body)
    except EncodingError:
        told = {}
    code, detail = told.get("code"), told.get("detail", told.get("error_description", ""))
    if isinstance(code, str) and code in catalogue():
        return ServiceError(code, str(detail))
    return ServiceError("api.answer", f"it answered {answer.status}")
