"""Access to an issuer: tokens, and requests that prove the key that these are bound to.

By the code of an offer (OpenID4VCI 1.0 section 6), by a refresh token (RFC 6749 section 6), or for
a device that takes over (docs/issuer.md). What is *not* here: where tokens and keys are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json, b64url_encode, parse_json_object
from healthpassport.errors import EncodingError, ServiceError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse
from healthpassport.keys import SoftwareSigner
from healthpassport.protocols.oid4vci import (
    RefreshRequest,
    TokenRequest,
    TokenResponse,
    make_dpop_proof,
    parse_token_response,
)

from .attesting import Attested
from .exchange import (
    JSON_TYPE,
    SUCCESS,
    error_name,
    post_form,
    post_json,
    post_jwt,
    refusal,
    understood,
)
from .proving import CHALLENGE_WANTED, WANTED, Fresh, wanted

JTI_BYTES: Final = 16  # RFC 9449 section 4.2: at least 96 bits
DPOP: Final = "dpop"
# What an issuer of ours says of a grant, each with words of its own for the patient.
GRANT_CODES: Final = (
    "grant.replayed",
    "grant.device_stopped",
    "grant.ended",
    "grant.closed",
    "grant.lapsed",
    "grant.no_source",
    "grant.source_failed",
    "grant.other_person",
    "grant.not_yours",
    "report.not_taken",
    "report.key",
    "report.too_many",
)

Randomness = Callable[[int], bytes]
Send = Callable[[Mapping[str, str]], HttpResponse]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the key that tokens are bound to, the network, the clock.

    ``attested`` is the word of the wallet's provider, where the server wants it; ``provider`` is
    where more of it can be had, for the keys of records. ``fresh`` holds
    what servers gave for the next proof, for as long as this caller lives.
    """

    signer: SoftwareSigner = field(repr=False)
    fetcher: Fetcher
    now: datetime
    random: Randomness
    attested: Attested | None = None
    provider: str = ""
    fresh: Fresh = field(default_factory=Fresh, repr=False)

    def proof(self, method: str, url: str, access_token: str | None) -> str:
        """A fresh DPoP proof, with the newest nonce of the server (RFC 9449 section 8)."""
        return make_dpop_proof(
            signer=self.signer,
            method=method,
            uri=url,
            jti=self._jti(),
            now=self.now,
            access_token=access_token,
            nonce=self.fresh.nonce(url),
        )

    def asked(self, method: str, url: str, send: Send, *, token: str | None = None) -> HttpResponse:
        """The answer to what ``send`` sends with the headers that prove who asks.

        Where the server refuses it for want of a fresher value, it is sent once more with that.
        """
        left = list(WANTED)
        while True:
            response = send(self._headers(method, url, token))
            self.fresh.note(url, response)
            want = wanted(response)
            if want not in left:
                return response
            left.remove(want)
            if want == CHALLENGE_WANTED and self.attested is None:
                return response

    def client(self) -> str | None:
        """The ``client_id`` of a request whose wallet is attested (appendix E)."""
        return self.attested.client_id if self.attested else None

    def _headers(self, method: str, url: str, token: str | None) -> dict[str, str]:
        proof = {"DPoP": self.proof(method, url, token)}
        if token is not None:
            return {"Authorization": f"DPoP {token}", **proof}
        if self.attested is None:
            return proof
        challenge = self.fresh.take_challenge(url) or self.attested.fresh_challenge(self.fetcher)
        named = self.attested.headers(jti=self._jti(), now=self.now, challenge=challenge)
        return proof | named

    def _jti(self) -> str:
        return b64url_encode(self.random(JTI_BYTES))


