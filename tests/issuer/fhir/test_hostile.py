"""Any JSON and any mutated record: a report, or an error of ours; records, or why not."""

from __future__ import annotations

import contextlib
import copy
import json

from fhir_examples import (
    NOW,
    PATIENT,
    SOURCE,
    allergy,
    bundle,
    listed,
    medicine,
    problem,
    vaccination,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthpassport.encoding import dump_json
from healthpassport.errors import PassportError
from healthpassport.summary import to_payload
from issuer.fhir import extract
from issuer.records import build

LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text()
NAMES = st.sampled_from(
    ["resourceType", "entry", "resource", "contained", "code", "coding", "status", "patient",
     "reference", "extension", "url", "section", "text", "div", "period", "name", "identifier"]
) | st.text(max_size=4)  # fmt: skip
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
)
RECORD = bundle(
    PATIENT,
    listed("Allergies", "AllergyIntolerance/a", "#b", contained=[allergy(id="b")]),
    allergy(id="a", reaction=[{"manifestation": [{"text": "x"}], "severity": "mild"}]),
    medicine(dosage=[{"text": "x"}], basedOn=[{"reference": "MedicationRequest/r"}]),
    medicine(id="r", kind="MedicationRequest", intent="plan", dispenseRequest={}),
    problem(bodySite=[{"text": "x"}]),
    vaccination(protocolApplied=[{"doseNumberString": "1"}]),
    {"resourceType": "Composition", "date": "2026", "section": [{"text": {"div": "<p>x</p>"}}]},
    timestamp="2026-10-01T00:00:00Z",
)


def survives(value):
    try:
        found = extract(json.dumps(value).encode())
        dump_json(found.report())
        for record in build(found, source=SOURCE, now=NOW).records:
            to_payload(record)
    except PassportError:
        pass


def places(node, path=()):
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    for name, value in inner:
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))
        else:
            yield (*path, name)


PLACES = [path for path in places(RECORD) if path]


@given(ANY)
@settings(deadline=None)
def test_any_json_gives_a_report_or_our_error(value):
    survives(value)


@given(st.dictionaries(NAMES, ANY, max_size=5), st.sampled_from(
    ["Bundle", "Patient", "AllergyIntolerance", "MedicationStatement", "Condition", "Immunization",
     "List", "Composition", "Parameters", "MedicationRequest"]
))  # fmt: skip
@settings(deadline=None)
def test_any_resource_gives_a_report_or_our_error(members, kind):
    survives(members | {"resourceType": kind})


@given(st.lists(st.tuples(st.sampled_from(PLACES), ANY), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_record_gives_records_or_our_error(changes):
    value = copy.deepcopy(RECORD)
    for path, new in changes:
        node = value
        with contextlib.suppress(LookupError, TypeError):  # an earlier change took the place away
            for name in path[:-1]:
                node = node[name]
            node[path[-1]] = new
    survives(value)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_give_our_error_or_a_report(content):
    with contextlib.suppress(PassportError):
        extract(content)
