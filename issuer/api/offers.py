"""The routes that a practice's system uses with its API key: offers and statuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

import segno
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.audit import Actor
from healthpassport.encoding import Json, dump_json, parse_json, parse_json_object
from healthpassport.errors import ServiceError, SourceError
from healthpassport.status.reference import status_name
from issuer import service
from issuer.service.audit import API
from issuer.service.clients import Client, Role, authorise
from issuer.service.context import utc
from issuer.service.reports import parse_answer
from issuer.store import Issuance, Report

from .limits import RateLimit
from .rendering import json

FHIR_JSON: Final = "application/fhir+json"
MAX_REQUEST_BYTES: Final = 8 * 1_048_576  # as the body limit of /offers
MAX_BUNDLE_DEPTH: Final = 64  # FHIR nests deeper than protocol messages do
_MEMBERS: Final = frozenset({"bundle", "source", "sourceKind", "recordTypes", "subject"})
QR_SCALE: Final = 4  # pixels a module
_FAILED_KEYS_PER_SECOND: Final = 1.0  # wrong API keys that one address may try
_FAILED_KEYS_AT_ONCE: Final = 20


class StatusRequest(BaseModel):
    """What to do to an issuance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    change: Annotated[service.Change, Field(strict=False)]


@dataclass(frozen=True, slots=True)
class _Named:
    """A name in a source, and the kind of source where it is said."""

    name: str
    kind: str | None


def routes(issuer: service.IssuerContext, clients: tuple[Client, ...]) -> APIRouter:
    """The practice's routes of ``issuer``."""
    router = APIRouter(prefix=issuer.settings.path, tags=["Practice"])
    failures = RateLimit(_FAILED_KEYS_PER_SECOND, _FAILED_KEYS_AT_ONCE)

    def client_of(request: Request, role: Role) -> Client:
        try:
            return authorise(clients, _key(request), role)
        except ServiceError as error:
            who = Actor(issuer.settings.ods, API)
            issuer.audit.refused("api.refused", who=who, code=error.code, at_once=False)
            address = request.client.host if request.client else ""
            failures.take(address, issuer.clock())
            raise

    @router.post("/offers", status_code=201)
    async def make_offer(request: Request) -> Response:
        """Offer the records that a FHIR bundle gives; link, QR code and PIN are told once."""
        client = client_of(request, Role.OFFER)
        body = await request.body()
        made = await run_in_threadpool(_offer, issuer, client, body, request)
        return json(offer_body(made), status=201)

    @router.get("/issuances")
    async def issuances(request: Request) -> Response:
        """What was issued for this client's offers."""
        client = client_of(request, Role.STATUS)
        offer = request.query_params.get("offer")
        found = await run_in_threadpool(service.issued, issuer, offer=offer, client=client.name)
        return json({"issuances": [issuance_body(entry) for entry in found]})

    @router.post("/issuances/{issuance}/status")
    async def change_status(request: Request, issuance: str) -> Response:
        """Withdraw, suspend, reinstate or replace what was issued."""
        client = client_of(request, Role.STATUS)
        try:
            asked = StatusRequest.model_validate(parse_json_object(await request.body()))
        except ValidationError as error:
            raise ServiceError("http.invalid", 'send {"change": "withdraw"}') from error
        changed = await run_in_threadpool(
            service.change_status,
            issuer,
            issuance=issuance,
            change=asked.change,
            client=client.name,
        )
        return json(issuance_body(changed))

    _add_reports(router, issuer, client_of)
    return router


