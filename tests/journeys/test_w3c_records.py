"""The whole journey with records as W3C credentials: issued, shared in part, withdrawn; offline."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from fhir_way_out import assert_is_a_document, resources

from demo.script import PATIENT, TEMPLATE, Journey
from demo.world import Ports, World
from healthpassport.credential import Challenge, Verdict
from healthpassport.encoding import b64_decode, parse_json_object
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.oid4vp import parse_payload
from healthpassport.verification import FreshnessPolicy, verify_presentation
from issuer import service


@pytest.fixture(params=[("ldp_vc",), ("ldp_vc", "dc+sd-jwt")], ids=str)
def world(request, tmp_path):
    world = World(tmp_path / "demo", ports=Ports.free(), patience=60, formats=request.param)
    yield world
    world.stop()
    world.wallet.close()


def test_records_reach_the_desk_in_part_and_are_seen_to_be_withdrawn(world):
    said = []
    Journey(world, PATIENT.read_bytes(), said.append).run()
    assert any("withdrawn" in line for line in said)
    issued = service.issued(world.issuer_server.app.state.issuer)
    both = len(world.formats) > 1  # then our wallet takes the default, and leaves the other
    assert issued
    assert all(entry.record_type.endswith(".ldp_vc") is not both for entry in issued)


def test_the_evidence_of_a_result_can_be_verified_again(world):
    journey = Journey(world, PATIENT.read_bytes(), lambda _line: None)
    journey.prepare()
    request = journey.hospital.post("/requests", {"template": TEMPLATE})
    question = world.wallet.prepare(request["link"])
    world.wallet.share(question, question.ticked)
    found = journey.hospital.get(f"/requests/{request['id']}/fhir?presentation=true")
    assert_is_a_document(found)
    (held,) = resources(found, "Binary")
    kept = parse_json_object(b64_decode(held["data"]))
    query = Query.parse(kept["query"])
    answer = parse_payload(json.dumps({"vp_token": kept["vp_token"]}).encode(), query=query)
    lists = world.desk.lists.views(datetime.now(UTC))
    summary = verify_presentation(
        presentation=answer.presentation,
        challenge=Challenge(kept["nonce"], kept["audience"]),
        query=query,
        trust=lists.trust,
        status=lists.status,
        policy=FreshnessPolicy(),
        now=datetime.now(UTC),
    )
    assert summary.verdict is Verdict.ACCEPTED, summary.codes
    assert summary.section("AllergySummary").items
