"""Telling the hospital's systems that a request has moved on: signed, tried again, kept until then.

docs/webhooks.md. Rules: a body holds an id, a state and a time, never who or what was shared;
delivered at least once, in any order; the last state is always told, a state that was over within a
second may not be. What is *not* here: signatures and the timetable (``healthpassport.webhooks``),
the rows (``store.webhooks``) and when it runs (the api's background task).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.errors import FetchError, ServiceError
from healthpassport.fetch import Fetcher, HttpResponse, HttpsFetcher
from healthpassport.webhooks import (
    GONE,
    LEASE,
    MAX_ANSWER,
    TIMEOUT,
    event_body,
    new_id,
    signed_request,
    wait_after,
)
from verifier.settings import VerifierSettings
from verifier.store.webhooks import Message, Outbox

from .audit import AuditTrail
from .receivers import Receiver, load_receivers, require_allowed
from .transactions import Random, TransactionView

EVENT: Final = "request.state"
AGENT: Final = "health-passport-desk"
BATCH: Final = 32
AT_ONCE: Final = 8  # so that one receiver that hangs holds up no other


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
            now=now, compose=lambda name, state: (new_id(self._random), _body(name, state, now))
        )
        due = self.outbox.claim(now=now, lease=LEASE, limit=BATCH)
        if not due:
            return Delivery(noted, 0, 0)
        with ThreadPoolExecutor(min(AT_ONCE, len(due))) as pool:
            done = list(pool.map(lambda message: self._send(message, now), due))
        return Delivery(noted, sum(done), len(done) - sum(done))

    def _send(self, message: Message, now: datetime) -> bool:
        try:
            self.resolve(message.desk, message.url)  # the settings may have changed since
            keys = self.receivers[message.desk].keys()
            answer = self._fetcher.fetch(
                signed_request(
                    message.id, message.url, message.body, keys=keys, now=now, agent=AGENT
                )
            )
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
        wait = wait_after(
            message.attempts + 1,
            since=message.since,
            now=now,
            answer=answer,
            random=self._random,
        )
        if wait is None:
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


def _body(transaction_id: str, state: str, now: datetime) -> str:
    return event_body(EVENT, {"id": transaction_id, "state": state}, now=now)
