"""A small FHIR R4 record system of our own behind a wire, honest until a test bends it.

It knows SMART Backend Services (whose assertion another library checks), a CapabilityStatement,
searches by POST with pages, reads, $everything and $summary, and refuses whatever else. Mind that
we wrote both sides: tests/interop holds the issuer against other people's server.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fhir_examples import PATIENT, PEANUT, allergy
from jwcrypto import jwk, jws

from healthpassport.errors import SourceError
from healthpassport.fetch import HttpRequest, HttpResponse
from issuer.client.exchange import Exchange
from issuer.client.fhir_server import FhirServer, Way
from issuer.client.limits import Limits

BASE = "https://fhir.practice.example/r4"
TOKEN = "https://sign-in.practice.example/token"
CLIENT = "passport-issuer"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SERVED = (
    *("AllergyIntolerance", "MedicationStatement", "MedicationRequest", "Condition"),
    *("Immunization", "Procedure", "DeviceUseStatement", "Device", "Observation", "Consent"),
    *("Flag", "List", "RelatedPerson", "DocumentReference", "Encounter", "EpisodeOfCare"),
    *("ServiceRequest", "DiagnosticReport", "Medication", "Practitioner", "PractitionerRole"),
    *("Organization", "Patient"),
)


@dataclass
class RecordSystem:
    """What it holds, what it says it can, and every call; ``bend`` may change an answer."""

    resources: list[dict[str, Any]] = field(default_factory=lambda: [dict(PATIENT)])
    served: tuple[str, ...] = SERVED
    operations: tuple[str, ...] = ()
    page: int = 2
    keys: dict[str, Any] | None = None
    summary: dict[str, Any] | None = None
    calls: list[HttpRequest] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    bend: Any = None  # (request, status, headers, body) -> the same three, or an exception

    def fetch(self, request: HttpRequest) -> HttpResponse:
        self.calls.append(request)
        status, body = self._answer(request)
        kind = "application/json" if request.url == TOKEN else "application/fhir+json"
        headers = {"content-type": f"{kind};charset=utf-8"}
        if self.bend is not None:
            status, headers, body = self.bend(request, status, headers, body)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return HttpResponse(status, headers, raw)

    def asked(self, kind: str) -> list[dict[str, list[str]]]:
        """The criteria of every search of ``kind``."""
        found = [c for c in self.calls if c.url == f"{BASE}/{kind}/_search"]
        return [parse_qs((call.body or b"").decode()) for call in found]

    def _answer(self, request: HttpRequest) -> tuple[int, Any]:
        if request.url == TOKEN:
            return self._token(request)
        parts = urlsplit(request.url)
        path = parts.path.removeprefix("/r4")
        if path == "/.well-known/smart-configuration":
            return 200, {"token_endpoint": TOKEN}
        return self._signed_in(request, path, parse_qs(parts.query))

    def _signed_in(self, request: HttpRequest, path: str, query: Any) -> tuple[int, Any]:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.keys is not None and bearer not in self.tokens:
            return 401, outcome("login")
        body = (request.body or b"").decode()
        match path.strip("/").split("/"):
            case ["metadata"]:
                made = 200, self._capability()
            case [kind, "_search"] if request.method == "POST":
                made = self._search(kind, parse_qs(body), f"{BASE}/{kind}?{body}")
            case ["Patient", ident, "$everything"]:
                made = self._page([*self._of(ident)], query, request.url)
            case ["Patient", _, "$summary"] if self.summary is not None:
                made = 200, self.summary
            case [kind, ident]:
                found = [r for r in self.resources if (r["resourceType"], r["id"]) == (kind, ident)]
                made = (200, found[0]) if found else (404, outcome("not-found"))
            case [kind] if "page" in query:
                made = self._search(kind, query, request.url)
            case _:
                made = 404, outcome("not-supported")
        return made

    def _token(self, request: HttpRequest) -> tuple[int, Any]:
        said = {name: rows[0] for name, rows in parse_qs((request.body or b"").decode()).items()}
        token = jws.JWS()
        token.deserialize(said["client_assertion"])
        known = {key["kid"]: key for key in (self.keys or {}).get("keys", [])}
        key = known.get(token.jose_header.get("kid"))
        if key is None or not said["scope"].startswith("system/"):
            return 401, {"error": "invalid_client"}
        token.allowed_algs = ["ES384", "RS384"]
        token.verify(jwk.JWK(**key))
        claims = json.loads(token.payload)
        if claims["jti"] in self.used or (claims["iss"], claims["aud"]) != (CLIENT, TOKEN):
            return 401, {"error": "invalid_client"}
        self.used.add(claims["jti"])
        made = f"token-{len(self.used)}"
        self.tokens.add(made)
        return 200, {"access_token": made, "token_type": "bearer", "expires_in": 300}

    def _capability(self) -> Any:
        rows = [{"type": kind, "interaction": [{"code": "search-type"}]} for kind in self.served]
        for row in rows:
            if row["type"] == "Patient":
                row["operation"] = [{"name": name} for name in self.operations]
        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "rest": [{"mode": "server", "resource": rows}],
        }

    def _of(self, ident: str) -> list[dict[str, Any]]:
        mine = [r for r in self.resources if r["resourceType"] == "Patient" and r["id"] == ident]
        return mine + [r for r in self.resources if f"Patient/{ident}" in json.dumps(r)]

    def _search(self, kind: str, asked: dict[str, list[str]], url: str) -> tuple[int, Any]:
        if kind not in self.served:
            return 404, outcome("not-supported")
        found = [r for r in self.resources if r["resourceType"] == kind]
        for name, (value,) in asked.items():
            if name in {"patient", "subject"}:
                found = [r for r in found if f'"{value}"' in json.dumps(r)]
            elif name == "_id":
                found = [r for r in found if r["id"] in value.split(",")]
            elif name == "identifier":
                system, _, number = value.partition("|")
                wanted = {"system": system, "value": number}
                found = [r for r in found if wanted in r.get("identifier", [])]
            elif name == "family":
                start = value.casefold()
                found = [r for r in found if r["name"][0]["family"].casefold().startswith(start)]
            elif name == "birthdate":
                found = [r for r in found if r["birthDate"] == value]
            elif name == "status":
                found = [r for r in found if r.get("status") == value]
            elif name not in {"_count", "page", "type", "given"}:
                return 400, outcome("not-supported")
        return self._page(found, asked, url)

    def _page(self, found: list[Any], asked: dict[str, list[str]], url: str) -> tuple[int, Any]:
        size = min(self.page, int(asked.get("_count", ["100"])[0]))
        number = int(asked.get("page", ["0"])[0])
        shown = found[number * size : (number + 1) * size]
        rows = [
            {
                "fullUrl": f"{BASE}/{one['resourceType']}/{one['id']}",
                "resource": one,
                "search": {"mode": "match"},
            }
            for one in shown
        ]
        made = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": rows}
        if (number + 1) * size < len(found):
            start = url.partition("&page=")[0]
            made["link"] = [{"relation": "next", "url": f"{start}&page={number + 1}"}]
        return 200, made


def outcome(code: str, severity: str = "error", **members: Any) -> Any:
    issue = {"severity": severity, "code": code, "diagnostics": "Mr Secret Patient", **members}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


class Clock:
    """Seconds that pass only where somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.present = NOW
        self.waited: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds

    def now(self) -> datetime:
        return self.present


def served(system, *, way=Way.SEARCH, limits=None, clock=None, **changes):
    clock = clock or Clock()
    exchange = Exchange(
        BASE,
        fetcher=system,
        smart=None,
        limits=limits or Limits(),
        monotonic=clock.monotonic,
        sleep=clock.sleep,
        clock=clock.now,
    )
    return FhirServer(exchange, way=way, **changes)


def numbered(*resources):
    """``resources`` with ids, after the patient."""
    rows = [{"id": f"r{place}"} | one for place, one in enumerate(resources)]
    return [PATIENT, *rows]


def wrong(code):
    return pytest.raises(SourceError, match=f"^{code}: ")


MANY = [allergy(PEANUT | {"text": f"Allergy {number}"}) for number in range(7)]
