"""Offers by the hundred: planned, started, followed, cancelled, and their results told once.

Rules: the operator sees each line's fate by its number; whom it is about stands sealed in the
database and nowhere in a log; link and PIN are sealed for a key that the operator made, and gone
from here once told. What is *not* here: the list itself (``bulk_lines``), one line's work
(``bulk_work``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from healthpassport.audit import Actor
from healthpassport.encoding import Json, dump_text, parse_json_object
from healthpassport.errors import (
    EncodingError,
    JoseError,
    KeyMaterialError,
    ServiceError,
    SourceError,
)
from healthpassport.jose import jwe
from healthpassport.keys import PublicKey, SoftwareSigner, public_key_from_jwk
from healthpassport.summary import issued_types
from issuer.store import bulk as rows
from issuer.store.again import tried_again
from issuer.store.bulk import Bulk, BulkLine, BulkState, LineState

from .bulk_lines import Line
from .bulk_work import LINE, by_operator, end_if_done, purpose, read_line
from .context import IssuerContext
from .jobs import enqueue_all
from .queue_key import queue_key
from .sealing import seal
from .sources import kind_of

_ID_LENGTH: Final = 22  # characters of base64url: 132 random bits
_PUBLIC: Final = frozenset({"kty", "crv", "x", "y"})  # RFC 7518 section 6.2.1


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would make of one line: record types, or the code of why nothing.

    ``warnings`` are codes of what whoever gives the PIN is to know.
    """

    line: int
    record_types: tuple[str, ...]
    problem: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """A run, how many of its lines are in each state, and the refused lines with their codes."""

    bulk: Bulk
    counts: Mapping[str, int]
    refused: tuple[tuple[int, str], ...]

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Result:
    """The link and the PIN of one line, which travel apart; ``warnings`` as of ``Planned``."""

    line: int
    offer: str
    link: str = field(repr=False)
    pin: str = field(repr=False)
    expires_at: str
    warnings: tuple[str, ...] = ()


def plan(
    issuer: IssuerContext,
    lines: Sequence[Line],
    *,
    wanted: tuple[str, ...] = (),
    source: str | None = None,
    who: Actor | None = None,
) -> Iterator[Planned]:
    """What a run would make of each line, read now; nothing is offered or kept.

    ``who`` asks, where that is not the issuer's own command.

    Raises:
        SourceError: ``offer.record_type``, ``source.none`` for a ``source`` that is not here. What
            a line is refused for stands with it.
    """
    check_types(wanted)
    _check_source(issuer, source)
    for line in lines:
        yield plan_line(issuer, line, wanted=wanted, source=source)
    note_planned(issuer, len(lines), who=who or issuer.audit.own)


def plan_line(
    issuer: IssuerContext, line: Line, *, wanted: tuple[str, ...], source: str | None = None
) -> Planned:
    """What a run would make of one line, read now."""
    try:
        summary, _, warnings = read_line(issuer, line, wanted=wanted, source=source)
    except SourceError as error:
        return Planned(line.number, (), error.code)
    given = tuple(record.type for record in summary.records)
    chosen = tuple(name for name in given if not wanted or name in wanted)
    missing = not chosen or not set(wanted) <= set(chosen)
    return Planned(line.number, chosen, "offer.nothing" if missing else None, warnings)


def note_planned(issuer: IssuerContext, people: int, *, who: Actor) -> None:
    """Say in the trail that ``who`` planned a run for so many."""
    with issuer.store.writing() as tx:
        issuer.audit.write("bulk.planned", who=who, tx=tx, records=0, people=people)


@tried_again
def start(
    issuer: IssuerContext,
    lines: Sequence[Line],
    *,
    client: str,
    recipient: Mapping[str, Json],
    wanted: tuple[str, ...] = (),
    source: str | None = None,
    days: int | None = None,
    who: Actor | None = None,
) -> str:
    """Let every line be offered in the background; the id of the run.

    Args:
        issuer: the issuer.
        lines: whom to offer.
        client: to whom the offers belong.
        recipient: public JWK (``recipient_of``) that links and PINs are sealed for.
        wanted: record types; none for all that the source gives.
        source: which source; None for the one that is meant where none is named.
        days: until the offers expire; None for the setting.
        who: starts it, where that is not the client itself.

    Raises:
        SourceError: ``offer.record_type``, ``source.none`` for a ``source`` that is not here.
        SettingsError: ``issuer.queue_key``. JoseError: for a recipient that is none.
    """
    check_types(wanted)
    _check_source(issuer, source)
    jwe.check_recipient(recipient, "A128GCM")
    key, bulk = queue_key(issuer), issuer.secret()[:_ID_LENGTH]
    made = Bulk(
        id=bulk,
        client=client,
        state=BulkState.RUNNING,
        source=source,
        wanted=dump_text({"types": list(wanted)}),
        days=days or issuer.settings.bulk_offer_days,
        recipient=dump_text(dict(recipient)),
        created_at=issuer.now(),
    )
    kept = [
        BulkLine(
            bulk,
            line.number,
            LineState.WAITING,
            seal(line.wire(), secret=key, purpose=purpose(bulk, line.number), random=issuer.random),
        )
        for line in lines
    ]
    with issuer.store.writing() as tx:
        rows.add(tx, made, kept)
        enqueue_all(issuer, tx, LINE, ((_payload(one), _job_key(bulk, one.line)) for one in kept))
        issuer.audit.write(
            "bulk.started",
            who=who or by_operator(issuer, client),
            tx=tx,
            subject=bulk,
            people=len(lines),
        )
    return bulk


