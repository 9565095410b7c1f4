"""The queue: work that outlives the process that asked for it (docs/adr/0057).

Rules: enqueued in the transaction that needs it; done at least once, so that what a kind does may
be done twice; a failure is tried again later and later, and after ``MAX_ATTEMPTS`` the job is dead
and shown. A process that is killed loses nothing: its claim runs out. What is *not* here: the kinds
(``job_kinds``), and who calls ``run_due`` when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlalchemy import Connection

from healthpassport.encoding import Json, dump_text, parse_json_object
from healthpassport.errors import PassportError, ServiceError
from issuer.store import jobs as rows
from issuer.store.again import tried_again
from issuer.store.jobs import JobRow, JobState

from .context import IssuerContext

LEASE: Final = 300  # seconds that a job may take before another process tries it
AT_ONCE: Final = 20  # jobs of one claim, where a kind does several together
HELD: Final = 120  # seconds after which what is left of a claim is given back
MAX_ATTEMPTS: Final = 8
FIRST_PAUSE: Final = 5  # seconds before the second try; each further pause is four times as long
LONGEST_PAUSE: Final = 3_600
KEPT: Final = 7 * 86_400  # seconds that an ended job is shown
CRASHED: Final = "job.crashed"
_ID_LENGTH: Final = 22  # characters of base64url: 132 random bits


@dataclass(frozen=True, slots=True)
class Job:
    """A job that is being done now, by the holder of ``claim``."""

    id: str
    kind: str
    payload: Mapping[str, Json]
    attempts: int
    claim: str

    @property
    def is_last_try(self) -> bool:
        """Whether a failure now is the last one."""
        return self.attempts >= MAX_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Left:
    """A job that was not done with the others: with the code of why, or to be done alone."""

    job: Job
    problem: str | None = None


Work: TypeAlias = Callable[[IssuerContext, Job], None]
Together: TypeAlias = Callable[[IssuerContext, Sequence[Job]], Sequence[Left]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What jobs of one kind do.

    ``ends_itself`` where ``work`` calls ``finish`` in the transaction that keeps what it did, and
    so does it exactly once. ``gives_up`` is told of a job that failed for the last time.
    ``together`` does several jobs that nobody has tried yet, ends them in the one transaction that
    keeps what they did, and returns the others; one that was tried before is done alone, so that
    a job that kills its process takes no other down twice.
    """

    work: Work
    ends_itself: bool = False
    gives_up: Callable[[IssuerContext, Connection, Job, str], None] | None = None
    together: Together | None = None


def enqueue(
    issuer: IssuerContext,
    tx: Connection,
    kind: str,
    payload: Mapping[str, Json],
    *,
    run_at: int | None = None,
    key: str | None = None,
) -> bool:
    """Let a job of ``kind`` wait, from ``run_at`` on (seconds since 1970; None for now).

    It is there once ``tx`` is committed. False where a job with this ``key`` was enqueued before.
    """
    return enqueue_all(issuer, tx, kind, [(payload, key)], run_at=run_at) == 1


def enqueue_all(
    issuer: IssuerContext,
    tx: Connection,
    kind: str,
    wanted: Iterable[tuple[Mapping[str, Json], str | None]],
    *,
    run_at: int | None = None,
) -> int:
    """As ``enqueue`` for many payloads, each with its key; how many were added."""
    now = issuer.now()
    made = [
        JobRow(
            id=issuer.secret()[:_ID_LENGTH],
            kind=kind,
            payload=dump_text(dict(payload)),
            key=key,
            state=JobState.WAITING,
            attempts=0,
            run_at=now if run_at is None else run_at,
            claim=None,
            claimed_until=None,
            problem=None,
            created_at=now,
            ended_at=None,
        )
        for payload, key in wanted
    ]
    return rows.add(tx, made)


def run_due(
    issuer: IssuerContext, kinds: Mapping[str, Kind], *, stop: Callable[[], bool] = lambda: False
) -> int:
    """Do what is due until nothing is or ``stop`` says so; how many jobs."""
    done = 0
    several = frozenset(name for name, kind in kinds.items() if kind.together is not None)
    while not stop() and (claimed := _claimed(issuer, several)):
        done += _run_all(issuer, claimed, kinds, stop)
    return done


def finish(issuer: IssuerContext, tx: Connection, job: Job) -> None:
    """Note in ``tx``, with what it did, that ``job`` is done.

    Raises:
        ServiceError: ``job.lost`` where another process has it by now; ``tx`` must not be kept.
    """
    finish_all(issuer, tx, [job])


