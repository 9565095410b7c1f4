"""Telling the hospital's systems that a request has moved on: signed, tried again, kept until then.

Standard Webhooks 1.0.0 (docs/webhooks.md): id, time and body under HMAC-SHA256. Rules: a body holds
an id, a state and a time, never who or what was shared; delivered at least once, in any order; the
last state is always told, a state that was over within a second may not be. What is *not* here: the
rows (``store.webhooks``) and when it runs (the api's background task).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport.encoding import Json, b64_encode, b64url_encode, dump_text
from healthpassport.errors import FetchError, ServiceError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse, HttpsFetcher
from verifier.settings import VerifierSettings
from verifier.store.webhooks import Message, Outbox

from .audit import AuditTrail
from .receivers import Receiver, load_receivers, require_allowed
from .transactions import Random, TransactionView

EVENT: Final = "request.state"
ID_BYTES: Final = 16
TIMEOUT: Final = 15.0  # seconds, "Request timeouts"
MAX_ANSWER: Final = 65_536  # bytes of an answer, which nobody reads
FIRST_DELAY: Final = timedelta(seconds=5)
GROWTH: Final = 3
LONGEST_DELAY: Final = timedelta(hours=2)
MAX_ATTEMPTS: Final = 16
MAX_AGE: Final = timedelta(days=1)  # nothing of a request is kept longer
LEASE: Final = timedelta(minutes=1)
BATCH: Final = 32
AT_ONCE: Final = 8  # so that one receiver that hangs holds up no other
JITTER_BYTES: Final = 4
GONE: Final = 410
MAX_RETRY_AFTER: Final = 6  # digits


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one round did."""

    noted: int
    sent: int
    failed: int


class Webhooks:
    """The messages of one organisation."""

    def __init__(
        self,
        settings: VerifierSettings,
        outbox: Outbox,
        *,
        random: Random,
        audit: AuditTrail | None = None,
        fetcher: Fetcher | None = None,
    ) -> None:
        self.outbox = outbox
        self._audit = audit
        self.receivers: Mapping[str, Receiver] = load_receivers(settings)
        self._settings = settings
        self._random = random
        self._fetcher = fetcher or HttpsFetcher(
            ca_file=settings.hospital_ca_file,
            allowed_private_hosts=frozenset(settings.hospital_private_hosts),
            timeout=TIMEOUT,
            max_bytes=MAX_ANSWER,
        )

    def resolve(self, desk: str, callback: str | None) -> str | None:
        """Where that desk's system wants to be told; None where nobody does.

        Raises:
            ServiceError: ``webhook.receiver`` where a desk without a secret names an address,
                ``webhook.host`` for one that the settings do not allow.
        """
        known = self.receivers.get(desk)
        if callback is None:
            return known.url if known else None
        if known is None:
            raise ServiceError("webhook.receiver")
        require_allowed(callback, self._settings)
        return callback

    def watch(self, view: TransactionView, *, desk: str, url: str) -> None:
        """Tell ``url`` of every later state of ``view``."""
        self.outbox.watch(
            view.id, desk=desk, url=url, told=view.progress.value, now=view.created_at
        )

    def deliver(self, now: datetime) -> Delivery:
        """One round: note what changed, send what is due."""
        noted = self.outbox.note_changes(
            now=now, compose=lambda name, state: (self._id(), _body(name, state, now))
        )
        due = self.outbox.claim(now=now, lease=LEASE, limit=BATCH)
        if not due:
            return Delivery(noted, 0, 0)
        with ThreadPoolExecutor(min(AT_ONCE, len(due))) as pool:
            done = list(pool.map(lambda message: self._send(message, now), due))
        return Delivery(noted, sum(done), len(done) - sum(done))

    def _id(self) -> str:
        return f"msg_{b64url_encode(self._random(ID_BYTES))}"

    def _send(self, message: Message, now: datetime) -> bool:
        try:
            self.resolve(message.desk, message.url)  # the settings may have changed since
            keys = self.receivers[message.desk].keys()
            answer = self._fetcher.fetch(_request(message, keys, now))
        except ServiceError as error:
            self._give_up(message, error.code)
            return False
        except FetchError as error:
            self._later(message, now, error.code, None)
            return False
        if 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
            self.outbox.sent(message.id)
            self._note("webhook.sent", message)
            return True
        if answer.status == GONE:
            self._give_up(message, "webhook.gone")
        else:
            self._later(message, now, "webhook.status", answer)
        return False

    def _later(
        self, message: Message, now: datetime, problem: str, answer: HttpResponse | None
    ) -> None:
        tried = message.attempts + 1
        wait = max(backoff(tried, self._random), _asked_to_wait(answer))
        if tried >= MAX_ATTEMPTS or now + wait > message.since + MAX_AGE:
            self._give_up(message, problem)
        else:
            self.outbox.put_off(message.id, due_at=now + wait, problem=problem)

    def _give_up(self, message: Message, problem: str) -> None:
        self.outbox.give_up(message.id, problem=problem)
        self._note("webhook.failed", message, code=problem)

    def _note(self, event: str, message: Message, **facts: str) -> None:
        """Delivery is noted, never held up by the trail."""
        if self._audit is not None:
            own, tries = self._audit.own, message.attempts + 1
            self._audit.note(event, who=own, subject=message.id, attempts=tries, **facts)


def backoff(tried: int, random: Random) -> timedelta:
    """How long to wait after ``tried`` attempts: three times as long each time, half up or down."""
    part = int.from_bytes(random(JITTER_BYTES), "big") / (1 << 8 * JITTER_BYTES)
    grown: timedelta = FIRST_DELAY * GROWTH ** min(tried - 1, MAX_ATTEMPTS)
    return min(grown, LONGEST_DELAY) * (0.5 + part)


def sign(message_id: str, timestamp: int, body: str, *, keys: Sequence[bytes]) -> str:
    """The header ``webhook-signature``: one ``v1`` signature for each of ``keys``.

    Standard Webhooks 1.0.0 "Signature scheme": HMAC-SHA256 over id, time and body.
    """
    signed = f"{message_id}.{timestamp}.{body}".encode()
    made = (hmac.digest(key, signed, "sha256") for key in keys)
    return " ".join(f"v1,{b64_encode(mac)}" for mac in made)


def _request(message: Message, keys: Sequence[bytes], now: datetime) -> HttpRequest:
    """The time is that of this attempt, so that a receiver can refuse what is replayed."""
    timestamp = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "health-passport-desk",
        "webhook-id": message.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(message.id, timestamp, message.body, keys=keys),
    }
    return HttpRequest("POST", message.url, headers, message.body.encode(), MAX_ANSWER)


def _body(transaction_id: str, state: str, now: datetime) -> str:
    told: dict[str, Json] = {
        "type": EVENT,
        "timestamp": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "data": {"id": transaction_id, "state": state},
    }
    return dump_text(told)


def _asked_to_wait(answer: HttpResponse | None) -> timedelta:
    """What Retry-After asks for, in whole seconds and within bounds (RFC 9110 section 10.2.3)."""
    said = answer.headers.get("retry-after", "") if answer else ""
    usable = said.isascii() and said.isdigit() and len(said) <= MAX_RETRY_AFTER
    return min(timedelta(seconds=int(said)), LONGEST_DELAY) if usable else timedelta()
