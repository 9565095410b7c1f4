"""Offers: made from a bundle or a source, looked at, cancelled.

What is *not* here: wallets, who collect them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import segno
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.encoding import dump_json, parse_json
from healthpassport.errors import ServiceError, SourceError
from issuer import service
from issuer.client import Person
from issuer.client.api.models import (
    OfferAsked,
    OfferMade,
    OfferPage,
    OfferRefused,
    OffersAsked,
    OffersCancelled,
    OfferSeen,
    QrCode,
)
from issuer.service.context import utc
from issuer.service.once import Made
from issuer.service.own_offers import (
    USUAL_PAGE,
    OwnOffer,
    cancel_offer,
    own_offer,
    own_offers,
)
from issuer.service.scopes import Scope
from issuer.service.sign_in_offers import NewSignInOffer
from issuer.service.whose import Whose, offer_whose

from . import examples
from .access import SystemRoute, door_of, entered
from .bodies import made_once, read, shown, told
from .describing import FHIR_JSON, Body, area, operation
from .issued import Cursor, Limit, issued

MAX_REQUEST_BYTES: Final = 8 * 1_048_576  # as the body limit of these routes
MAX_BUNDLE_DEPTH: Final = 64  # FHIR nests deeper than protocol messages do
SERVER_ERROR: Final = 500  # RFC 9110 section 15.6
QR_SCALE: Final = 4  # pixels a module
_SIGN_IN: Final = "signIn"
_WORDS: Final = {"true": True, "false": False}
_TEXTS: Final = ("source", "sourceKind", "subject")
_MEMBERS: Final = frozenset({"bundle", "person", "recordTypes", *_TEXTS})
# Refusals of what reads a bundle or a source.
READING: Final = (
    "offer.request",
    "offer.record_type",
    "offer.nothing",
    "offer.gone",
    "offer.nobody",
    "issuer.sensitive_codes",
    *area("source", "fhir"),
)

router = APIRouter(tags=["Offers"], route_class=SystemRoute)


@router.post(
    "/offers",
    summary="Make an offer",
    **operation(
        "makeOffer",
        scope=Scope.OFFERS_CREATE,
        status=201,
        answer=OfferMade,
        example=examples.OFFER_MADE,
        body=Body(OfferAsked, examples.OFFERS_ASKED, fhir=True),
        refusals=(*READING, "offer.no_number", "patient.no_sign_in"),
        idempotent=True,
    ),
)
async def make_offer(request: Request) -> Response:
    """Offer a patient's records: link, QR code and PIN are told once.

    The records come from a FHIR bundle, from a name in a source, or of a person that a source
    finds. A bundle may be sent as it is, as `application/fhir+json`, with recordTypes, subject and
    signIn in the query. Tell the patient the PIN by another way than the link. With signIn there
    is none: whom the records are about signs in, and nobody else gets them.
    """
    caller = await entered(request, Scope.OFFERS_CREATE)
    wanted, more = whose(await request.body(), request, more=frozenset({_SIGN_IN}))
    if not isinstance(sign_in := more.get(_SIGN_IN, False), bool):
        raise SourceError("offer.request", _SIGN_IN)
    wanted = replace(wanted, sign_in=sign_in)

    def work(issuer: service.IssuerContext) -> Made:
        made = offer_whose(issuer, wanted, client=caller.name)
        return told(offer_made(made.offer, warnings=made.warnings), status=201)

    return await made_once(request, caller, work)


@router.get(
    "/offers",
    summary="List offers",
    **operation(
        "listOffers",
        scope=Scope.OFFERS_READ,
        answer=OfferPage,
        example={"offers": [examples.OFFER_SEEN], "next": None},
        refusals=("api.cursor",),
    ),
)
async def list_offers(
    request: Request, cursor: Cursor = None, limit: Limit = USUAL_PAGE
) -> Response:
    """Offers that this record system made, the newest first."""
    caller = await entered(request, Scope.OFFERS_READ)
    page = await run_in_threadpool(
        own_offers, door_of(request).issuer, client=caller.name, cursor=cursor, limit=limit
    )
    return shown(OfferPage(offers=tuple(map(seen, page.rows)), next=page.next))


@router.get(
    "/offers/{offer}",
    summary="See an offer",
    **operation(
        "seeOffer",
        scope=Scope.OFFERS_READ,
        answer=OfferSeen,
        example=examples.OFFER_SEEN,
        refusals=("offer.unknown",),
    ),
)
async def see_offer(request: Request, offer: str) -> Response:
    """How far an offer is (docs/api.md says what each state means)."""
    caller = await entered(request, Scope.OFFERS_READ)
    found = await run_in_threadpool(own_offer, door_of(request).issuer, offer, client=caller.name)
    return shown(seen(found))


@router.post(
    "/offers/{offer}/cancel",
    summary="Cancel an offer",
    **operation(
        "cancelOffer",
        scope=Scope.OFFERS_CREATE,
        answer=OfferSeen,
        example={**examples.OFFER_SEEN, "state": "cancelled"},
        refusals=("offer.unknown", "offer.over", "limit.size"),
    ),
)
async def cancel(request: Request, offer: str) -> Response:
    """Take back an offer whose PIN was not given yet; what it held is erased."""
    caller = await entered(request, Scope.OFFERS_CREATE)
    found = await run_in_threadpool(
        cancel_offer, door_of(request).issuer, offer, client=caller.name
    )
    return shown(seen(found))


@router.post(
    "/offers/cancel",
    summary="Cancel many offers",
    **operation(
        "cancelOffers",
        scope=Scope.OFFERS_CREATE,
        answer=OffersCancelled,
        example=examples.OFFERS_CANCELLED,
        body=Body(OffersAsked, {"two": {"offers": [examples.OFFER_SEEN["id"], "unknown"]}}),
    ),
)
async def cancel_many(request: Request) -> Response:
    """Take back up to 500 offers; one that cannot be is told with why, and stops no other."""
    caller = await entered(request, Scope.OFFERS_CREATE)
    asked = read(OffersAsked, await request.body())
    issuer = door_of(request).issuer
    done: list[str] = []
    left: list[OfferRefused] = []
    for offer in dict.fromkeys(asked.offers):
        try:
            await run_in_threadpool(cancel_offer, issuer, offer, client=caller.name)
            done.append(offer)
        except ServiceError as error:
            if error.status >= SERVER_ERROR:
                raise
            left.append(OfferRefused(id=offer, code=error.code))
    return shown(OffersCancelled(cancelled=tuple(done), refused=tuple(left)))


def whose(body: bytes, request: Request, *, more: frozenset[str]) -> tuple[Whose, dict[str, Any]]:
    """Whose records a request is about, and those of ``more`` members that it has, unchecked.

    A bundle that is sent as it is has them in the query.

    Raises:
        SourceError: ``offer.request``.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() == FHIR_JSON:
        types = tuple(request.query_params.getlist("recordTypes"))
        told = {n: _WORDS.get(v, v) for n, v in request.query_params.multi_items() if n in more}
        return Whose(types, request.query_params.get("subject"), bundle=body), told
    value = parse_json(body, max_bytes=MAX_REQUEST_BYTES, max_depth=MAX_BUNDLE_DEPTH)
    if not isinstance(value, dict) or not value.keys() <= _MEMBERS | more:
        raise SourceError("offer.request")
    return _whose(value), {name: value[name] for name in more & value.keys()}


