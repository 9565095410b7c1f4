"""Signing in to a FHIR server as a program: SMART App Launch 2.2 "Backend Services".

Discovery once, then a token for a few minutes; it lives in memory alone. What is *not* here: the
key (``assertion``) and what the token is used for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final
from urllib.parse import urlencode

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, FetchError, ProtocolError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse

from .assertion import JTI_BYTES, ClientKey, assertion

DISCOVERY: Final = "/.well-known/smart-configuration"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ANSWER: Final = 65_536  # bytes of a configuration or a token
MAX_TOKEN: Final = 16_384  # characters
USUAL_LIFETIME: Final = 300  # seconds, "Issue Access Token"
MAX_LIFETIME: Final = 3600
EARLY: Final = timedelta(seconds=20)
OK: Final = 200


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    until: datetime


class Smart:
    """A program's sign-in at one FHIR server. Calls may come from several threads."""

    def __init__(
        self,
        base: str,
        *,
        client_id: str,
        key: ClientKey,
        scope: str,
        fetcher: Fetcher,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
    ) -> None:
        self._base = base
        self._client_id = client_id
        self._key = key
        self._scope = scope
        self._fetcher = fetcher
        self._clock = clock
        self._random = random
        self._lock = Lock()
        self._endpoint: str | None = None
        self._token: _Token | None = None

    def token(self) -> str:
        """An access token that is good for a while.

        Raises:
            ProtocolError: ``smart.unreachable``, ``smart.answer`` or ``smart.sign_in``.
        """
        with self._lock:
            now = self._clock().astimezone(UTC)
            if self._token is None or now >= self._token.until:
                self._token = self._fresh(now)
            return self._token.value

    def forget(self) -> None:
        """The server took the token no more."""
        with self._lock:
            self._token = None

    def _fresh(self, now: datetime) -> _Token:
        endpoint = self._endpoint or self._discovered()
        body = urlencode(
            {
                "grant_type": "client_credentials",
                "scope": self._scope,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": assertion(
                    self._key,
                    client_id=self._client_id,
                    audience=endpoint,
                    now=now,
                    jti=self._random(JTI_BYTES),
                ),
            }
        )
        headers = {
            "accept": "application/json",
            "content-type": "application/x-www-form-urlencoded",
        }
        answer = self._fetch(HttpRequest("POST", endpoint, headers, body.encode(), MAX_ANSWER))
        if answer.status != OK:
            raise ProtocolError("smart.sign_in", f"its sign-in answered {answer.status}")
        found = _json(answer)
        value, kind = found.get("access_token"), found.get("token_type")
        if not isinstance(value, str) or not 0 < len(value) <= MAX_TOKEN or not _plain(value):
            raise ProtocolError("smart.sign_in", "its sign-in gave no token")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise ProtocolError("smart.sign_in", "its token is of a kind that is not known here")
        self._endpoint = endpoint
        return _Token(value, now + _lifetime(found) - EARLY)

    def _discovered(self) -> str:
        """The token endpoint, by the server's own word over TLS."""
        headers = {"accept": "application/json"}
        request = HttpRequest("GET", self._base + DISCOVERY, headers, None, MAX_ANSWER)
        answer = self._fetch(request)
        if answer.status != OK:
            raise ProtocolError("smart.answer", "it has no SMART configuration")
        endpoint = _json(answer).get("token_endpoint")
        if not isinstance(endpoint, str) or not endpoint.startswith("https://"):
            raise ProtocolError("smart.answer", "its SMART configuration names no sign-in")
        return endpoint

    def _fetch(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._fetcher.fetch(request)
        except FetchError as error:
            raise ProtocolError("smart.unreachable", error.title) from error


def _json(answer: HttpResponse) -> Mapping[str, Json]:
    try:
        return parse_json_object(answer.body, max_bytes=MAX_ANSWER)
    except EncodingError as error:
        raise ProtocolError("smart.answer", "its sign-in does not answer in JSON") from error


def _plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _lifetime(found: Mapping[str, Json]) -> timedelta:
    said = found.get("expires_in")
    usable = isinstance(said, int) and not isinstance(said, bool) and said > 0
    seconds = said if usable and isinstance(said, int) else USUAL_LIFETIME
    return timedelta(seconds=min(max(seconds, int(EARLY.total_seconds())), MAX_LIFETIME))
