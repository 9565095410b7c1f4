"""How a record system proves who it is to an issuer, and its token for as long as that is good.

OAuth 2.0 client credentials (RFC 6749 section 4.4) with a secret, or with a key that signs an
assertion (RFC 7523). What is *not* here: what a token is used for (``calls``).
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

from .models import Token

PATH: Final = "/clients/token"
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME: Final = timedelta(minutes=4)
EARLY: Final = timedelta(seconds=20)  # a token is renewed before it ends
JTI_BYTES: Final = 16
OK: Final = 200


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
class SignIn:
    """Gets tokens of one issuer, and keeps the last one; for one thread."""

    address: str
    proof: Proof
    fetcher: Fetcher
    clock: Callable[[], datetime]
    scope: str = ""
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

    def forget(self) -> None:
        """The issuer took the token no more."""
        self._until = None

    def _given(self, now: datetime) -> Token:
        endpoint = self.address + PATH
        headers, members = self.proof.members(endpoint, now)
        form = {"grant_type": "client_credentials", **members}
        if self.scope:
            form["scope"] = self.scope
        sent = {"content-type": "application/x-www-form-urlencoded", **headers}
        answer = self.fetcher.fetch(HttpRequest("POST", endpoint, sent, urlencode(form).encode()))
        if answer.status != OK:
            raise refusal(answer)
        try:
            return Token.model_validate(parse_json_object(answer.body))
        except (EncodingError, ValidationError) as error:
            raise ServiceError("api.answer") from error


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