def finish_all(issuer: IssuerContext, tx: Connection, done: Sequence[Job]) -> None:
    """As ``finish``, for jobs of one claim.

    Raises:
        ServiceError: ``job.lost`` where another process has one of them by now.
    """
    if not rows.end(tx, [job.id for job in done], done[0].claim, issuer.now()):
        raise ServiceError("job.lost")


def all_jobs(
    issuer: IssuerContext, *, state: JobState | None = None, limit: int = 100
) -> tuple[JobRow, ...]:
    """The newest jobs, of one state or of all."""
    with issuer.store.reading() as tx:
        return rows.newest(tx, state=state, limit=limit)


def job_counts(issuer: IssuerContext) -> dict[str, int]:
    """How many jobs there are in each state."""
    with issuer.store.reading() as tx:
        return rows.counts(tx)


@tried_again
def retry(issuer: IssuerContext, job: str) -> None:
    """Let a dead job run again.

    Raises:
        ServiceError: ``job.unknown``, ``job.not_dead``.
    """
    with issuer.store.writing() as tx:
        if rows.find(tx, job) is None:
            raise ServiceError("job.unknown")
        if not rows.revive(tx, job, issuer.now()):
            raise ServiceError("job.not_dead")


@tried_again
def forget_ended(issuer: IssuerContext) -> None:
    """Forget what ended long ago."""
    with issuer.store.writing() as tx:
        rows.forget(tx, issuer.now() - KEPT)


@tried_again
def _claimed(issuer: IssuerContext, several: frozenset[str] = frozenset()) -> tuple[Job, ...]:
    with issuer.store.reading() as tx:  # a look that holds nobody up, where mostly nothing is due
        if not rows.is_due(tx, issuer.now()):
            return ()
    token, now = issuer.secret(), issuer.now()
    claim = rows.Claim(token, now, now + LEASE)
    with issuer.store.writing() as tx:
        found = rows.claim(tx, claim, several=several, limit=AT_ONCE)
    return tuple(
        Job(row.id, row.kind, parse_json_object(row.payload.encode()), row.attempts, token)
        for row in found
    )


def _run_all(
    issuer: IssuerContext,
    claimed: Sequence[Job],
    kinds: Mapping[str, Kind],
    stop: Callable[[], bool],
) -> int:
    until = issuer.now() + HELD
    kind = kinds.get(claimed[0].kind)
    left: Sequence[Left] = [Left(job) for job in claimed]
    if len(claimed) > 1 and kind is not None and kind.together is not None:
        with suppress(PassportError):  # each tells for itself what is wrong
            left = kind.together(issuer, claimed)
    for place, one in enumerate(left):
        if place and (stop() or issuer.now() > until):
            _give_back(issuer, [later.job for later in left[place:]])
            return len(claimed) - len(left) + place
        if one.problem is None:
            _run(issuer, one.job, kinds)
        else:
            _failed(issuer, one.job, kind, one.problem)
    return len(claimed)


@tried_again
def _give_back(issuer: IssuerContext, claimed: Sequence[Job]) -> None:
    """Let others do what was claimed and not begun."""
    with issuer.store.writing() as tx:
        rows.give_back(tx, [job.id for job in claimed], claimed[0].claim)


def _run(issuer: IssuerContext, job: Job, kinds: Mapping[str, Kind]) -> None:
    kind = kinds.get(job.kind)
    try:
        if kind is None:
            raise ServiceError("job.kind", "a newer release made it")
        if job.attempts > MAX_ATTEMPTS:  # it was never told how the tries before ended
            raise ServiceError(CRASHED)
        kind.work(issuer, job)
        if not kind.ends_itself:
            with issuer.store.writing() as tx:
                finish(issuer, tx, job)
    except PassportError as error:
        if error.code != "job.lost":
            _failed(issuer, job, kind, error.code)


@tried_again
def _failed(issuer: IssuerContext, job: Job, kind: Kind | None, code: str) -> None:
    with issuer.store.writing() as tx:
        if job.is_last_try:
            dead: dict[str, str | int | None] = {
                "state": JobState.DEAD.value,
                "ended_at": issuer.now(),
                "problem": code,
            }
            if rows.settle(tx, job.id, job.claim, **dead) and kind and kind.gives_up:
                kind.gives_up(issuer, tx, job, code)
            return
        pause = min(FIRST_PAUSE * 4 ** (job.attempts - 1), LONGEST_PAUSE)
        rows.settle(
            tx,
            job.id,
            job.claim,
            state=JobState.WAITING.value,
            run_at=issuer.now() + pause,
            problem=code,
            claim=None,
        )
