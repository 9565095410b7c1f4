"""For the hospital's systems: ask, look, follow, confirm, close.

Rules: every call names its desk by its key and sees that desk's transactions alone. What is *not*
here: what a result means; its JSON is made by ``service.report``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from healthpassport.encoding import Json, dump_json
from verifier.service import Expected, qr_svg, view_json
from verifier.service.gate import GatedDesk
from verifier.service.hospital import completed

from .access import CallingDesk, GatedService
from .describing import FHIR_ANSWERS, KEYED
from .following import EVENTS, EventStream, event_stream

router = APIRouter(dependencies=KEYED)


class FhirResponse(Response):
    """FHIR JSON (FHIR R4 section 2.6.2)."""

    media_type = "application/fhir+json"

    def render(self, content: Json) -> bytes:
        """``content`` in bytes."""
        return dump_json(content)


class ExpectedIn(BaseModel):
    """Whom the hospital admitted; what is left out is not compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family_name: str = Field(default="", max_length=200)
    birth_date: str = Field(default="", max_length=10, pattern=r"^(\d{4}-\d{2}-\d{2})?$")
    nhs_number: str = Field(default="", max_length=20)
    hospital_number: str = Field(default="", max_length=64)


class RequestIn(BaseModel):
    """Which template to ask with, and who the hospital thinks the patient is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str = Field(max_length=64, examples=["emergency_admission"])
    expected: ExpectedIn | None = None
    callback: str | None = Field(default=None, max_length=1024)


class CodeIn(BaseModel):
    """The code that the patient's wallet shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(max_length=16, examples=["0417"])


class RequestOut(BaseModel):
    """A question that is open now."""

    model_config = ConfigDict(frozen=True)

    version: int
    id: str
    template: str
    purpose: str
    link: str
    short_code: str
    qr_svg: str
    expires: datetime


@router.get("/templates")
def templates(desk: GatedService, _name: CallingDesk) -> dict[str, Any]:
    """The templates that this desk can ask with."""
    rows = [
        {
            "id": template.id,
            "purpose": template.purpose,
            "title": template.title,
            "patientTitle": template.words().patient_title,
            "reason": template.words().reason,
            "sections": [name for name, _ in template.words().sections],
        }
        for template in desk.templates()
    ]
    return {"version": 1, "templates": rows}


@router.post("/requests", status_code=201)
def ask(wanted: Annotated[RequestIn, Body()], desk: GatedService, name: CallingDesk) -> RequestOut:
    """Open a request; show its QR code, link or short code to the patient."""
    expected = _expected(desk, wanted.expected) if wanted.expected else None
    callback = desk.webhooks.resolve(name, wanted.callback)
    view = desk.ask(wanted.template, desk=name, expected=expected)
    if callback is not None:
        desk.webhooks.watch(view, desk=name, url=callback)
    return RequestOut(
        version=1,
        id=view.id,
        template=view.template.id,
        purpose=view.template.purpose,
        link=view.link,
        short_code=view.short_code,
        qr_svg=qr_svg(view.link),
        expires=view.expires_at,
    )


def _expected(desk: GatedDesk, said: ExpectedIn) -> Expected:
    """Whom to expect; what was left out comes from the hospital's record system, if it knows."""
    own = said.hospital_number
    typed = Expected(**said.model_dump(exclude={"hospital_number"}))
    return completed(desk.hospital, typed, hospital_number=own)


@router.get("/requests/{request_id}")
def look(request_id: str, desk: GatedService, name: CallingDesk) -> dict[str, Any]:
    """The request as it stands, with the verified result once there is one."""
    return view_json(desk.look(request_id, desk=name), now=datetime.now(UTC))


@router.get("/requests/{request_id}/fhir", response_class=FhirResponse, responses=FHIR_ANSWERS)
def fhir(
    request_id: str,
    desk: GatedService,
    name: CallingDesk,
    presentation: Annotated[bool, Query()] = False,
) -> FhirResponse:
    """The result as a FHIR R4 document; ``presentation`` adds what can be checked again."""
    return FhirResponse(desk.fhir(request_id, desk=name, presentation=presentation))


@router.get("/requests/{request_id}/events", response_class=EventStream, responses=EVENTS)
async def events(request_id: str, desk: GatedService, name: CallingDesk) -> Response:
    """Server-sent events: the state each time it changes, without any result."""
    return await event_stream(desk, request_id, name=name)


@router.post("/requests/{request_id}/confirm")
def confirm(
    request_id: str, typed: Annotated[CodeIn, Body()], desk: GatedService, name: CallingDesk
) -> dict[str, Any]:
    """Show the result, given the code on the patient's screen (RFC 10027)."""
    return view_json(desk.confirm(request_id, typed.code, desk=name), now=datetime.now(UTC))


@router.delete("/requests/{request_id}", status_code=204)
def close(request_id: str, desk: GatedService, name: CallingDesk) -> Response:
    """Close the request and forget its result."""
    desk.close(request_id, desk=name)
    return Response(status_code=204)
