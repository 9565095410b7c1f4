"""Something wrong? What patients report of their records, and the practice's answer.

Rules: a report comes sealed for the practice's key, which the server does not have; it is kept
until it is answered, then its words are erased; an answer is sealed for the wallet that asked.
While a report is open, what is issued of that record says that it is disputed. A wallet names its
own report, so that sending twice is sending once. What is *not* here: changing the notes.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from sqlalchemy import Connection

from healthpassport.audit import Actor
from healthpassport.encoding import Json, dump_json, dump_text, parse_json_object
from healthpassport.errors import (
    EncodingError,
    JoseError,
    KeyMaterialError,
    ServiceError,
    SettingsError,
)
from healthpassport.jose import jwe
from healthpassport.keys import load_file_signer, public_key_from_jwk
from healthpassport.summary import issued_types
from issuer.settings import Settings
from issuer.store import Report, ReportState, grants, reports
from issuer.store.again import tried_again
from issuer.store.grants import Grant

from .context import IssuerContext
from .disputes import is_disputed
from .holding import CopyPlace, grant_of, issuance_at
from .key_schedule import first_line
from .tokens import Access

REPORTS_PATH: Final = "/holder/reports"
DISPUTED: Final = "disputed"
MAX_OPEN: Final = 20  # of one patient
MAX_SEALED: Final = 16_384  # characters: MAX_WORDS in the widest letters, sealed
MAX_WORDS: Final = 2_000  # characters of a report or an answer
ANSWERS_KEPT: Final = timedelta(days=90)  # a wallet that comes monthly reads its answer in time


class Result(StrEnum):
    """What the practice made of a report."""

    CORRECTED = "corrected"
    NOT_CHANGED = "not_changed"


class ReportRequest(BaseModel):
    """A report as a wallet sends it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
    record_type: Annotated[str, Field(max_length=100)]
    sealed: Annotated[str, Field(min_length=1, max_length=MAX_SEALED)]
    reply_key: Mapping[str, JsonValue]
    copy_place: Annotated[CopyPlace | None, Field(alias="copy")] = None


