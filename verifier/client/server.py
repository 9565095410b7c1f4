"""One FHIR R4 server: search and match patients, read one, send a transaction.

Rules: what does not answer as FHIR is refused in words; nothing of an answer is logged or told on;
a transaction that was sent and not answered is never called unwritten. What is *not* here: what a
patient or a transaction means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import EncodingError, FetchError, ServiceError
from healthpassport.fetch import BegunError, Fetcher, HttpRequest, HttpResponse

from .demographics import NHS_NUMBER, HospitalPatient, is_id, read_patient
from .smart import Smart

FHIR_JSON: Final = "application/fhir+json"
MAX_ANSWER: Final = 1_048_576  # bytes
MAX_FOUND: Final = 20  # patients of one search that are looked at
JSON_TYPES: Final = frozenset({FHIR_JSON, "application/json"})
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
SERVER_ERROR: Final = 500
# Before any of these, where the exchange had not begun, nothing can have reached the server.
_NEVER_SENT: Final = frozenset({"ssrf.blocked", "net.unreachable", "net.tls"})


class Outcome(StrEnum):
    """What a server did with one entry of a transaction."""

    CREATED = "created"
    THERE_ALREADY = "there_already"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Done:
    """One entry: how it ended, and its address on the server where there is one."""

    outcome: Outcome
    location: str = ""


class HospitalServer:
    """See the module.

    Args:
        base: https address of the FHIR endpoint, without a slash at its end.
        smart: the sign-in; None for a server that asks for none.
        fetcher: the way to it.
        number_system: the identifier system of the hospital's own numbers.
    """

    def __init__(
        self, base: str, *, smart: Smart | None, fetcher: Fetcher, number_system: str = ""
    ) -> None:
        self._base = base
        self._smart = smart
        self._fetcher = fetcher
        self._number_system = number_system

    def by_nhs_number(self, number: str) -> tuple[HospitalPatient, ...]:
        """The patients in use that bear this NHS number; there should be one."""
        return self._search(identifier=f"{NHS_NUMBER}|{number}")

    def by_hospital_number(self, number: str) -> tuple[HospitalPatient, ...]:
        """The patients in use that bear this number of the hospital's own."""
        if "|" in number or "," in number:
            return ()
        return self._search(identifier=f"{self._number_system}|{number}")

    def by_name(self, *, family: str, birth_date: str) -> tuple[HospitalPatient, ...]:
        """The patients in use of that family name and birth date."""
        escaped = family.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|")
        return self._search(family=escaped, birthdate=birth_date)

    def match(self, patient: Mapping[str, Json]) -> tuple[HospitalPatient, ...]:
        """Whom the server itself thinks of (``Patient/$match``, FHIR R4 section 8.1.10)."""
        asked: dict[str, Json] = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "resource", "resource": dict(patient)},
                {"name": "count", "valueInteger": MAX_FOUND},
                {"name": "onlyCertainMatches", "valueBoolean": False},
            ],
        }
        return self._found(self._post("/Patient/$match", dump_json(asked), FHIR_JSON))

    def read(self, patient_id: str) -> HospitalPatient | None:
        """The patient as the server has them now; None where there is none in use."""
        if not is_id(patient_id):
            return None
        answer = self._call("GET", f"/Patient/{patient_id}", None, "")
        if answer.status == NOT_FOUND:
            return None
        return read_patient(_fhir(_accepted(answer)), number_system=self._number_system)

    def transact(self, bundle: Mapping[str, Json]) -> tuple[Done, ...]:
        """Send a transaction Bundle; how each of its entries ended, in their order.

        Raises:
            ServiceError: ``hospital.refused`` where nothing was written, ``hospital.unknown`` where
                nobody can say, and others of the connection from before anything was sent.
        """
        entries = bundle["entry"]
        count = len(entries) if isinstance(entries, Sequence) else 0
        answer = self._call("POST", "", dump_json(bundle), FHIR_JSON, may_have_arrived=True)
        if answer.status >= SERVER_ERROR:
            raise ServiceError("hospital.unknown", f"it answered {answer.status}")
        found = _fhir(_accepted(answer), "hospital.unknown")
        rows = found.get("entry")
        if found.get("type") != "transaction-response" or not isinstance(rows, list):
            raise ServiceError("hospital.unknown", "it did not answer to the transaction")
        if len(rows) != count:
            raise ServiceError("hospital.unknown", "it answered to another number of entries")
        return tuple(map(_done, rows))

    # -- inside -----------------------------------------------------------------------------

    def _search(self, **criteria: str) -> tuple[HospitalPatient, ...]:
        """FHIR R4 section 3.1.1.5: by POST, so that no number stands in an address."""
        body = urlencode({**criteria, "_count": str(MAX_FOUND)}).encode()
        return self._found(
            self._post("/Patient/_search", body, "application/x-www-form-urlencoded")
        )

    def _post(self, path: str, body: bytes, kind: str) -> Mapping[str, Json]:
        return _fhir(_accepted(self._call("POST", path, body, kind)))

    def _found(self, bundle: Mapping[str, Json]) -> tuple[HospitalPatient, ...]:
        rows = bundle.get("entry", [])
        if bundle.get("resourceType") != "Bundle" or not isinstance(rows, list):
            raise ServiceError("hospital.answer", "a search was not answered with a Bundle")
        if len(rows) > MAX_FOUND or _has_more(bundle):
            raise ServiceError("hospital.ambiguous", "far too many patients fit")
        people = (self._person(row) for row in rows)
        return tuple({one.id: one for one in people if one is not None}.values())

    def _person(self, row: Json) -> HospitalPatient | None:
        resource = row.get("resource") if isinstance(row, Mapping) else None
        if not isinstance(resource, Mapping):
            raise ServiceError("hospital.answer", "an entry of a search holds no resource")
        if resource.get("resourceType") == "OperationOutcome":
            return None  # section 3.1.1.4.14: a search may tell of its own troubles
        return read_patient(resource, number_system=self._number_system)

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None,
        kind: str,
        *,
        may_have_arrived: bool = False,
    ) -> HttpResponse:
        """One call; a token that is refused is fetched anew once."""
        answer = self._once(method, path, body, kind, may_have_arrived=may_have_arrived)
        if answer.status == UNAUTHORIZED and self._smart is not None:
            self._smart.forget()
            answer = self._once(method, path, body, kind, may_have_arrived=may_have_arrived)
        if answer.status == UNAUTHORIZED:
            raise ServiceError("hospital.sign_in", "it does not take the desk's token")
        if answer.status == FORBIDDEN:
            raise ServiceError("hospital.forbidden")
        return answer

    def _once(
        self, method: str, path: str, body: bytes | None, kind: str, *, may_have_arrived: bool
    ) -> HttpResponse:
        headers = {"accept": FHIR_JSON}
        if body is not None:
            headers["content-type"] = kind
        if self._smart is not None:
            headers["authorization"] = f"Bearer {self._smart.token()}"
        try:
            return self._fetcher.fetch(
                HttpRequest(method, self._base + path, headers, body, MAX_ANSWER)
            )
        except FetchError as error:
            begun = isinstance(error, BegunError) or error.code not in _NEVER_SENT
            sent = may_have_arrived and begun
            code = "hospital.unknown" if sent else _CODES.get(error.code, "hospital.unreachable")
            raise ServiceError(code, error.title) from error


