"""The issuer's API called by its own OpenAPI document (htt-023): what it says is what happens.

schemathesis makes the calls, good and bad ones, with the token of a record system that may do all.
Its checks: no server error, no status, media type or body that is not in the document.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import schemathesis
from api_world import System, fresh_key
from fhir_examples import PATIENT, bundle, data
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sign_in_world import LATEX, SignInSite
from simulated_issuer import Site, Wallet

from issuer.store.outbox import KINDS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi" / "issuer.json"
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROOM = {
    "requests_per_second": 1e6,
    "request_burst": 10**6,
    "client_requests_per_second": 1e6,
    "client_request_burst": 10**6,
    "webhook_hosts": ("epr.example:443",),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    source = folder / "source"
    source.mkdir()
    site = Site(folder, {**ROOM, "source_folder": source})
    site.epr = System(site, "practice").enter()
    offer = site.offer(wanted=["AllergySummary"])
    wallet = Wallet(site, offer)
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200
    path = "/webhooks"
    site.known = {
        "offer": offer.id,
        "issuance": site.epr.call("GET", "/issuances").json()["issuances"][0]["id"],
        "webhook": site.epr.call("POST", path, {"url": "https://epr.example/"}).json()["id"],
    }
    yield site
    site.issuer.store.close()


@pytest.fixture(scope="module")
def signing_in(tmp_path_factory):
    bundles = {"rowan.json": data(bundle(PATIENT, LATEX))}
    site = SignInSite(tmp_path_factory.mktemp("examples"), dict(ROOM), bundles=bundles)
    site.epr = System(site, "practice").enter()
    yield site
    site.issuer.store.close()


schema = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_bytes()))


def test_the_served_document_is_the_committed_one_but_for_its_address(served):
    told = served.call("GET", "/openapi.json").json()
    assert {**told, "servers": 0} == {**json.loads(DOCUMENT.read_bytes()), "servers": 0}


def requests_by_example():
    for path, operations in json.loads(DOCUMENT.read_bytes())["paths"].items():
        for method, operation in operations.items():
            contents = operation.get("requestBody", {}).get("content", {})
            for kind, content in contents.items():
                if not kind.endswith("json") or "{" in path:
                    continue
                for name, example in content["examples"].items():
                    yield pytest.param(
                        method.upper(), path, kind, example["value"], id=f"{path}-{kind}-{name}"
                    )


@pytest.mark.parametrize(("method", "path", "kind", "value"), [*requests_by_example()])
def test_every_example_of_a_request_works_as_it_stands(signing_in, method, path, kind, value):
    headers = {"authorization": f"Bearer {signing_in.epr.token}", "content-type": kind}
    sent = json.dumps(value).encode()
    answer = signing_in.epr.call(method, path, headers=headers, body=sent)
    assert answer.status in {200, 201, 202}, answer.body


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/offers", {"GET", "POST"}),
        ("/bulk", {"GET", "POST"}),
        ("/webhooks", {"GET", "POST"}),
        ("/offers/cancel", {"GET", "POST"}),
        ("/offers/x/cancel", {"POST"}),
        ("/clients/token", {"POST"}),
        ("/openapi.json", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_is_not_there_is_answered_with_those_that_are(served, path, allowed):
    answer = served.call("PATCH", path)
    assert (answer.status, answer.json()["code"]) == (405, "http.method")
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_the_document_tells_of_every_message_that_a_record_system_may_get():
    told = json.loads(DOCUMENT.read_bytes())["webhooks"]
    assert set(told) == KINDS
    bodies = [one["post"]["requestBody"]["content"]["application/json"] for one in told.values()]
    assert {one["schema"]["properties"]["type"]["const"] for one in bodies} == KINDS


def test_every_lead_of_the_document_goes_to_a_call_with_that_parameter():
    paths = json.loads(DOCUMENT.read_bytes())["paths"]
    called = {one["operationId"]: one for path in paths.values() for one in path.values()}
    leads = [
        lead
        for one in called.values()
        for answer in one["responses"].values()
        for lead in answer.get("links", {}).values()
    ]
    assert len(leads) > 15
    for lead in leads:
        names = {one["name"] for one in called[lead["operationId"]]["parameters"]}
        assert set(lead["parameters"]) <= names


@schema.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_htt_023_every_call_of_a_record_system_is_answered_as_the_document_says(served, case):
    case.operation.app = served.app
    checked(served, case)
    known = {name: one for name, one in served.known.items() if name in case.path_parameters}
    if known:
        case.path_parameters.update(known)
        checked(served, case)


def checked(served, case):
    headers = {"Authorization": f"Bearer {served.epr.token}"}
    if "Idempotency-Key" in (case.headers or {}):
        headers["Idempotency-Key"] = fresh_key()
    served.app.state.door.wrong._buckets.clear()
    answer = case.call(headers=headers)
    case.validate_response(answer, checks=CHECKS)


def test_every_example_of_the_document_fits_its_schema():
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    document = json.loads(DOCUMENT.read_bytes())
    seen = 0
    for path in document["paths"].values():
        for operation in path.values():
            contents = [
                *operation.get("requestBody", {}).get("content", {}).values(),
                *(
                    content
                    for answer in operation["responses"].values()
                    for content in answer.get("content", {}).values()
                ),
            ]
            for content in contents:
                schema = {**content["schema"], "components": document["components"]}
                values = [one for one in [content.get("example")] if one is not None]
                values += [followed(document, one) for one in content.get("examples", {}).values()]
                for value in values:
                    Draft202012Validator(schema).validate(value)
                    seen += 1
    assert seen > 100


def followed(document, example):
    if "$ref" in example:
        return document["components"]["examples"][example["$ref"].rpartition("/")[2]]["value"]
    return example["value"]