def _whose(value: dict[str, Any]) -> Whose:
    """One of bundle, source and person; the types and the subject of it."""
    types, bundle, person = value.get("recordTypes", []), value.get("bundle"), value.get("person")
    texts = [value.get(name) for name in _TEXTS]
    given = [one for one in (bundle, value.get("source"), person) if one is not None]
    fits = (
        len(given) == 1
        and isinstance(types, list)
        and all(isinstance(one, str) for one in types)
        and all(isinstance(one, str | None) for one in texts)
        and isinstance(bundle, dict | None)
        and (value.get("sourceKind") is None or bundle is None)
    )
    if not fits:
        raise SourceError("offer.request")
    source, kind, subject = texts
    return Whose(
        tuple(types),
        subject,
        bundle=None if bundle is None else dump_json(bundle),
        name=source,
        person=None if person is None else _person(person),
        kind=kind,
    )


def _person(value: object) -> Person:
    names = {"nhsNumber", "familyName", "givenNames", "birthDate"}
    if not isinstance(value, dict) or not value.keys() <= names:
        raise SourceError("offer.request", "person")
    given, texts = value.get("givenNames", []), {n: value.get(n, "") for n in names}
    texts.pop("givenNames")
    if not isinstance(given, list) or not all(
        isinstance(t, str) for t in [*given, *texts.values()]
    ):
        raise SourceError("offer.request", "person")
    return Person(texts["nhsNumber"], texts["familyName"], tuple(given), texts["birthDate"])


def offer_made(
    made: service.NewOffer | NewSignInOffer, *, warnings: tuple[str, ...] = ()
) -> OfferMade:
    """A new offer as it is told to the practice."""
    code = segno.make(made.link, error="m", micro=False)
    return OfferMade(
        offer_id=made.id,
        record_types=made.record_types,
        expires_at=made.expires_at,
        credential_offer=made.offer.wire(),
        credential_offer_uri=made.uri,
        link=made.link,
        pin=made.pin if isinstance(made, service.NewOffer) else None,
        warnings=warnings,
        qr=QrCode(svg=code.svg_data_uri(scale=QR_SCALE), png=code.png_data_uri(scale=QR_SCALE)),
    )


def seen(offer: OwnOffer) -> OfferSeen:
    """An offer as its maker sees it."""
    return OfferSeen(
        id=offer.id,
        state=offer.state,
        record_types=offer.record_types,
        created_at=utc(offer.created_at),
        expires_at=utc(offer.expires_at),
        issuances=tuple(map(issued, offer.issuances)),
    )
