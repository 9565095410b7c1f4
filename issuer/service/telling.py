"""Telling record systems what became of their offers and records, a round at a time.

Rules: a message holds a kind, an id and a time, never a name, a number or a value of a record;
delivered at least once and in any order; what fails is tried again for a day. Signatures and the
timetable stand in ``healthpassport.webhooks``. What is *not* here: when a round is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import FetchError, ServiceError
from healthpassport.fetch import Fetcher, HttpResponse, HttpsFetcher
from healthpassport.webhooks import (
    GONE,
    LEASE,
    MAX_ANSWER,
    TIMEOUT,
    event_body,
    key_of,
    new_id,
    require_allowed,
    signed_request,
    wait_after,
)
from issuer.settings import Settings
from issuer.store import api_clients, kept_answers, messages
from issuer.store import receivers as receiver_rows
from issuer.store import webhook_secrets as secret_rows
from issuer.store.messages import WAITING, Event, Message
from issuer.store.receivers import Receiver

from .context import IssuerContext, utc
from .receivers import SETTING
from .webhook_secrets import seal_plain, signing_secrets

AGENT: Final = "health-passport-issuer"
BATCH: Final = 32
EVENTS_AT_ONCE: Final = 200
AT_ONCE: Final = 8  # so that one receiver that hangs holds up no other


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one round did."""

    noted: int
    sent: int
    failed: int


def webhook_fetcher(settings: Settings) -> HttpsFetcher:
    """The way to receivers: to a private address only where the settings name it."""
    return HttpsFetcher(
        ca_file=settings.webhook_ca_file,
        allowed_private_hosts=frozenset(settings.webhook_private_hosts),
        timeout=TIMEOUT,
        max_bytes=MAX_ANSWER,
    )


def deliver(issuer: IssuerContext, fetcher: Fetcher) -> Delivery:
    """One round: events become messages, and what is due is sent."""
    now = issuer.clock()
    with issuer.store.reading() as tx:
        known = {one.id: one for one in receiver_rows.of_client(tx, None)}
    if not known:
        return Delivery(0, 0, 0)
    seal_plain(issuer)
    noted = _take_events(issuer, tuple(known.values()), now)
    due = _claimed(issuer, int(now.timestamp()))
    if not due:
        return Delivery(noted, 0, 0)
    with ThreadPoolExecutor(min(AT_ONCE, len(due))) as pool:
        done = list(pool.map(lambda one: _send(issuer, fetcher, one, known.get(one.receiver)), due))
    return Delivery(noted, sum(done), len(done) - sum(done))


def forget(issuer: IssuerContext) -> None:
    """Let go of old messages, and of secrets, tokens and kept answers that have ended."""
    seal_plain(issuer)
    now = issuer.now()
    with issuer.store.writing() as tx:
        messages.purge(tx, now)
        secret_rows.forget(tx, now)
        kept_answers.forget(tx, now)
        api_clients.forget_tokens(tx, now)


def _take_events(issuer: IssuerContext, known: Sequence[Receiver], now: datetime) -> int:
    moment = int(now.timestamp())

    def composed(event: Event) -> tuple[Message, ...]:
        body = event_body(event.kind, {"id": event.subject}, now=now)
        return tuple(
            Message(
                id=new_id(issuer.random),
                client=one.client,
                receiver=one.id,
                body=body,
                state=WAITING,
                attempts=0,
                since=moment,
                due_at=moment,
            )
            for one in known
            if one.client == event.client and event.kind in one.events
        )

    with issuer.store.writing() as tx:
        return messages.take_events(tx, composed, limit=EVENTS_AT_ONCE)


def _claimed(issuer: IssuerContext, moment: int) -> tuple[Message, ...]:
    with issuer.store.reading() as tx:
        found = messages.due(tx, now=moment, limit=BATCH)
    if not found:
        return ()
    until = moment + int(LEASE.total_seconds())
    with issuer.store.writing() as tx:
        return tuple(m for m in found if messages.claim(tx, m.id, now=moment, until=until))


def _send(
    issuer: IssuerContext, fetcher: Fetcher, message: Message, receiver: Receiver | None
) -> bool:
    if receiver is None:  # it was ended a moment ago
        _give_up(issuer, message, "api.webhook_unknown")
        return False
    try:
        # The settings may have changed since it was added.
        require_allowed(receiver.url, issuer.settings.webhook_hosts, setting=SETTING)
        answer = fetcher.fetch(
            signed_request(
                message.id,
                receiver.url,
                message.body,
                keys=[key_of(one) for one in signing_secrets(issuer, receiver.id)],
                now=issuer.clock(),
                agent=AGENT,
            )
        )
    except ServiceError as error:
        if error.code == "api.webhook_sealed":  # its key may be back, or the secret renewed
            _later(issuer, message, error.code, None)
        else:
            _give_up(issuer, message, error.code)
        return False
    except FetchError as error:
        _later(issuer, message, error.code, None)
        return False
    if 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
        with issuer.store.writing() as tx:
            messages.sent(tx, message.id)
            _tell(issuer, tx, "webhook.sent", message)
        return True
    if answer.status == GONE:
        _give_up(issuer, message, "webhook.gone")
    else:
        _later(issuer, message, "webhook.status", answer)
    return False


def _later(
    issuer: IssuerContext, message: Message, problem: str, answer: HttpResponse | None
) -> None:
    now = issuer.clock()
    wait = wait_after(
        message.attempts + 1,
        since=utc(message.since),
        now=now,
        answer=answer,
        random=issuer.random,
    )
    if wait is None:
        _give_up(issuer, message, problem)
        return
    with issuer.store.writing() as tx:
        due_at = int((now + wait).timestamp())
        messages.put_off(tx, message.id, due_at=due_at, problem=problem)


def _give_up(issuer: IssuerContext, message: Message, problem: str) -> None:
    with issuer.store.writing() as tx:
        messages.give_up(tx, message.id, problem=problem)
        _tell(issuer, tx, "webhook.failed", message, code=problem)


def _tell(
    issuer: IssuerContext, tx: Connection, event: str, message: Message, **facts: str
) -> None:
    """Into the audit trail: that a client's system was told, or could not be."""
    attempts = message.attempts + 1
    own = issuer.audit.own
    issuer.audit.write(event, who=own, tx=tx, subject=message.id, attempts=attempts, **facts)
