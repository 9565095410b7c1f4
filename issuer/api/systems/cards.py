"""Emergency cards that a record system makes for people without a wallet."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from healthpassport.cards.choosing import OPTIONAL_DETAILS, choices, usual
from healthpassport.errors import ServiceError
from issuer import service
from issuer.client.api.models import CardAsked, CardMade
from issuer.service.once import Made
from issuer.service.scopes import Scope
from issuer.service.whose import read_whose

from . import examples
from .access import SystemRoute, entered
from .bodies import made_once, told
from .describing import Body, operation
from .issued import issued
from .offers import READING, whose

_DETAILS: Final = "details"

router = APIRouter(tags=["Cards"], route_class=SystemRoute)


@router.post(
    "/cards",
    summary="Make an emergency card",
    **operation(
        "makeCard",
        scope=Scope.CARDS_MAKE,
        status=201,
        answer=CardMade,
        example=examples.CARD,
        body=Body(CardAsked, examples.CARDS_ASKED, fhir=True),
        refusals=(
            *READING,
            "card.not_made",
            "card.too_large",
            "card.no_allergies",
            "card.deceased",
        ),
        idempotent=True,
    ),
)
async def make_card(request: Request) -> Response:
    """A signed card to print as a QR code, with what usually stands on one.

    NHS number and address stand on it only where `details` names them: nhsNumber, addressLines,
    postcode. The text is the record itself: keep it no longer than printing takes.
    """
    caller = await entered(request, Scope.CARDS_MAKE)
    wanted, more = whose(await request.body(), request, more=frozenset({_DETAILS}))
    details = _details(more.get(_DETAILS, []))

    def work(issuer: service.IssuerContext) -> Made:
        read = read_whose(issuer, wanted)
        summary = read.summary
        keys = usual(summary.records) | {f"detail:{name}" for name in details}
        made = service.make_card(
            issuer,
            client=caller.name,
            summary=summary,
            choices=choices(summary.records, keys),
        )
        card = CardMade(
            issuance=issued(made.issuance),
            card=made.text,
            secret=made.secret,
            warnings=read.warnings,
        )
        return told(card, status=201)

    return await made_once(request, caller, work)


def _details(named: object) -> tuple[str, ...]:
    if not isinstance(named, list) or not all(one in OPTIONAL_DETAILS for one in named):
        raise ServiceError("http.invalid", _DETAILS)
    return tuple(str(one) for one in named)
