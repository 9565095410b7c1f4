"""Lines of a bulk run: read, offered, and link and PIN sealed for the operator.

Offers, lines and the end of their jobs are one transaction, so that a line is offered once however
often it is tried; some lines are offered together, which spares each its own. What is *not* here:
the run as a whole (``bulk``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from healthpassport.audit import Actor
from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import ServiceError, SourceError
from healthpassport.jose import jwe
from healthpassport.summary import PatientSummary
from issuer.store import bulk as rows
from issuer.store.again import tried_again
from issuer.store.bulk import Bulk, BulkLine, BulkState, LineState

from .bulk_lines import Line
from .context import IssuerContext
from .jobs import Job, Left, finish, finish_all
from .offers import NewOffer, PreparedOffer, keep_offers, prepare_offer, read_source
from .queue_key import queue_key
from .sealing import unseal
from .sources import SourceReference
from .verified_numbers import number_warnings
from .whose import Whose, check_found, named_by

LINE: Final = "bulk.line"
READING: Final = 30  # seconds of reading sources before what was read is offered
_DAY_MINUTES: Final = 24 * 60
# What may be better at the next try; every other refusal stays one.
PASSING: Final = frozenset(
    {
        "source.later",
        "source.unreachable",
        "source.timeout",
        "source.busy",
        "source.sign_in",
        "source.answer",
        "source.incomplete",
        "source.unreadable",
    }
)


@dataclass(frozen=True, slots=True)
class _Made:
    """An offer that is not kept yet, and its line as it is then."""

    offer: PreparedOffer
    line: BulkLine


def purpose(bulk: str, line: int) -> str:
    """What whom a line is about is sealed for."""
    return f"bulk {bulk} {line}"


def wanted_of(bulk: Bulk) -> tuple[str, ...]:
    """The record types of a run; none for all that the source gives."""
    return tuple(str(name) for name in _listed(bulk.wanted))


def read_line(
    issuer: IssuerContext, line: Line, *, wanted: tuple[str, ...], source: str | None
) -> tuple[PatientSummary, SourceReference, tuple[str, ...]]:
    """What the source says of the person of ``line`` now, and what whoever asked is to know.

    Raises:
        SourceError: as ``offers.read_source``, ``whose.named_by``, ``whose.check_found`` and
            ``verified_numbers.number_warnings``.
    """
    whose = Whose(
        wanted=wanted,
        subject=line.subject or None,
        name=line.source or None,
        person=line.person,
        kind=source,
    )
    named = named_by(issuer, whose)
    summary, reference = read_source(
        issuer, name=named.name or "", wanted=wanted, subject=named.subject, kind=source
    )
    check_found(summary, line.person)
    only = issuer.settings.verified_numbers_only
    warnings = number_warnings(summary, person=line.person, verified_only=only)
    return summary, reference, warnings


def offer_line(issuer: IssuerContext, job: Job) -> None:
    """Offer one line, or note why not.

    Raises:
        SourceError: one of ``PASSING``, to be tried again. ServiceError: ``job.lost``.
    """
    bulk, kept = _found(issuer, [job])
    line = kept.get(_number(job))
    if bulk is None or line is None or line.sealed is None:
        with issuer.store.writing() as tx:  # cancelled, or done in a try that was thought lost
            finish(issuer, tx, job)
        return
    try:
        made = _prepared(issuer, bulk, line)
    except SourceError as error:
        if error.code in PASSING:
            raise
        _refused(issuer, job, error.code)
    else:
        _kept(issuer, bulk, [made], [job])
    end_if_done(issuer, bulk.id)


def offer_lines(issuer: IssuerContext, claimed: Sequence[Job]) -> Sequence[Left]:
    """Offer the lines of ``claimed`` in one transaction; those that cannot be so are left."""
    of_one = [job for job in claimed if job.payload["bulk"] == claimed[0].payload["bulk"]]
    left = [Left(job) for job in claimed if job not in of_one]
    bulk, kept = _found(issuer, of_one)
    made: list[_Made] = []
    done: list[Job] = []
    until = issuer.now() + READING
    for job in of_one:
        line = kept.get(_number(job))
        if bulk is None or line is None or line.sealed is None or issuer.now() > until:
            left.append(Left(job))
            continue
        try:
            made.append(_prepared(issuer, bulk, line))
            done.append(job)
        except SourceError as error:
            if error.code in PASSING:
                left.append(Left(job, error.code))
            else:
                _refused(issuer, job, error.code)
    if bulk is not None:
        left += _kept_or_left(issuer, bulk, made, done)
        end_if_done(issuer, bulk.id)
    return left


def give_up(issuer: IssuerContext, tx: Connection, job: Job, code: str) -> None:
    """Note in ``tx`` that a line was tried for the last time."""
    bulk = str(job.payload["bulk"])
    rows.settle(tx, bulk, _number(job), state=LineState.REFUSED.value, problem=code)
    _end(issuer, tx, bulk)


@tried_again
def end_if_done(issuer: IssuerContext, bulk: str) -> None:
    """End a run of which no line waits any more."""
    with issuer.store.reading() as tx:
        if rows.waits(tx, bulk):
            return
    with issuer.store.writing() as tx:
        _end(issuer, tx, bulk)


def by_operator(issuer: IssuerContext, client: str) -> Actor:
    """Who the audit trail says made a run's offers: whoever started it."""
    return issuer.audit.by(client)


