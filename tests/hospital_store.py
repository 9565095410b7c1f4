"""A small FHIR R4 store of our own behind a wire: what a hospital's server does with our calls.

It knows Patient search, $match and read, transactions with conditional create (all or nothing), and
SMART Backend Services, whose assertion it checks with another library than the desk's. It refuses
what it does not know, and everything that it takes has to be valid FHIR. Mind that we wrote both
sides: tests/interop holds the desk against other people's server.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fhir.resources.R4B.bundle import Bundle
from jwcrypto import jwk, jws

from healthpassport.fetch import HttpRequest, HttpResponse

BASE = "https://fhir.hospital.example/r4"
TOKEN = "https://sign-in.hospital.example/token"
CLIENT = "passport-desk"
NHS = "https://fhir.nhs.uk/Id/nhs-number"
MRN = "https://hospital.example/mrn"
KINDS = {
    *("Patient", "DocumentReference", "Provenance", "AllergyIntolerance", "Condition"),
    *("MedicationStatement", "Immunization", "Procedure"),
}


def person(ident="p1", *, number="9990000018", family="Example", given="Given", born="1958-07-14"):
    rows = [{"system": MRN, "value": f"MRN{ident}"}]
    rows += [{"system": NHS, "value": number}] if number else []
    return {
        "resourceType": "Patient",
        "id": ident,
        "active": True,
        "identifier": rows,
        "name": [{"use": "official", "family": family, "given": [given] if given else []}],
        "birthDate": born,
    }


class RefusedError(Exception):
    """A refusal: status, issue type."""


@dataclass
class HospitalStore:
    """Whom it knows, what was written, and every call."""

    people: list[dict[str, Any]] = field(default_factory=lambda: [person()])
    keys: dict[str, Any] = field(default_factory=dict)
    written: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[HttpRequest] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    bend: Any = None  # (request, response) -> response

    def fetch(self, request: HttpRequest) -> HttpResponse:
        self.calls.append(request)
        try:
            status, body = self._answer(request)
        except RefusedError as error:
            status, kind = error.args
            issue = {"severity": "error", "code": kind, "diagnostics": "Mr Secret Patient"}
            body = {"resourceType": "OperationOutcome", "issue": [issue]}
        kind = "application/json" if request.url == TOKEN else "application/fhir+json;charset=utf-8"
        made = HttpResponse(status, {"content-type": kind}, json.dumps(body).encode())
        return self.bend(request, made) if self.bend else made

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [one for name, one in self.written.items() if name.startswith(kind + "/")]

    def _answer(self, request: HttpRequest) -> tuple[int, Any]:
        assert request.url.startswith("https://")
        if request.url == TOKEN:
            return self._token(request)
        path = urlsplit(request.url).path.removeprefix("/r4")
        if path == "/.well-known/smart-configuration":
            return 200, {
                "token_endpoint": TOKEN,
                "capabilities": ["client-confidential-asymmetric"],
            }
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer not in self.tokens:
            raise RefusedError(401, "login")
        if request.method == "GET" and path.startswith("/Patient/"):
            return self._read(path.removeprefix("/Patient/"))
        if path == "/Patient/_search":
            return 200, self._search(parse_qs((request.body or b"").decode()))
        if path == "/Patient/$match":
            return 200, self._match(json.loads(request.body or b""))
        if path == "" and request.method == "POST":
            return 200, self._transaction(json.loads(request.body or b""))
        raise RefusedError(404, "not-found")

    # -- sign-in ----------------------------------------------------------------------------

    def _token(self, request: HttpRequest) -> tuple[int, Any]:
        said = {name: rows[0] for name, rows in parse_qs((request.body or b"").decode()).items()}
        if said.get("grant_type") != "client_credentials" or not said["scope"].startswith(
            "system/"
        ):
            return 400, {"error": "invalid_request"}
        token = jws.JWS()
        token.deserialize(said["client_assertion"])
        header = token.jose_header
        known = {key["kid"]: key for key in self.keys.get("keys", [])}
        key = known.get(header.get("kid"))
        if key is None or header["alg"] not in {"ES384", "RS384"} or header["typ"] != "JWT":
            return 401, {"error": "invalid_client"}
        token.allowed_algs = ["ES384", "RS384"]
        token.verify(jwk.JWK(**key), alg=header["alg"])
        claims = json.loads(token.payload)
        right = claims["iss"] == claims["sub"] == CLIENT and claims["aud"] == TOKEN
        if not right or claims["exp"] - claims["iat"] > 300 or claims["jti"] in self.used:
            return 401, {"error": "invalid_client"}
        self.used.add(claims["jti"])
        made = f"token-{len(self.used)}"
        self.tokens.add(made)
        answer = {"access_token": made, "token_type": "bearer", "expires_in": 300}
        return 200, {**answer, "scope": said["scope"]}

    # -- people -----------------------------------------------------------------------------

    def _read(self, ident: str) -> tuple[int, Any]:
        found = [one for one in self.people if one["id"] == ident]
        if not found:
            raise RefusedError(404, "not-found")
        return 200, found[0]

    def _search(self, criteria: dict[str, list[str]]) -> Any:
        assert criteria.pop("_count") == ["20"]
        found = self.people
        for name, (value,) in criteria.items():
            if name == "identifier":
                system, _, number = value.partition("|")
                found = [p for p in found if {"system": system, "value": number} in p["identifier"]]
            elif name == "family":
                start = value.casefold()
                found = [p for p in found if p["name"][0]["family"].casefold().startswith(start)]
            elif name == "birthdate":
                found = [p for p in found if p["birthDate"] == value]
            else:
                raise RefusedError(400, "not-supported")
        return _bundle(found)

    def _match(self, parameters: Any) -> Any:
        told = {one["name"]: one for one in parameters["parameter"]}
        asked = told["resource"]["resource"]
        assert asked["resourceType"] == "Patient"
        return _bundle([one for one in self.people if one["birthDate"] == asked.get("birthDate")])

    # -- writing ----------------------------------------------------------------------------

    def _transaction(self, bundle: Any) -> Any:
        """FHIR R4 section 3.1.0.11.2: all of it or nothing, references made whole."""
        if bundle["type"] != "transaction":
            raise RefusedError(400, "invalid")
        Bundle.model_validate(deepcopy(bundle))
        before = deepcopy(self.written)
        try:
            return self._taken(bundle)
        except RefusedError:
            self.written = before
            raise

    def _taken(self, bundle: Any) -> Any:
        answers, names = [], {}
        for entry in bundle["entry"]:
            kind = entry["resource"]["resourceType"]
            request = entry["request"]
            if kind not in KINDS or (request["method"], request["url"]) != ("POST", kind):
                raise RefusedError(422, "not-supported")
            there = self._there(kind, request["ifNoneExist"])
            names[entry["fullUrl"]] = there or f"{kind}/{len(self.written) + 1}"
            if there is None:
                self.written[names[entry["fullUrl"]]] = entry["resource"]
            answers.append("200 OK" if there else "201 Created")
        for entry in bundle["entry"]:
            name = names[entry["fullUrl"]]
            self.written[name] = _resolved(self.written[name], names)
            self._check_references(self.written[name])
        rows = [
            {"response": {"status": status, "location": f"{name}/_history/1"}}
            for status, name in zip(answers, names.values(), strict=True)
        ]
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": rows}

    def _there(self, kind: str, criteria: str) -> str | None:
        name, _, value = criteria.partition("=")
        system, _, code = value.partition("|")
        for known, one in self.written.items():
            tags = [(t.get("system"), t.get("code")) for t in one.get("meta", {}).get("tag", [])]
            numbers = [(i["system"], i["value"]) for i in one.get("identifier", [])]
            hay = {"identifier": numbers, "_tag": tags}[name]
            if known.startswith(kind + "/") and (system, code) in hay:
                return known
        return None

    def _check_references(self, resource: Any) -> None:
        people = {f"Patient/{one['id']}" for one in self.people}
        for found in re.findall(r'"reference": "([^"]+)"', json.dumps(resource)):
            if not found.startswith("#") and found not in people | self.written.keys():
                raise RefusedError(422, "not-found")


def _resolved(resource: Any, names: dict[str, str]) -> Any:
    text = json.dumps(resource)
    for url, name in names.items():
        text = text.replace(json.dumps(url), json.dumps(name))
    return json.loads(text)


def _bundle(found: list[Any]) -> Any:
    rows = [{"resource": one, "search": {"mode": "match"}} for one in found]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(rows), "entry": rows}
