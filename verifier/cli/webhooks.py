"""``webhooks``: who is told of requests, what waits to be sent, what was given up."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from healthpassport.encoding import Json
from verifier.service.receivers import add_receiver
from verifier.store.webhooks import DEAD, Outbox

from .output import data, document, say, settings
from .stored import opened

ALL = "all"


def add(name: str, url: str, *, as_json: bool) -> None:
    """Keep a receiver and print its secret."""
    secret = add_receiver(settings(), name, url, random=secrets.token_bytes)
    if as_json:
        document({"version": 1, "name": name, "url": url, "secret": secret})
    else:
        data(secret)
    say("Keep it: it is not shown again. A running desk reads it at its next start.")


def show(*, dead: bool, as_json: bool) -> None:
    """List messages."""
    with _outbox() as outbox:
        found = outbox.messages(state=DEAD if dead else None)
    if as_json:
        rows: list[Json] = [
            {
                "id": one.id,
                "desk": one.desk,
                "url": one.url,
                "state": one.state,
                "attempts": one.attempts,
                "since": one.since.isoformat(),
                "due": one.due_at.isoformat(),
                "problem": one.problem,
            }
            for one in found
        ]
        document({"version": 1, "messages": rows})
        return
    for one in found:
        problem = one.problem or "-"
        data(f"{one.since:%Y-%m-%d %H:%M}\t{one.state}\t{one.attempts}\t{problem}\t{one.id}")


def retry(message_id: str) -> None:
    """Begin anew with one message, or with all that were given up."""
    now = datetime.now(UTC)
    with _outbox() as outbox:
        dead = [one.id for one in outbox.messages(state=DEAD)]
        chosen = dead if message_id == ALL else [message_id]
        for name in chosen:
            outbox.retry(name, now=now)
    say(f"{len(chosen)} messages are sent again while the desk runs.")


@contextmanager
def _outbox() -> Iterator[Outbox]:
    with opened(settings()) as store:
        yield store.webhooks