def _found(
    issuer: IssuerContext, of_one: Sequence[Job]
) -> tuple[Bulk | None, Mapping[int, BulkLine]]:
    """The run that the jobs are of, and their lines by number."""
    with issuer.store.reading() as tx:
        bulk = rows.find(tx, str(of_one[0].payload["bulk"]))
        if bulk is None:
            return None, {}
        found = rows.numbered(tx, bulk.id, [_number(job) for job in of_one])
    return bulk, {one.line: one for one in found}


def _prepared(issuer: IssuerContext, bulk: Bulk, kept: BulkLine) -> _Made:
    """What is offered for a line, and the line as it is once that is kept."""
    key = queue_key(issuer)
    opened = unseal(kept.sealed or b"", secret=key, purpose=purpose(bulk.id, kept.line))
    line = Line.parse(kept.line, opened)
    wanted = wanted_of(bulk)
    summary, reference, warnings = read_line(issuer, line, wanted=wanted, source=bulk.source)
    offer = prepare_offer(
        issuer,
        client=bulk.client,
        summary=summary,
        wanted=reference.wanted,
        reference=reference,
        minutes=bulk.days * _DAY_MINUTES,
    )
    result = _sealed(offer.told, bulk, warnings)
    return _Made(offer, replace(kept, offer=offer.row.id, result=result))


def _kept_or_left(
    issuer: IssuerContext, bulk: Bulk, made: Sequence[_Made], done: Sequence[Job]
) -> Sequence[Left]:
    if not made:
        return ()
    try:
        _kept(issuer, bulk, made, done)
    except ServiceError as error:
        if error.code != "job.lost":
            return [Left(job, error.code) for job in done]
        return [Left(job) for job in done]  # one of them was cancelled; each tells for itself
    return ()


@tried_again
def _kept(issuer: IssuerContext, bulk: Bulk, made: Sequence[_Made], done: Sequence[Job]) -> None:
    """Everything in one transaction: tried again it keeps the same offers."""
    with issuer.store.writing() as tx:
        who = by_operator(issuer, bulk.client)
        keep_offers(issuer, tx, [one.offer for one in made], who=who)
        if not rows.settle_offered(tx, bulk.id, [one.line for one in made]):
            raise ServiceError("job.lost")  # cancelled meanwhile: no offer is kept
        finish_all(issuer, tx, done)


@tried_again
def _refused(issuer: IssuerContext, job: Job, code: str) -> None:
    with issuer.store.writing() as tx:
        bulk = str(job.payload["bulk"])
        rows.settle(tx, bulk, _number(job), state=LineState.REFUSED.value, problem=code)
        finish(issuer, tx, job)


def _end(issuer: IssuerContext, tx: Connection, bulk: str) -> None:
    if rows.waits(tx, bulk) or not rows.end(tx, bulk, BulkState.ENDED, issuer.now()):
        return
    counted = rows.counts(tx, bulk)
    refused = counted.get(LineState.REFUSED.value, 0)
    issuer.audit.write(
        "bulk.ended",
        who=issuer.audit.own,
        tx=tx,
        subject=bulk,
        outcome="done",
        records=sum(counted.values()) - refused,
        failed=refused,
    )


def _sealed(made: NewOffer, bulk: Bulk, warnings: Sequence[str]) -> str:
    """Link and PIN, and beside them what whoever gives the PIN is to know."""
    expires_at = made.expires_at.isoformat()
    told: dict[str, Json] = {"link": made.link, "pin": made.pin, "expires_at": expires_at}
    recipient = parse_json_object(bulk.recipient.encode())
    return jwe.encrypt(dump_json({**told, "warnings": list(warnings)}), recipient_jwk=recipient)


def _number(job: Job) -> int:
    return int(str(job.payload["line"]))


def _listed(text: str) -> tuple[object, ...]:
    value = parse_json_object(text.encode())["types"]
    return tuple(value) if isinstance(value, list | tuple) else ()