@dataclass(frozen=True, slots=True)
class Access:
    """An access token, used by whom it is bound to."""

    caller: Caller
    token: TokenResponse = field(repr=False)

    def get(self, url: str) -> HttpResponse:
        """The answer to a GET, whatever its status."""
        fetch = self.caller.fetcher.fetch
        return self._asked(
            "GET", url, lambda h: fetch(HttpRequest("GET", url, {"Accept": JSON_TYPE, **h}))
        )

    def post(self, url: str, value: Mapping[str, Json]) -> HttpResponse:
        """The answer to a POST of a JSON object, whatever its status."""
        return self._asked("POST", url, lambda h: post_json(self.caller.fetcher, url, value, **h))

    def post_hidden(self, url: str, token: str) -> HttpResponse:
        """The answer to a POST of an encrypted JSON object, whatever its status."""
        return self._asked("POST", url, lambda h: post_jwt(self.caller.fetcher, url, token, **h))

    def _asked(self, method: str, url: str, send: Send) -> HttpResponse:
        return self.caller.asked(method, url, send, token=self.token.access_token)


def by_code(caller: Caller, url: str, request: TokenRequest) -> Access:
    """Access by the code of an offer and its PIN; ``url`` is the token endpoint.

    Raises:
        ServiceError: ``wallet.offer_refused``, ``wallet.offer_gone``, ``wallet.issuer_failed``,
            ``wallet.not_known``.
    """
    form = request.model_copy(update={"client_id": caller.client()}).wire()
    response = at_server(caller, url, form)
    if response.status not in SUCCESS:
        if error_name(response) == "invalid_client":
            raise refusal(response, code="wallet.not_known")
        refused = error_name(response) in {"invalid_grant", "invalid_request"}
        if not refused:
            raise refusal(response, code="wallet.issuer_failed")
        asked = request.tx_code is not None
        raise refusal(response, code="wallet.offer_refused" if asked else "wallet.offer_gone")
    return bound(caller, response)


def by_refresh_token(caller: Caller, url: str, *, token: str, attempt: str) -> Access:
    """Access by a refresh token; ``attempt`` is the same when the same token is sent again.

    Raises:
        ServiceError: the issuer's own ``grant.`` codes; ``grant.ended`` where it only says that the
            token is no good; ``wallet.issuer_failed``.
    """
    request = RefreshRequest(refresh_token=token, attempt=attempt, client_id=caller.client())
    response = at_server(caller, url, request.wire())
    return bound(caller, _granted(response))


def by_moving(old: Caller, new: Caller, url: str, *, token: str) -> Access:
    """Access for the key of ``new``, to which the grant of ``token`` and ``old`` moves.

    Raises:
        ServiceError: as ``by_refresh_token``.
    """
    new = replace(new, fresh=old.fresh)  # the nonces of one server are for both

    def send(headers: Mapping[str, str]) -> HttpResponse:
        value: dict[str, Json] = {
            "refresh_token": token,
            "proof": new.proof("POST", url, token),
        }
        return post_json(old.fetcher, url, value, **headers)

    return bound(new, _granted(old.asked("POST", url, send)))


def at_server(caller: Caller, url: str, form: Mapping[str, str]) -> HttpResponse:
    """The answer to a form at one of the authorization server's addresses, whatever its status."""
    return caller.asked("POST", url, lambda h: post_form(caller.fetcher, url, form, **h))


def failed(response: HttpResponse) -> ServiceError:
    """The refusal of a resource, by the issuer's own code where it is one of ours."""
    return refusal(response, code="wallet.issuer_failed", known=GRANT_CODES)


def _granted(response: HttpResponse) -> HttpResponse:
    if response.status in SUCCESS:
        return response
    known = _code(response) in GRANT_CODES
    ended = error_name(response) == "invalid_grant" and not known
    raise refusal(
        response,
        code="grant.ended" if ended else "wallet.issuer_failed",
        known=GRANT_CODES,
    )


def _code(response: HttpResponse) -> str:
    try:
        return str(parse_json_object(response.body).get("code", ""))
    except EncodingError:
        return ""


def bound(caller: Caller, response: HttpResponse) -> Access:
    """The access in a token response; ``wallet.issuer_failed`` where it is not for our key."""
    token = understood(parse_token_response, response)
    if token.token_type.lower() != DPOP:  # RFC 9449 section 5
        raise ServiceError("wallet.issuer_failed", "the token is not bound to our key")
    return Access(caller, token)