def _add_reports(
    router: APIRouter,
    issuer: service.IssuerContext,
    client_of: Callable[[Request, Role], Client],
) -> None:
    """What patients say is wrong; the words stay sealed for the practice's own key."""

    @router.get("/reports")
    async def reports(request: Request) -> Response:
        """The reports that wait for an answer, the soonest due first (``answered=1``: all)."""
        client = client_of(request, Role.STATUS)
        answered = request.query_params.get("answered") == "1"
        found = await run_in_threadpool(
            service.all_reports, issuer, client=client.name, answered=answered
        )
        return json({"reports": [staff_report(one) for one in found]})

    @router.get("/reports/{report}")
    async def report(request: Request, report: str) -> Response:
        """One report, sealed."""
        client = client_of(request, Role.STATUS)
        found = await run_in_threadpool(service.one_report, issuer, report, client=client.name)
        return json({**staff_report(found), "sealed": found.sealed})

    @router.post("/reports/{report}/answer")
    async def answer(request: Request, report: str) -> Response:
        """Answer one report; its words are erased."""
        client = client_of(request, Role.STATUS)
        asked = parse_answer(await request.body())
        done = await run_in_threadpool(
            service.answer_report, issuer, report, asked, client=client.name
        )
        return json(staff_report(done))


def staff_report(report: Report) -> dict[str, Json]:
    """A report as the practice's list has it; no person is named."""
    return {
        "id": report.id,
        "recordType": report.record_type,
        "issuance": report.issuance,
        "state": report.state.value,
        "outcome": report.outcome,
        "madeAt": utc(report.made_at).isoformat(),
        "dueBy": utc(report.due_at).isoformat(),
    }


def offer_body(made: service.NewOffer) -> dict[str, Json]:
    """A new offer as it is told to the practice."""
    code = segno.make(made.link, error="m", micro=False)
    return {
        "offerId": made.id,
        "recordTypes": list(made.record_types),
        "expiresAt": made.expires_at.isoformat(),
        "credential_offer": made.offer.wire(),
        "credential_offer_uri": made.uri,
        "link": made.link,
        "pin": made.pin,
        "qr": {
            "svg": code.svg_data_uri(scale=QR_SCALE),
            "png": code.png_data_uri(scale=QR_SCALE),
        },
    }


def issuance_body(issuance: Issuance) -> dict[str, Json]:
    """An issuance in words; it names no person."""
    return {
        "id": issuance.id,
        "offerId": issuance.offer,
        "recordType": issuance.record_type,
        "copies": issuance.copies,
        "status": status_name(issuance.status),
        "issuedAt": utc(issuance.issued_at).isoformat(),
        "expiresAt": utc(issuance.expires_at).isoformat(),
        "wallet": issuance.event,
    }


def _offer(
    issuer: service.IssuerContext, client: Client, body: bytes, request: Request
) -> service.NewOffer:
    source, wanted, subject = _request(body, request)
    if isinstance(source, _Named):
        return service.offer_source(
            issuer,
            client=client.name,
            name=source.name,
            wanted=wanted,
            subject=subject,
            kind=source.kind,
        )
    return service.offer_bundle(
        issuer, client=client.name, bundle=source, wanted=wanted, subject=subject
    )


def _request(body: bytes, request: Request) -> tuple[bytes | _Named, tuple[str, ...], str | None]:
    """The bundle or the source with a name in it, the wanted types and the subject.

    All in one object; beside FHIR itself the others stand in the query.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() == FHIR_JSON:
        wanted = tuple(request.query_params.getlist("recordTypes"))
        return body, wanted, request.query_params.get("subject")
    value = parse_json(body, max_bytes=MAX_REQUEST_BYTES, max_depth=MAX_BUNDLE_DEPTH)
    if not isinstance(value, dict) or not value.keys() <= _MEMBERS:
        raise SourceError("offer.request")
    types, subject = value.get("recordTypes", []), value.get("subject")
    bundle, name, kind = value.get("bundle"), value.get("source"), value.get("sourceKind")
    one = isinstance(bundle, dict) != isinstance(name, str) and None in (bundle, name)
    if not one or not isinstance(types, list):
        raise SourceError("offer.request")
    if not isinstance(subject, str | None) or not all(isinstance(t, str) for t in types):
        raise SourceError("offer.request")
    if not isinstance(kind, str | None) or (kind is not None and name is None):
        raise SourceError("offer.request")
    source = _Named(str(name), kind) if bundle is None else dump_json(bundle)
    return source, tuple(str(t) for t in types), subject


def _key(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
