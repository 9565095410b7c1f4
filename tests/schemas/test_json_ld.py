"""The generated JSON-LD contexts: every term defined, nothing dropped, nothing that parts apart."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from pyld import jsonld
from record_examples import records
from repository import ROOT

from healthpassport.summary import definition, record_types, to_payload
from schemas.definitions import types


def context(record_type):
    path = ROOT / "schemas/generated/json-ld" / f"{record_type}.json"
    return json.loads(path.read_text("utf-8"))


def never(url, _options):
    raise AssertionError(url)


def expanded(record):
    """The subject of ``record`` in full JSON-LD, by a processor that is not ours."""
    payload = {k: v for k, v in to_payload(record).items() if k != "vct"}
    document = {
        "@context": context(record.type)["@context"],
        "@type": record.type,
        **payload,
    }
    [subject] = jsonld.expand(document, {"documentLoader": never})
    return payload, subject


@given(record=records())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_member_of_a_record_is_a_term_and_none_is_dropped(record):
    payload, subject = expanded(record)
    found = {iri.rpartition("#")[2]: values for iri, values in subject.items() if iri != "@type"}
    assert found.keys() == payload.keys()
    for name in ("items", "negations"):
        for entry, seen in zip(payload.get(name, ()), found.get(name, ()), strict=True):
            assert {iri.rpartition("#")[2] for iri in seen} == entry.keys()


@given(record=records())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_never_parts_is_one_literal(record):
    _, subject = expanded(record)
    for iri, values in subject.items():
        if iri.endswith(("#items", "#negations")):
            units = [entry["https://passport.example/vocab#unit"] for entry in values]
            assert all(len(unit) == 1 and unit[0]["@type"] == "@json" for unit in units)
        elif iri != "@type":
            assert len(values) == 1, iri


@pytest.mark.parametrize("record_type", record_types())
def test_the_type_of_a_credential_is_the_vct_of_the_other_family(record_type):
    known = definition(record_type)
    terms = context(record_type)["@context"]
    assert terms[known.credential_type] == known.vct
    assert terms["@protected"] is True
    assert terms[record_type]["@context"]["@protected"] is True


@pytest.mark.parametrize("record_type", record_types())
def test_a_value_with_an_inside_is_never_a_node_of_its_own(record_type):
    known = definition(record_type)
    terms = context(record_type)["@context"][record_type]["@context"]
    plain = {**known.envelope_fields, **known.always_fields, **known.subject_fields}
    for name, field in plain.items():
        if name != "vct" and types()[field.type]["type"] in {"object", "array"}:
            assert terms[name]["@type"] == "@json"
