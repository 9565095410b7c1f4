"""The record types beside the first five, each on made-up twins of what sources write."""

from __future__ import annotations

import pytest
from fhir_examples import IPS, NOW, SOURCE, WHO, concept, record_of

from healthpassport.summary import SectionState, from_payload, to_payload
from issuer.fhir import extract
from issuer.records import build


def record(kind, *resources):
    """The record of ``kind``, which also survives its way over the wire."""
    found = build(extract(record_of(*resources)), source=SOURCE, now=NOW).record(kind)
    if found is not None:
        assert from_payload(to_payload(found)).item_count == len(found.items)
    return found


APPENDIX = concept("80146002", "Appendicectomy")


def procedure(state="completed", code=APPENDIX, **members):
    found = {"resourceType": "Procedure", "status": state, "code": code, "subject": WHO}
    return found | members


def test_a_procedure_keeps_its_status_and_date_with_its_code():
    whole = procedure(
        performedDateTime="1999-05",
        bodySite=[concept("66754008", "Appendix")],
        outcome={"text": "Good recovery"},
        performer=[{"actor": {"display": "Example Hospital"}}],
    )
    (item,) = record("ProcedureSummary", whole).items
    assert item.unit == {
        "text": "Appendicectomy",
        "coding": APPENDIX["coding"],
        "group": "done",
        "status": "completed",
        "date": "1999-05",
    }
    assert item.fields == {
        "bodySite": "Appendix",
        "outcome": "Good recovery",
        "performer": "Example Hospital",
    }


@pytest.mark.parametrize(
    ("state", "group"),
    [
        ("completed", "done"),
        ("preparation", "planned"),
        ("not-done", "not_done"),
        ("aborted", "not_done"),
        ("in-progress", "unknown"),
    ],
)
def test_a_procedure_that_was_not_done_never_reads_as_done(state, group):
    (item,) = record("ProcedureSummary", procedure(state)).items
    assert (item.unit["group"], item.unit["status"]) == (group, state)


def test_a_procedure_in_error_is_never_issued():
    assert record("ProcedureSummary", procedure("entered-in-error")) is None


def test_no_known_procedures_are_none_known():
    none = procedure(code=concept("no-known-procedures", system=IPS))
    found = record("ProcedureSummary", none)
    assert (found.state, found.items) == (SectionState.NONE_KNOWN, ())
    assert len(found.negations) == 1


def test_a_procedure_with_an_unknown_modifier_is_left_out_and_the_list_says_so():
    odd = procedure(modifierExtension=[{"url": "https://example.org/not", "valueBoolean": True}])
    found = record("ProcedureSummary", odd)
    assert found.state is SectionState.WITHHELD
    assert "entries-refused" in found.warnings
