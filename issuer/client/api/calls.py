"""The calls of a record system to an issuer: typed, tried again where that makes nothing twice.

Rules: what makes something goes with an Idempotency-Key, the same for each try; what fails by
chance (no connection, 429, 503, a first try still under way) is tried again a few times, any other
refusal is raised at once. What is *not* here: bundles, which the caller has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from healthpassport.encoding import b64url_encode, dump_json, parse_json_object
from healthpassport.errors import EncodingError, FetchError, ServiceError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse

from .models import (
    Asked,
    CardAsked,
    CardMade,
    Change,
    Issued,
    IssuedPage,
    Messages,
    MessageSeen,
    OfferAsked,
    OfferMade,
    OfferPage,
    OfferSeen,
    Reason,
    ReceiverAsked,
    ReceiverMade,
    Receivers,
    ReceiverSeen,
    ReportAnswer,
    Reports,
    ReportSealed,
    ReportSeen,
    SecretAsked,
    SecretMade,
    Sources,
    SourceSeen,
    StatusAsked,
)
from .sign_in import SignIn, refusal

TRIES: Final = 4
FIRST_WAIT: Final = 0.5  # seconds; twice as long each time
LONGEST_WAIT: Final = 10.0
KEY_BYTES: Final = 24
MAX_ANSWER: Final = 4 * 1_048_576
_LATER: Final = frozenset({429, 503})
_UNDER_WAY: Final = "api.idempotency_in_flight"
_UNAUTHORIZED: Final = 401

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class IssuerApi:
    """One issuer, for one record system. ``connect`` makes one with the usual parts.

    Every method raises ``ServiceError`` with the issuer's own code and next step, or ``FetchError``
    where the network failed to the end.
    """

    address: str
    sign_in: SignIn
    fetcher: Fetcher
    random: Callable[[int], bytes]
    sleep: Callable[[float], None]

    def make_offer(self, asked: OfferAsked, *, key: str | None = None) -> OfferMade:
        """Offer a patient's records; ``key`` is the caller's own, to try again after a restart."""
        return self._make("/offers", asked, OfferMade, key=key)

    def offer(self, offer: str) -> OfferSeen:
        """How far an offer is."""
        return self._read(f"/offers/{_part(offer)}", OfferSeen)

    def offers(self) -> Iterator[OfferSeen]:
        """Every offer of this record system, the newest first."""
        cursor: str | None = None
        while True:
            page = self._read("/offers", OfferPage, cursor=cursor)
            yield from page.offers
            cursor = page.next
            if cursor is None:
                return

    def cancel_offer(self, offer: str) -> OfferSeen:
        """Take back an offer whose PIN was not given yet."""
        return self._post(f"/offers/{_part(offer)}/cancel", None, OfferSeen)

    def issuances(self, *, offer: str | None = None) -> Iterator[Issued]:
        """Everything that was issued for this record system's offers, or for one of them."""
        cursor: str | None = None
        while True:
            page = self._read("/issuances", IssuedPage, cursor=cursor, offer=offer)
            yield from page.issuances
            cursor = page.next
            if cursor is None:
                return

    def change_status(
        self, issuance: str, change: Change, *, reason: Reason | None = None
    ) -> Issued:
        """Withdraw, suspend, reinstate or replace every copy."""
        asked = StatusAsked(change=change, reason=reason)
        return self._post(f"/issuances/{_part(issuance)}/status", asked, Issued)

    def reports(self, *, answered: bool = False) -> tuple[ReportSeen, ...]:
        """What patients say is wrong, the soonest due first."""
        return self._read("/reports", Reports, answered="true" if answered else None).reports

    def report(self, report: str) -> ReportSealed:
        """One report, sealed for the practice's own key."""
        return self._read(f"/reports/{_part(report)}", ReportSealed)

    def answer_report(self, report: str, answer: ReportAnswer) -> ReportSeen:
        """Answer one report; it is not tried again, since an answer is given once."""
        path = f"/reports/{_part(report)}/answer"
        return _parsed(self._call("POST", path, _body(answer), {}, tries=1), ReportSeen)

    def make_card(self, asked: CardAsked, *, key: str | None = None) -> CardMade:
        """A signed emergency card for somebody without a wallet."""
        return self._make("/cards", asked, CardMade, key=key)

    def add_webhook(self, asked: ReceiverAsked, *, key: str | None = None) -> ReceiverMade:
        """Be told of events; the secret is told once."""
        return self._make("/webhooks", asked, ReceiverMade, key=key)

    def webhooks(self) -> tuple[ReceiverSeen, ...]:
        """Where this record system is told of events."""
        return self._read("/webhooks", Receivers).webhooks

    def renew_webhook_secret(
        self, webhook: str, *, overlap_days: int = 7, key: str | None = None
    ) -> str:
        """A second secret; both sign for ``overlap_days``, and the new one alone for 0."""
        asked = SecretAsked(overlap_days=overlap_days)
        return self._make(f"/webhooks/{_part(webhook)}/secret", asked, SecretMade, key=key).secret

    def end_webhook(self, webhook: str) -> None:
        """Be told nothing more there."""
        self._call("POST", f"/webhooks/{_part(webhook)}/end", None, {}, tries=1)

    def messages(self, *, dead: bool = False) -> tuple[MessageSeen, ...]:
        """The latest messages, and why one was not taken yet."""
        return self._read("/webhooks/messages", Messages, dead="true" if dead else None).messages

    def sources(self) -> tuple[SourceSeen, ...]:
        """Whether the issuer's sources of notes can be read now."""
        return self._read("/sources", Sources).sources

    # -- inside -----------------------------------------------------------------------------

    def _read(self, path: str, model: type[Answer], **query: str | None) -> Answer:
        told = urlencode({name: value for name, value in query.items() if value is not None})
        return _parsed(self._call("GET", path + (f"?{told}" if told else ""), None, {}), model)

    def _post(self, path: str, asked: Asked | None, model: type[Answer]) -> Answer:
        return _parsed(self._call("POST", path, _body(asked), {}), model)

    def _make(
        self, path: str, asked: Asked | None, model: type[Answer], *, key: str | None
    ) -> Answer:
        headers = {"idempotency-key": f'"{key or b64url_encode(self.random(KEY_BYTES))}"'}
        return _parsed(self._call("POST", path, _body(asked), headers), model)

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        tries: int = TRIES,
    ) -> HttpResponse:
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
            "authorization": f"Bearer {self.sign_in.token()}",
            **headers,
        }
        return self.fetcher.fetch(HttpRequest(method, self.address + path, told, body, MAX_ANSWER))


def _wait(tried: int, answer: HttpResponse | None) -> float:
    """Seconds before the next try; what the issuer asks for, within bounds."""
    said = answer.headers.get("retry-after", "") if answer else ""
    asked = float(said) if said.isascii() and said.isdigit() else 0.0
    return min(max(FIRST_WAIT * 2.0 ** (tried - 1), asked), LONGEST_WAIT)


def _body(asked: Asked | None) -> bytes:
    if asked is None:
        return b""
    told: dict[str, Any] = asked.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return dump_json(told)


def _parsed(answer: HttpResponse, model: type[Answer]) -> Answer:
    try:
        return model.model_validate(parse_json_object(answer.body, max_bytes=MAX_ANSWER))
    except (EncodingError, ValidationError) as error:
        raise ServiceError("api.answer") from error


def _part(text: str) -> str:
    return quote(text, safe="")
