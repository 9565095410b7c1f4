"""Calls of one FHIR server: signed in, within the limits, tried again while it is busy.

Rules: https alone, no redirect, no address but the server's own; every call reads and may be sent
twice; nothing of an answer is logged. What is *not* here: which calls, and what answers say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from healthpassport.encoding import JsonObject, parse_source_json
from healthpassport.errors import EncodingError, FetchError, ProtocolError, SourceError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse
from healthpassport.protocols.smart import Smart
from issuer.fhir.outcomes import issues_in, words
from issuer.fhir.source import MAX_SOURCE_DEPTH

from .limits import Limits, Reading

FHIR_JSON: Final = "application/fhir+json"
FORM: Final = "application/x-www-form-urlencoded"
JSON_TYPES: Final = frozenset({FHIR_JSON, "application/json", "application/json+fhir"})
FIRST_WAIT: Final = 0.5  # seconds; doubled at each try
_SECONDS: Final = re.compile(r"[0-9]{1,6}\Z")
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE = 401, 403, 404, 410
_DISSENT: Final = "no_patient_consent"  # GP Connect, "Security validation errors"
_BUSY: Final = frozenset({429, 502, 503, 504})  # RFC 9110 sections 15.6.3 to 15.6.5, RFC 6585
_CODES: Final = {
    "net.timeout": "source.timeout",
    "ssrf.blocked": "source.setup",
    "net.redirect": "source.answer",
    "net.response": "source.answer",
    "limit.fetch": "source.too_large",
}
_AGAIN: Final = frozenset({"net.timeout", "net.unreachable"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call: ``url`` is absolute; with a ``body`` it is a POST of ``kind``."""

    url: str
    body: bytes | None = None
    kind: str = FHIR_JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class Exchange:
    """See the module.

    Args:
        base: https address of the FHIR endpoint, without a slash at its end.
        smart: the sign-in; None for a server that asks for none, or for another kind of token.
        limits: of each reading.
        monotonic, sleep: seconds, and waiting for some.
        clock: the present.
    """

    def __init__(
        self,
        base: str,
        *,
        fetcher: Fetcher,
        smart: Smart | None,
        limits: Limits,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        clock: Callable[[], datetime],
    ) -> None:
        self.base = base
        self._fetcher = fetcher
        self._smart = smart
        self._limits = limits
        self._monotonic = monotonic
        self._sleep = sleep
        self._clock = clock

    def begin(self) -> Reading:
        """A new reading, whose limits count from now."""
        return Reading(self._limits, self._monotonic)

    def now(self) -> datetime:
        """The present, in UTC."""
        return self._clock().astimezone(UTC)

    def own(self, url: str, *, seen_from: str) -> str:
        """``url`` made absolute, which must lie on the server itself.

        Raises:
            SourceError: ``source.answer``.
        """
        found = urljoin(seen_from, url)
        if _origin(found) != _origin(self.base):
            raise SourceError("source.answer", "it points to an address of somebody else")
        return found

    def resource(self, reading: Reading, call: Call) -> JsonObject:
        """The FHIR JSON that answers ``call``.

        Raises:
            SourceError: ``source.unknown`` where the server has no such thing, and those of the
                connection, the sign-in, the limits and the answer.
        """
        answer = self._answered(reading, call)
        if answer.status in {_NOT_FOUND, _GONE}:
            raise SourceError("source.unknown")
        if answer.status == _UNAUTHORIZED:
            raise SourceError("source.sign_in", "it does not take the token")
        issues = issues_in(answer.body)
        said = words(issues)
        if any(_DISSENT in issue.details for issue in issues):
            raise SourceError("source.dissent")
        if answer.status == _FORBIDDEN:
            raise SourceError("source.forbidden", said)
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
            told = f"it answered {answer.status}"
            raise SourceError("source.refused", f"{told}: {said}" if said else told)
        return _fhir(answer)

    def _answered(self, reading: Reading, call: Call) -> HttpResponse:
        """The answer, once the server is no longer busy; a refused token is fetched anew once."""
        renewed = False
        for tried in range(1, reading.limits.tries + 1):
            last = tried == reading.limits.tries
            try:
                answer = self._once(reading, call)
            except FetchError as error:
                if last or error.code not in _AGAIN:
                    raise _told(error) from error
                self._wait(reading, FIRST_WAIT * 2 ** (tried - 1), _told(error).code)
                continue
            if answer.status == _UNAUTHORIZED and self._smart is not None and not renewed:
                renewed = True
                self._smart.forget()
                continue
            if answer.status not in _BUSY:
                return answer
            if last:
                break
            asked = self._asked_to_wait(answer)
            self._wait(reading, asked or FIRST_WAIT * 2 ** (tried - 1), "source.busy")
        raise SourceError("source.busy", f"it was asked {reading.limits.tries} times")

    def _once(self, reading: Reading, call: Call) -> HttpResponse:
        headers = {"accept": FHIR_JSON, **call.headers}
        if call.body is not None:
            headers["content-type"] = call.kind
        if self._smart is not None:
            headers["authorization"] = f"Bearer {self._token(self._smart)}"
        method = "GET" if call.body is None else "POST"
        size = reading.ask()
        answer = self._fetcher.fetch(HttpRequest(method, call.url, headers, call.body, size))
        reading.took(len(answer.body))
        return answer

    def _token(self, smart: Smart) -> str:
        try:
            return smart.token()
        except ProtocolError as error:
            code = "source.unreachable" if error.code == "smart.unreachable" else "source.sign_in"
            raise SourceError(code, error.detail or error.title) from error

    def _wait(self, reading: Reading, seconds: float, code: str) -> None:
        if seconds >= reading.left():
            raise SourceError(code, f"it would take {seconds:g} seconds or more")
        self._sleep(seconds)

    def _asked_to_wait(self, answer: HttpResponse) -> float:
        """Retry-After: seconds, or a day and hour (RFC 9110 section 10.2.3); 0 for none."""
        said = answer.headers.get("retry-after", "").strip()
        if _SECONDS.match(said):
            return float(said)
        try:
            then = parsedate_to_datetime(said)
        except ValueError:
            return 0.0
        if then.tzinfo is None:
            return 0.0
        return max((then - self.now()).total_seconds(), 0.0)


def _told(error: FetchError) -> SourceError:
    return SourceError(_CODES.get(error.code, "source.unreachable"), error.title)


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or 443
    except ValueError:
        return "", "", None


def _fhir(answer: HttpResponse) -> JsonObject:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        raise SourceError("source.answer", "it does not answer in FHIR JSON")
    try:
        value, doubled = parse_source_json(
            answer.body, max_bytes=len(answer.body), max_depth=MAX_SOURCE_DEPTH
        )
    except EncodingError as error:
        raise SourceError("source.answer", "its answer is not JSON") from error
    if doubled:
        raise SourceError("fhir.ambiguous")
    if not isinstance(value, dict):
        raise SourceError("source.answer", "its answer is no resource")
    return value
