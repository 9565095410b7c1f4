"""The desk's API called by its own OpenAPI document (htt-023): what it says is what happens.

schemathesis makes the calls, good and bad ones, with the key of a desk. Its checks: no server
error, no status, media type or body that is not in the document.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import schemathesis
from desk_world import handle_of, make_desk, make_world
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from verifier import api

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi" / "desk.json"
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    world = make_world(folder)
    home = folder / "desk"
    home.mkdir()
    digest = hashlib.sha256(b"ward-key").hexdigest()
    (home / "api-keys.json").write_text(json.dumps({"ward": digest}))
    desk = make_desk(world, home)
    yield api.create_app(desk.settings, desk=desk)
    desk.shut()


schema = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_bytes()))


def test_the_served_document_is_the_committed_one(served):
    assert served.openapi() == json.loads(DOCUMENT.read_bytes())


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_htt_023_every_call_is_answered_as_the_document_says(served, case):
    case.operation.app = served
    checked(case)
    if "request_id" in case.path_parameters or "handle" in case.path_parameters:
        desk = served.state.desk
        view = desk.ask("emergency_admission", desk="ward")
        if case.operation.path.endswith("/events"):  # else the events would not come to an end
            desk.close(view.id, desk="ward")
        case.path_parameters.update(request_id=view.id, handle=handle_of(view.link))
        checked(case)


def checked(case):
    answer = case.call(headers={"Authorization": "Bearer ward-key"})
    case.validate_response(answer, checks=CHECKS)
