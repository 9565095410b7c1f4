"""What is generated: up to date, valid for those who read it, and true to the definitions."""

import json
import shutil
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, FormatChecker
from record_examples import LATEX, allergies, identity, medicines, records
from shared_inputs import shared

from healthpassport.summary import SectionState, record_types, to_payload
from schemas import generate
from schemas.definitions import definitions

TYPES = record_types()


def document(kind, name):
    return json.loads(
        (generate.ROOT / f"{generate.GENERATED}/{kind}/{name}.json").read_text("utf-8")
    )


def schema(name):
    return Draft202012Validator(document("json-schema", name), format_checker=FormatChecker())


def test_every_generated_file_is_up_to_date():
    assert generate.drift() == []


def test_drift_of_every_kind_is_found_and_mended(tmp_path):
    shutil.copytree(generate.ROOT / "schemas/generated", tmp_path / "schemas/generated")
    (tmp_path / "docs").mkdir()
    shutil.copy(generate.ROOT / "docs/records.md", tmp_path / "docs")
    stale, missing, extra = (
        f"{generate.GENERATED}/{name}.json"
        for name in ("consent/AllergySummary", "queries/medicines_check", "claims/Removed")
    )
    (tmp_path / stale).write_text("{}")
    (tmp_path / missing).unlink()
    (tmp_path / extra).write_text("{}")
    assert generate.drift(tmp_path) == sorted([stale, missing, extra])
    assert generate.write(tmp_path) == sorted([stale, missing, extra])
    assert generate.drift(tmp_path) == []
    assert not (tmp_path / extra).exists()


def test_the_command_says_what_is_out_of_date(monkeypatch, capsys, tmp_path):
    assert generate.main(["--check"]) == 0
    monkeypatch.setattr(generate, "drift", lambda: ["docs/records.md"])
    assert generate.main(["--check"]) == 1
    assert "out of date: docs/records.md" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--chek"], ["--check", "now"], ["write"]])
def test_the_command_refuses_what_it_does_not_know(arguments, capsys):
    assert generate.main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_generating_needs_the_standard_library_only():
    code = "import sys, schemas.generate; print(sorted(sys.modules))"
    found = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(generate.ROOT)!r}); {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    for name in ("healthpassport", "pydantic", "jsonschema", "cryptography"):
        assert f"'{name}'" not in found.stdout


@pytest.mark.parametrize("name", TYPES)
def test_the_json_schema_is_valid_json_schema(name):
    Draft202012Validator.check_schema(document("json-schema", name))


@given(records())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_record_fits_its_json_schema(record):
    schema(record.type).validate(json.loads(json.dumps(to_payload(record))))


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"state": "none_known"},
        {"state": "no_allergies"},
        {"itemCount": 0},
        {"items": []},
        {"items": [{"onset": "2001"}]},
        {"items": [{"unit": {"text": "x"}, "dose": "1"}]},
        {"items": [{"unit": {"text": "x", "verificationStatus": "refuted"}}]},
        {"vct": "https://passport.example/vct/ProblemSummary/1"},
        {"asOf": "2026"},
    ],
)
def test_the_json_schema_refuses(changes):
    assert not schema("AllergySummary").is_valid(to_payload(allergies()) | changes)


def test_the_json_schema_refuses_a_list_without_its_items():
    sent = to_payload(allergies())
    del sent["items"]
    assert not schema("AllergySummary").is_valid(sent)
    assert schema("AllergySummary").is_valid(
        to_payload(allergies(state=SectionState.NONE_KNOWN, items=()))
    )


def test_the_json_schema_lets_through_what_the_format_adds():
    added = {"iss": "https://gp.example", "iat": 1, "exp": 2, "cnf": {"jwk": {}}, "status": {}}
    for record in (allergies(), identity(), medicines("current")):
        schema(record.type).validate(to_payload(record) | added)


@pytest.mark.parametrize("name", TYPES)
def test_the_type_metadata_fits_the_published_schema(name):
    published = json.loads(
        shared("vectors", "oidf-schemas", "type_metadata.json").read_text("utf-8")
    )
    Draft202012Validator(published).validate(document("type-metadata", name))


@pytest.mark.parametrize("name", TYPES)
def test_the_type_metadata_says_which_claims_are_disclosures(name):
    found = document("type-metadata", name)
    assert found["vct"] == definitions()[name].vct
    assert [row["locale"] for row in found["display"]] == ["en", "cy"]
    claims = {tuple(claim["path"]): claim for claim in found["claims"]}
    assert len(claims) == len(found["claims"])
    hidden = {path for path, claim in claims.items() if claim["sd"] == "always"}
    assert hidden == set(definitions()[name].disclosures)
    assert {claim["sd"] for claim in claims.values()} == {"always", "never"}
    assert all(claims[(plain,)]["mandatory"] for plain in ("state", "itemCount", "asOf", "source"))
    for claim in claims.values():
        assert [row["locale"] for row in claim.get("display", [])] in ([], ["en", "cy"])


@pytest.mark.parametrize("name", TYPES)
def test_every_member_of_a_record_stands_in_the_type_metadata(name):
    claims = [tuple(claim["path"]) for claim in document("type-metadata", name)["claims"]]
    found = definitions()[name]
    for field in found.unit_fields:
        assert ("items", None, "unit", field) in claims
    for field in found.item_fields:
        assert ("items", None, field) in claims
    for field in {**found.subject_fields, **found.always_fields}:
        assert (field,) in claims


@pytest.mark.parametrize("name", TYPES)
def test_every_tick_has_a_word_in_both_languages(name):
    found = document("consent", name)
    definition = definitions()[name]
    for language in ("en", "cy"):
        assert set(found[language]["ticks"]) == {
            *definition.subject_fields,
            *definition.item_fields,
        }
        assert found[language]["sentence"]


@pytest.mark.parametrize("name", TYPES)
def test_the_disclosure_tree_of_others_is_ours(name):
    assert [tuple(path) for path in document("disclosures", name)] == list(
        definitions()[name].disclosures
    )


def test_the_page_names_every_field():
    page = (generate.ROOT / "docs/records.md").read_text("utf-8")
    for name, definition in definitions().items():
        assert f"## {name}\n" in page
        for field in {**definition.unit_fields, **definition.item_fields}:
            assert f"| `{field}`" in page


def test_the_examples_differ_from_one_another():
    assert LATEX not in medicines("current").items