_CODES: Final = {
    "net.timeout": "hospital.timeout",
    "net.redirect": "hospital.answer",
    "net.response": "hospital.answer",
    "limit.fetch": "hospital.answer",
}


def _accepted(answer: HttpResponse) -> HttpResponse:
    if answer.status >= SERVER_ERROR:
        raise ServiceError("hospital.answer", f"it answered {answer.status}")
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
        raise ServiceError("hospital.refused", f"it answered {answer.status}{_issues(answer)}")
    return answer


def _fhir(answer: HttpResponse, code: str = "hospital.answer") -> Mapping[str, Json]:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        raise ServiceError(code, "it does not answer in FHIR JSON")
    try:
        return parse_json_object(answer.body, max_bytes=MAX_ANSWER)
    except EncodingError as error:
        raise ServiceError(code, "its answer is not JSON") from error


def _issues(answer: HttpResponse) -> str:
    """The issue types of an OperationOutcome: words of FHIR's list, never the server's own text."""
    try:
        found = parse_json_object(answer.body, max_bytes=MAX_ANSWER).get("issue")
    except EncodingError:
        return ""
    rows: Iterable[Json] = found if isinstance(found, list) else []
    codes = {str(row.get("code")) for row in rows if isinstance(row, Mapping)}
    known = sorted(code for code in codes if code.replace("-", "").isalpha() and len(code) <= 20)  # noqa: PLR2004 - the longest is shorter
    return f" ({', '.join(known)})" if known else ""


def _has_more(bundle: Mapping[str, Json]) -> bool:
    links = bundle.get("link")
    rows = links if isinstance(links, list) else []
    return any(isinstance(row, Mapping) and row.get("relation") == "next" for row in rows)


def _done(row: Json) -> Done:
    response = row.get("response") if isinstance(row, Mapping) else None
    status = str(response.get("status", "")) if isinstance(response, Mapping) else ""
    location = str(response.get("location", "")) if isinstance(response, Mapping) else ""
    if status.startswith("201"):
        return Done(Outcome.CREATED, location)
    if status.startswith(("200", "304")):
        return Done(Outcome.THERE_ALREADY, location)
    return Done(Outcome.REFUSED)
