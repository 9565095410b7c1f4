"""One line of a bulk run: read, offered, and its link and PIN sealed for the operator.

The offer, the line and the end of the job are one transaction, so that a line is offered once
however often it is tried. What is *not* here: the run as a whole (``bulk``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from healthpassport.audit import Actor
from healthpassport.encoding import dump_json, parse_json_object
from healthpassport.errors import ServiceError, SourceError
from healthpassport.jose import jwe
from healthpassport.summary import PatientSummary
from issuer.store import bulk as rows
from issuer.store.again import tried_again
from issuer.store.bulk import Bulk, BulkState, LineState
from issuer.store.joined import JoinedStore

from .bulk_lines import Line
from .context import IssuerContext
from .jobs import Job, finish
from .offers import NewOffer, offer_summary, read_source
from .queue_key import queue_key
from .sealing import unseal
from .sources import SourceReference
from .whose import Whose, check_found, named_by

LINE: Final = "bulk.line"
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


def purpose(bulk: str, line: int) -> str:
    """What whom a line is about is sealed for."""
    return f"bulk {bulk} {line}"


def read_line(
    issuer: IssuerContext, line: Line, *, wanted: tuple[str, ...], source: str | None
) -> tuple[PatientSummary, SourceReference]:
    """What the source says of the person of ``line`` now.

    Raises:
        SourceError: as ``offers.read_source``, ``whose.named_by`` and ``whose.check_found``.
    """
    whose = Whose(
        wanted=wanted,
        subject=line.subject or None,
        name=line.source or None,
        person=line.person,
        kind=source,
    )
    named = named_by(issuer, whose)
    read = read_source(
        issuer, name=named.name or "", wanted=wanted, subject=named.subject, kind=source
    )
    check_found(read[0], line.person)
    return read


def offer_line(issuer: IssuerContext, job: Job) -> None:
    """Offer one line, or note why not.

    Raises:
        SourceError: one of ``PASSING``, to be tried again. ServiceError: ``job.lost``.
    """
    with issuer.store.reading() as tx:
        bulk = rows.find(tx, str(job.payload["bulk"]))
        kept = None if bulk is None else rows.line(tx, bulk.id, _number(job))
    if bulk is None or kept is None or kept.sealed is None:
        with issuer.store.writing() as tx:  # cancelled, or done in a try that was thought lost
            finish(issuer, tx, job)
        return
    wanted = tuple(str(name) for name in _listed(bulk.wanted))
    try:
        opened = unseal(kept.sealed, secret=queue_key(issuer), purpose=purpose(bulk.id, kept.line))
        line = Line.parse(kept.line, opened)
        summary, reference = read_line(issuer, line, wanted=wanted, source=bulk.source)
        _offered(issuer, job, bulk, summary, reference)
    except SourceError as error:
        if error.code in PASSING:
            raise
        _refused(issuer, job, error.code)
    end_if_done(issuer, bulk.id)


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


@tried_again
def _offered(
    issuer: IssuerContext,
    job: Job,
    bulk: Bulk,
    summary: PatientSummary,
    reference: SourceReference,
) -> None:
    store = JoinedStore(issuer.store.engine)
    minutes = bulk.days * _DAY_MINUTES
    joined = replace(
        issuer,
        store=store,
        audit=issuer.audit.over(store),
        settings=issuer.settings.model_copy(update={"offer_minutes": minutes}),
    )
    with store.together():
        made = offer_summary(
            joined,
            client=bulk.client,
            summary=summary,
            wanted=reference.wanted,
            reference=reference,
            who=by_operator(issuer, bulk.client),
        )
        with store.writing() as tx:
            told = {
                "state": LineState.OFFERED.value,
                "offer": made.id,
                "result": _sealed(made, bulk),
            }
            if not rows.settle(tx, bulk.id, _number(job), **told):
                raise ServiceError("job.lost")  # cancelled meanwhile: no offer is kept
            finish(issuer, tx, job)


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


def _sealed(made: NewOffer, bulk: Bulk) -> str:
    told = {"link": made.link, "pin": made.pin, "expires_at": made.expires_at.isoformat()}
    recipient = parse_json_object(bulk.recipient.encode())
    return jwe.encrypt(dump_json(dict(told)), recipient_jwk=recipient)


def _number(job: Job) -> int:
    return int(str(job.payload["line"]))


def _listed(text: str) -> tuple[object, ...]:
    value = parse_json_object(text.encode())["types"]
    return tuple(value) if isinstance(value, list | tuple) else ()
