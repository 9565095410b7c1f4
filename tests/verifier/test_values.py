"""Values of the newer record types as staff read them: whole, on one line, nothing made up."""

import pytest

from healthpassport.summary import Item, definition
from verifier.web.sections import _entry
from verifier.web.values import coded, components, measured, row_lines, shown


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"comparator": "<", "value": "7.1", "unit": "mmol/L"}, "< 7.1 mmol/L"),
        ({"value": "Positive", "coding": [{"code": "10828004"}]}, "Positive, (10828004)"),
        ({}, ""),
        ("Trace", "Trace"),
        (None, ""),
    ],
)
def test_a_value_keeps_its_comparator_and_unit_on_one_line(value, words):
    assert measured(value) == words


def test_each_part_of_a_result_is_named():
    parts = [
        {"text": "Systolic", "value": {"value": "120", "unit": "mmHg"}, "interpretation": "High"},
        {"text": "Diastolic", "absentReason": "Not measured"},
    ]
    assert components(parts) == "Systolic: 120 mmHg, High; Diastolic: Not measured"
    assert components("odd") == ""


def test_rows_of_a_table_stand_one_by_one_and_in_order():
    assert row_lines([["2017", "", "Penicillin"], ["2018"], "odd"]) == [
        ("Row 1", "2017 | Penicillin"),
        ("Row 2", "2018"),
        ("Row 3", "odd"),
    ]


def test_a_relationship_without_a_code_is_not_called_uncoded():
    assert coded({"text": "Brother"}) == "Brother"
    assert coded({}) == "uncoded"


def test_a_result_on_the_page_shows_its_value_before_how_to_read_it():
    kind = definition("KeyResults")
    unit = {"text": "Sodium", "value": {"value": "120", "unit": "mmol/L"}, "interpretation": "Low"}
    assert _entry(Item(unit), kind).lines[:2] == (
        ("Value", "120 mmol/L"),
        ("Interpretation", "Low"),
    )
    assert shown(kind.unit_fields["status"], "final") == "Final"


def test_a_part_in_words_shows_its_rows_and_no_hash():
    unit = {"text": "Allergies", "rows": [["Penicillin"]], "sha256": "0" * 64}
    lines = dict(_entry(Item(unit), definition("NarrativeSummary")).lines)
    assert lines == {"Row 1": "Penicillin"}
