"""How calls reach an issuer: signed in, and tried again where that makes nothing twice.

Rules: what makes something goes with an Idempotency-Key, the same for each try; what fails by
chance (no connection, 429, 503, a first try still under way) is tried again a few times, any other
refusal is raised at once. What is *not* here: the calls (``calls``, ``bulk``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from healthpassport.encoding import b64url_encode, dump_json, parse_json_object
from healthpassport.errors import EncodingError, FetchError, ServiceError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse

from .models import Asked
from .sign_in import SignIn, refusal

TRIES: Final = 4
FIRST_WAIT: Final = 0.5  # seconds; twice as long each time
LONGEST_WAIT: Final = 10.0
KEY_BYTES: Final = 24
MAX_ANSWER: Final = 16 * 1_048_576  # the results of a run of 10,000 lines
_LATER: Final = frozenset({429, 503})
_UNDER_WAY: Final = "api.idempotency_in_flight"
_UNAUTHORIZED: Final = 401

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Transport:
    """The way to one issuer; ``sleep`` waits between tries, in seconds."""

    address: str
    sign_in: SignIn
    fetcher: Fetcher
    random: Callable[[int], bytes]
    sleep: Callable[[float], None]

    def read(self, path: str, model: type[Answer], **query: str | None) -> Answer:
        """The answer to a GET."""
        told = urlencode({name: value for name, value in query.items() if value is not None})
        return parsed(self.call("GET", path + (f"?{told}" if told else ""), None, {}), model)

    def post(self, path: str, asked: Asked | None, model: type[Answer]) -> Answer:
        """The answer to a POST that may be sent twice."""
        return parsed(self.call("POST", path, body_of(asked), {}), model)

    def make(
        self, path: str, asked: Asked | None, model: type[Answer], *, key: str | None
    ) -> Answer:
        """The answer to a POST that makes something, once for ``key``."""
        headers = {"idempotency-key": f'"{key or b64url_encode(self.random(KEY_BYTES))}"'}
        return parsed(self.call("POST", path, body_of(asked), headers), model)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        tries: int = TRIES,
    ) -> HttpResponse:
        """The answer of success, after ``tries`` at the most.

        Raises:
            ServiceError: what the issuer refuses. FetchError: from the network.
        """
        for left in reversed(range(tries)):
            try:
                answer = self._once(method, path, body, headers)
            except FetchError:
                if not left:
                    raise
                self.sleep(_wait(tries - left, None))
                continue
            if answer.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
                return answer
            error = refusal(answer)
            later = answer.status in _LATER or error.code == _UNDER_WAY
            if not (later and left):
                raise error
            self.sleep(_wait(tries - left, answer))
        raise ServiceError("api.answer")

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HttpResponse:
        answer = self._sent(method, path, body, headers)
        if self.sign_in.learn(answer):
            answer = self._sent(method, path, body, headers)
            self.sign_in.learn(answer)
        if answer.status == _UNAUTHORIZED:  # it ended early: once more with a fresh one
            self.sign_in.forget()
            answer = self._sent(method, path, body, headers)
        return answer

    def _sent(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HttpResponse:
        told = {
            "accept": "application/json",
            "content-type": "application/json",
            **self.sign_in.headers(method, self.address + path),
            **headers,
        }
        return self.fetcher.fetch(HttpRequest(method, self.address + path, told, body, MAX_ANSWER))


def _wait(tried: int, answer: HttpResponse | None) -> float:
    """Seconds before the next try; what the issuer asks for, within bounds."""
    said = answer.headers.get("retry-after", "") if answer else ""
    asked = float(said) if said.isascii() and said.isdigit() else 0.0
    return min(max(FIRST_WAIT * 2.0 ** (tried - 1), asked), LONGEST_WAIT)


def body_of(asked: Asked | None) -> bytes:
    """``asked`` as it is sent."""
    if asked is None:
        return b""
    told: dict[str, Any] = asked.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return dump_json(told)


def parsed(answer: HttpResponse, model: type[Answer]) -> Answer:
    """``answer`` as a ``model``.

    Raises:
        ServiceError: ``api.answer``.
    """
    try:
        return model.model_validate(parse_json_object(answer.body, max_bytes=MAX_ANSWER))
    except (EncodingError, ValidationError) as error:
        raise ServiceError("api.answer") from error


def part(text: str) -> str:
    """``text`` as one part of a path."""
    return quote(text, safe="")
