"""FHIR operations of the desk: ``$verify-again`` and what it can do.

Refusals here are OperationOutcomes, as FHIR clients expect. What is *not* here: the judgement
(``service.again``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from healthpassport.encoding import Json, dump_json
from healthpassport.errors import PassportError, ServiceError
from verifier.fhir.outcome import Finding, capability, outcome
from verifier.service.again import verify_again
from verifier.service.again_words import again_fhir
from verifier.service.desk import Desk
from verifier.service.stored import MAX_DOCUMENT, read_stored

from .access import CallingDesk, Service
from .describing import FHIR_ANSWERS, KEYED, body

PREFIX: Final = "/fhir"
OPERATION: Final = "/$verify-again"
FHIR_JSON: Final = "application/fhir+json"
MAX_OPERATION: Final = MAX_DOCUMENT  # bytes of a body
_BODIES: Final = frozenset({FHIR_JSON, "application/json"})

router = APIRouter(prefix=PREFIX, responses=FHIR_ANSWERS)


class FhirAnswer(Response):
    """FHIR JSON (FHIR R4 section 2.6.2)."""

    media_type = FHIR_JSON

    def render(self, content: Json) -> bytes:
        """``content`` in bytes."""
        return dump_json(content)


@router.post(
    OPERATION,
    response_class=FhirAnswer,
    dependencies=KEYED,
    openapi_extra=body(FHIR_JSON, {"type": "object"}),
)
async def again(request: Request, desk: Service, name: CallingDesk) -> Response:
    """Does what was shown earlier still stand? Send the document as it was saved."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _BODIES:
        return _refused(ServiceError("http.media_type", f"send {FHIR_JSON}"))
    sent = await request.body()
    try:
        return FhirAnswer(await run_in_threadpool(_judged, desk, sent, name))
    except PassportError as error:
        return _refused(error)


@router.get("/metadata", response_class=FhirAnswer)
def metadata(desk: Service) -> FhirAnswer:
    """The CapabilityStatement."""
    own = desk.settings
    date = datetime.now(UTC).date().isoformat()
    return FhirAnswer(capability(url=own.public_url + PREFIX, date=date, name=own.organisation))


def _judged(desk: Desk, body: bytes, name: str) -> dict[str, Json]:
    now = desk.clock().astimezone(UTC)
    found = verify_again(
        read_stored(body),
        lists=desk.lists.views(now),
        policy=desk.policy,
        client_id=desk.identity.client_id,
        now=now,
    )
    outcome = "stands" if found.stands else "changed"
    desk.audit.write("presentation.verified_again", who=desk.caller(name), outcome=outcome)
    return again_fhir(found)


def _refused(error: PassportError) -> FhirAnswer:
    words = f"{error.title} {error.hint}"
    kind = "processing" if error.status < 500 else "transient"  # noqa: PLR2004 - RFC 9110
    finding = Finding("error", kind, error.code, words)
    return FhirAnswer(outcome([finding]), status_code=max(error.status, 400))
