"""How an issuer stands at this moment, in numbers: what waits, what is free, what will end.

Rules: each figure costs one small query or none; labels are of closed lists; nothing is told of a
person, a client or an offer. What is *not* here: what happened (``counts``) and how requests went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from healthpassport.keys.x509 import read_certificate
from issuer.store import bitstrings, jobs, messages, statuses
from issuer.store.jobs import JobState

from .clock_watch import leapt_in
from .context import IssuerContext
from .keeping import late_in


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: ``values`` by the value of its ``label``, or by nothing where it has none."""

    name: str
    help: str
    values: Mapping[str, float]
    label: str = ""


def figures(issuer: IssuerContext) -> tuple[Figure, ...]:
    """Every figure as it is now.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with issuer.store.reading() as tx:
        found = (*_jobs(tx), *_lists(tx), *_messages(tx, issuer.now()), *_kept(issuer, tx))
    return (*found, *_signed(issuer), *_certificates(issuer))


def _jobs(tx: Connection) -> Iterator[Figure]:
    counted = jobs.counts(tx)
    found = {state.value: float(counted.get(state.value, 0)) for state in JobState}
    yield Figure("jobs", "Jobs in the queue, by state.", found, "state")


def _lists(tx: Connection) -> Iterator[Figure]:
    kinds: dict[str, Sequence[statuses.ListState | bitstrings.BitstringState]] = {
        "token": statuses.lists(tx),
        "bitstring": bitstrings.lists(tx),
    }
    free = {
        kind: float(sum(one.size - one.allocated for one in found if one.closed_at is None))
        for kind, found in kinds.items()
    }
    count = {kind: float(len(found)) for kind, found in kinds.items()}
    yield Figure("status_list_free_entries", "Places not yet leased, of open lists.", free, "kind")
    yield Figure("status_lists", "Status lists that are published.", count, "kind")


def _messages(tx: Connection, now: int) -> Iterator[Figure]:
    waiting, dead, oldest = messages.backlog(tx)
    age = 0.0 if oldest is None else float(max(0, now - oldest))
    states = {"waiting": float(waiting), "dead": float(dead)}
    yield Figure("webhook_messages", "Messages to record systems, by state.", states, "state")
    yield Figure("webhook_oldest_seconds", "Age of the oldest message that waits.", {"": age})


def _kept(issuer: IssuerContext, tx: Connection) -> Iterator[Figure]:
    margin = issuer.settings.status_retire_days
    late = float(late_in(tx, now=issuer.now(), margin_days=margin))
    told = "Age of the oldest issuance beyond the time at which it is forgotten."
    yield Figure("kept_too_long_seconds", told, {"": late})
    told = "1 while the clock is far from when it was last seen, and nothing is ended."
    yield Figure("clock_leapt", told, {"": float(leapt_in(issuer, tx))})


def _signed(issuer: IssuerContext) -> Iterator[Figure]:
    signed = [one.issued_at for one in tuple(issuer.published.values())]
    age = float(max((issuer.now() - at for at in signed), default=0))
    told = "Age of the oldest signature among the status lists that this process serves."
    yield Figure("status_list_age_seconds", told, {"": age})


def _certificates(issuer: IssuerContext) -> Iterator[Figure]:
    now, present = issuer.clock(), issuer.signing
    left = {"next" if key is not present else "now": _left(key.x5c, now) for key in issuer.keys}
    told = "Seconds until the first certificate of the signing chain ends."
    yield Figure("signing_certificate_left_seconds", told, left, "signs")


def _left(chain: tuple[bytes, ...], now: datetime) -> float:
    ends = min(read_certificate(der).not_valid_after_utc for der in chain)
    return (ends - now).total_seconds()