class AnswerRequest(BaseModel):
    """The practice's answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Annotated[Result, Field(strict=False)]
    words: Annotated[str, Field(min_length=1, max_length=MAX_WORDS)]


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """A report with the patient's words, at the practice's own console."""

    report: Report
    words: str


def parse_report(body: bytes) -> ReportRequest:
    """The report in JSON ``body``.

    Raises:
        ServiceError: ``http.invalid``.
    """
    try:
        return ReportRequest.model_validate(parse_json_object(body))
    except (ValidationError, EncodingError) as error:
        raise ServiceError("http.invalid", "send id, record_type, sealed, reply_key") from error


def parse_answer(body: bytes) -> AnswerRequest:
    """The answer in JSON ``body``.

    Raises:
        ServiceError: ``http.invalid``.
    """
    try:
        return AnswerRequest.model_validate(parse_json_object(body))
    except (ValidationError, EncodingError) as error:
        raise ServiceError("http.invalid", "send outcome and words") from error


def reports_jwk(settings: Settings) -> dict[str, Json] | None:
    """The public key that reports are sealed for; None where the practice takes none.

    Raises:
        SettingsError: ``issuer.settings``.
    """
    if settings.reports_jwk is None:
        return None
    try:
        jwk = parse_json_object(settings.reports_jwk.read_bytes())
        return _named(jwk)
    except (OSError, EncodingError, KeyMaterialError) as error:
        raise SettingsError("issuer.settings", "reports_jwk cannot be read") from error


@tried_again
def take_report(issuer: IssuerContext, access: Access, asked: ReportRequest) -> Report:
    """Keep a report of the holder; one with an id that is there is told again.

    After a newer offer the same wallet tells it under the new grant, and it stands there from then
    on: a second one would ask staff twice.

    Raises:
        ServiceError: ``forbidden``, ``report.not_taken``, ``report.key``, ``report.too_many``,
            ``grant.not_yours``, ``http.invalid``.
    """
    key = reports_jwk(issuer.settings)
    if key is None:
        raise ServiceError("report.not_taken")
    reply_key = _reply_key(asked.reply_key)
    _check_sealed(asked, key)
    now = issuer.now()
    with issuer.store.writing() as tx:
        grant = grant_of(tx, access)
        known = reports.find(tx, asked.id)
        if known is not None:
            return _told_again(tx, known, asked, grant=grant, reply_key=reply_key)
        if reports.open_of_line(tx, grant.root) >= MAX_OPEN:
            raise ServiceError("report.too_many")
        made = Report(
            id=asked.id,
            root=grant.root,
            client=grant.client,
            record_type=asked.record_type,
            issuance=_issuance(issuer, tx, asked.copy_place, grant.root),
            state=ReportState.OPEN,
            made_at=now,
            due_at=due_by(now),
            sealed=asked.sealed,
            reply_key=reply_key,
        )
        reports.add(tx, made)
        issuer.audit.write(
            "report.made",
            who=issuer.audit.wallet,
            tx=tx,
            subject=made.id,
            type=made.record_type,
        )
    return made


def _told_again(
    tx: Connection, known: Report, asked: ReportRequest, *, grant: Grant, reply_key: str
) -> Report:
    """``known``, which the wallet that made it tells again, maybe under another line of grants.

    It is that wallet's where it names the key of its own for the answer; an answer is sealed for
    that key, so that the unguessable id does then.
    """
    if known.root == grant.root:
        return known
    mine = known.state is not ReportState.OPEN or known.reply_key == reply_key
    if not mine or known.record_type != asked.record_type:
        raise ServiceError("http.invalid", "choose another id")
    reports.change(tx, known.id, root=grant.root, client=grant.client, issuance=None)
    return replace(known, root=grant.root, client=grant.client, issuance=None)


def held_reports(issuer: IssuerContext, access: Access) -> tuple[Report, ...]:
    """The holder's own reports.

    Raises:
        ServiceError: ``forbidden``.
    """
    with issuer.store.reading() as tx:
        return reports.of_line(tx, grant_of(tx, access).root)


def all_reports(
    issuer: IssuerContext, *, client: str | None = None, answered: bool = False
) -> tuple[Report, ...]:
    """Reports of one API client or of all, the soonest due first; none names a person."""
    with issuer.store.reading() as tx:
        return reports.waiting_first(tx, client=client, answered=answered)


def one_report(issuer: IssuerContext, report: str, *, client: str | None = None) -> Report:
    """The report with this id.

    Raises:
        ServiceError: ``report.unknown``, ``forbidden``.
    """
    with issuer.store.reading() as tx:
        return _found(tx, report, client)


def open_report(issuer: IssuerContext, report: str, *, who: Actor | None = None) -> OpenedReport:
    """The report with its words, opened with the practice's private key, for ``who``.

    Raises:
        ServiceError: ``report.unknown``, ``report.answered``, ``report.unreadable``.
        SettingsError: ``issuer.settings``. KeyMaterialError: when the key cannot be loaded.
    """
    found = one_report(issuer, report)
    if found.sealed is None:
        raise ServiceError("report.answered")
    settings = issuer.settings
    if settings.reports_key is None:
        raise ServiceError("report.unreadable", "PASSPORT_ISSUER_REPORTS_KEY is not set")
    path = settings.reports_key_passphrase_file
    signer = load_file_signer(settings.reports_key, None if path is None else first_line(path))
    kid = signer.public_key.thumbprint()
    private = {k: v for k, v in signer.private_jwk().items() if k != "alg"}
    key = jwe.EncryptionKey(kid, {**private, "kid": kid})
    try:
        opened = jwe.decrypt(found.sealed, private_key=key)
        words = parse_json_object(opened).get("words")
    except (JoseError, EncodingError) as error:
        raise ServiceError("report.unreadable", error.code) from error
    if not isinstance(words, str):
        raise ServiceError("report.unreadable", "it holds no words")
    issuer.audit.write("report.read", who=who or issuer.audit.operator, subject=found.id)
    return OpenedReport(found, words[:MAX_WORDS])


@tried_again
def answer_report(
    issuer: IssuerContext,
    report: str,
    answer: AnswerRequest,
    *,
    client: str | None = None,
    who: Actor | None = None,
) -> Report:
    """Answer a report: its words are erased, and what is issued from now on is not disputed.

    Raises:
        ServiceError: ``report.unknown``, ``forbidden``, ``report.answered``.
    """
    with issuer.store.writing() as tx:
        found = _found(tx, report, client)
        if found.state is not ReportState.OPEN or found.reply_key is None:
            raise ServiceError("report.answered")
        sealed = jwe.encrypt(
            dump_json({"words": answer.words}), recipient_jwk=parse_json_object(found.reply_key)
        )
        reports.change(
            tx,
            found.id,
            state=ReportState.ANSWERED.value,
            outcome=answer.outcome.value,
            answered_at=issuer.now(),
            answer=sealed,
            sealed=None,
            reply_key=None,
        )
        issuer.audit.write(
            "report.answered",
            who=who or issuer.audit.by(client),
            tx=tx,
            subject=found.id,
            outcome=answer.outcome.value,
        )
        answered = _found(tx, report, client)
    issuer.store.wipe()
    return answered


def with_dispute(
    tx: Connection, access: Access, record_type: str, payload: Mapping[str, Json]
) -> dict[str, Json]:
    """``payload`` with the warning that it is disputed, where a report of it is open."""
    grant = access.offer.grant
    types = frozenset[str]() if grant is None else reports.disputed_types_of(tx, grant)
    if not is_disputed(record_type, types):
        return dict(payload)
    warnings = payload.get("warnings")
    known = list(warnings) if isinstance(warnings, list | tuple) else []
    return {**payload, "warnings": [*(one for one in known if one != DISPUTED), DISPUTED]}


def due_by(made: int) -> int:
    """One calendar month later, when an answer is due (clinical.md, to be confirmed)."""
    moment = datetime.fromtimestamp(made, UTC)
    year, month = divmod(moment.year * 12 + moment.month, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return int(moment.replace(year=year, month=month + 1, day=min(moment.day, last)).timestamp())


def _named(jwk: Mapping[str, Json]) -> dict[str, Json]:
    key = public_key_from_jwk({k: v for k, v in jwk.items() if k in {"kty", "crv", "x", "y"}})
    plain = {k: v for k, v in key.jwk().items() if k in {"kty", "crv", "x", "y"}}
    return {**plain, "kid": key.thumbprint(), "use": "enc", "alg": jwe.ALGORITHM}


def _reply_key(jwk: Mapping[str, Json]) -> str:
    """The public part of ``jwk`` alone, whatever else was sent."""
    try:
        named = _named(jwk)
    except KeyMaterialError as error:
        raise ServiceError("http.invalid", "reply_key is no public key") from error
    if named.get("crv") != jwe.CURVE:
        raise ServiceError("http.invalid", f"reply_key is not of {jwe.CURVE}")
    return dump_text(named)


def _check_sealed(asked: ReportRequest, key: Mapping[str, Json]) -> None:
    if asked.record_type not in issued_types():
        raise ServiceError("http.invalid", "record_type is unknown")
    try:
        header = jwe.read_header(asked.sealed, max_bytes=MAX_SEALED)
    except (JoseError, EncodingError) as error:
        raise ServiceError("http.invalid", error.code) from error
    if header.get("kid") != key["kid"]:
        raise ServiceError("report.key")


def _issuance(
    issuer: IssuerContext, tx: Connection, place: CopyPlace | None, root: str
) -> str | None:
    if place is None:
        return None
    found = issuance_at(issuer, tx, place)
    if found is None or grants.root_of_issuance(tx, found) != root:
        raise ServiceError("grant.not_yours")
    return found


def _found(tx: Connection, report: str, client: str | None) -> Report:
    found = reports.find(tx, report)
    if found is None:
        raise ServiceError("report.unknown")
    if client is not None and found.client != client:
        raise ServiceError("forbidden")
    return found
