"""Every document is valid FHIR by a validator that is not ours, whatever the record holds.

The validator's models are those of R4B, which has every resource and member that is written here as
R4 has it. It knows shapes and cardinalities; the invariants are in ``fhir_way_out``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from fhir_way_out import (
    NOW,
    assert_is_a_document,
    everything,
    read_again,
    resources,
    section_of,
    verified,
    written,
)
from hypothesis import HealthCheck, Phase, given, settings
from record_examples import SOURCE, SUBJECT, identity, records
from shared_inputs import SHARED

from healthpassport.encoding import dump_json
from healthpassport.errors import SourceError
from healthpassport.summary import Item
from issuer.fhir import extract
from issuer.records import build

DEMO = sorted((Path(__file__).resolve().parents[2] / "demo" / "patients").glob("*.json"))
PUBLISHED = sorted((SHARED / "fhir").rglob("*.json")) if SHARED.exists() else []


@cache
def validator():
    from fhir.resources.R4B.bundle import Bundle  # noqa: PLC0415 - takes two seconds

    return Bundle


def assert_valid(made):
    assert_is_a_document(made)
    validator().model_validate_json(dump_json(made | {"entry": list(map(told, made["entry"]))}))


def told(entry):
    """The validator does not know a choice of which only the reason for its absence is there."""
    resource = dict(entry["resource"])
    if resource.pop("_occurrenceDateTime", None) and "occurrenceDateTime" not in resource:
        resource["occurrenceString"] = "unknown"
    return {**entry, "resource": resource}


@pytest.mark.parametrize("path", DEMO, ids=[path.stem for path in DEMO])
def test_a_made_up_patients_document_is_valid(path):
    summary = build(extract(path.read_bytes()), source=SOURCE, now=NOW)
    assert_valid(everything(summary))


@pytest.mark.shared
@pytest.mark.skipif(not PUBLISHED, reason="the published examples do not stand beside the checkout")
def test_the_document_of_every_published_example_is_valid():
    count = 0
    for path in PUBLISHED:
        try:
            summary = build(extract(path.read_bytes()), source=SOURCE, now=NOW)
        except SourceError:
            continue
        assert_valid(everything(summary))
        count += 1
    assert count > 100


def in_letters(value):
    """``value`` without blanks that only some implementations read as such."""
    if isinstance(value, str):
        return re.sub(r"[^\x20-\x7e]", "x", value).strip() or "x"
    if isinstance(value, dict):
        return {name: in_letters(of) for name, of in value.items()}
    return [in_letters(of) for of in value] if isinstance(value, list) else value


def in_letters_all(items):
    return tuple(Item(in_letters(dict(i.unit)), in_letters(dict(i.fields))) for i in items)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, phases=[Phase.generate])
@given(records())
def test_any_record_that_its_definition_allows_goes_out_valid(record):
    named = replace(
        record,
        subject=in_letters({**record.subject, **SUBJECT}),
        items=in_letters_all(record.items),
        negations=in_letters_all(record.negations),
    )
    made = written(verified(section_of(identity()), section_of(named)), presentation=b"{}")
    assert_valid(made)
    assert resources(made, "Patient")
    assert read_again(made).persons


@given(records())
def test_any_record_at_all_makes_a_document(record):
    named = replace(record, subject={**record.subject, **SUBJECT})
    assert_is_a_document(written(verified(section_of(identity()), section_of(named))))