def progress(issuer: IssuerContext, bulk: str) -> Progress:
    """How far a run is.

    Raises:
        ServiceError: ``bulk.unknown``.
    """
    end_if_done(issuer, bulk)
    with issuer.store.reading() as tx:
        found = _found(rows.find(tx, bulk))
        refused = rows.lines(tx, bulk, state=LineState.REFUSED)
        return Progress(
            found, rows.counts(tx, bulk), tuple((one.line, one.problem or "") for one in refused)
        )


def all_bulks(issuer: IssuerContext, *, limit: int = 100) -> tuple[Bulk, ...]:
    """The newest runs."""
    with issuer.store.reading() as tx:
        return rows.newest(tx, limit)


@tried_again
def cancel(issuer: IssuerContext, bulk: str, *, who: Actor | None = None) -> None:
    """Offer no further line; what was offered stays, and can be told or withdrawn.

    ``who`` ends it, where that is not the issuer's own command.

    Raises:
        ServiceError: ``bulk.unknown``, ``bulk.over``.
    """
    with issuer.store.writing() as tx:
        _found(rows.find(tx, bulk))
        if not rows.end(tx, bulk, BulkState.CANCELLED, issuer.now()):
            raise ServiceError("bulk.over")
        waiting = rows.lines(tx, bulk, state=LineState.WAITING)
        keys = [_job_key(bulk, one.line) for one in waiting]
        rows.cancel_waiting(tx, bulk, keys, issuer.now())
        by = who or issuer.audit.own
        issuer.audit.write("bulk.cancelled", who=by, tx=tx, subject=bulk)


def results(issuer: IssuerContext, bulk: str, *, key: SoftwareSigner) -> tuple[Result, ...]:
    """The links and PINs that were not told yet, opened with the operator's key.

    They stay until ``forget_results``: they are to be safe with the operator first.

    Raises:
        ServiceError: ``bulk.unknown``, ``bulk.key`` where they were sealed for another key.
    """
    with issuer.store.reading() as tx:
        _found(rows.find(tx, bulk))
        offered = rows.lines(tx, bulk, state=LineState.OFFERED)
    kid = key.public_key.thumbprint()
    private = {name: value for name, value in key.private_jwk().items() if name != "alg"}
    opener = jwe.EncryptionKey(kid, {**private, "kid": kid})
    return tuple(_opened(one, opener) for one in offered)


@tried_again
def forget_results(issuer: IssuerContext, bulk: str, told: Sequence[Result]) -> None:
    """The operator has them: nothing here opens these offers any more."""
    with issuer.store.writing() as tx:
        rows.forget_results(tx, bulk, [one.line for one in told])
    issuer.store.wipe()


def recipient_of(key: SoftwareSigner) -> dict[str, Json]:
    """The public JWK that results are sealed for, of the operator's ``key`` (P-256)."""
    return _recipient(key.public_key)


def parse_recipient(text: str) -> dict[str, Json]:
    """The public JWK that an operator brought as JSON, as ``recipient_of`` writes it.

    Raises:
        ServiceError: ``bulk.recipient`` for anything else, also for a private key.
    """
    try:
        told = parse_json_object(text.encode())
        if "d" in told:
            raise ServiceError("bulk.recipient", "this is the private key")
        made = _recipient(public_key_from_jwk({n: v for n, v in told.items() if n in _PUBLIC}))
        jwe.check_recipient(made, "A128GCM")
    except (EncodingError, JoseError, KeyMaterialError) as error:
        raise ServiceError("bulk.recipient") from error
    return made


def check_types(wanted: tuple[str, ...]) -> None:
    """Refuse record types that are none, or that stand there twice.

    Raises:
        SourceError: ``offer.record_type``.
    """
    if len(set(wanted)) != len(wanted) or not set(wanted) <= set(issued_types()):
        raise SourceError("offer.record_type")


def _check_source(issuer: IssuerContext, source: str | None) -> None:
    if source is not None:
        kind_of(issuer, source)


def _recipient(public: PublicKey) -> dict[str, Json]:
    plain = {name: value for name, value in public.jwk().items() if name != "alg"}
    return {**plain, "kid": public.thumbprint(), "use": "enc", "alg": jwe.ALGORITHM}


def _opened(line: BulkLine, key: jwe.EncryptionKey) -> Result:
    try:
        told = parse_json_object(jwe.decrypt(line.result or "", private_key=key))
    except JoseError as error:
        raise ServiceError("bulk.key") from error
    warnings = told.get("warnings")  # results of an older issuer have none
    return Result(
        line.line,
        line.offer or "",
        str(told["link"]),
        str(told["pin"]),
        str(told["expires_at"]),
        tuple(map(str, warnings)) if isinstance(warnings, list | tuple) else (),
    )


def _payload(line: BulkLine) -> dict[str, Json]:
    return {"bulk": line.bulk, "line": line.line}


def _job_key(bulk: str, line: int) -> str:
    return f"bulk:{bulk}:{line}"


def _found(bulk: Bulk | None) -> Bulk:
    if bulk is None:
        raise ServiceError("bulk.unknown")
    return bulk
