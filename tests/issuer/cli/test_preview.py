"""``passport-issuer preview`` and ``records``: transcripts."""

from __future__ import annotations

import json

import pytest
from commands_here import run_here
from fhir_examples import NOW, SOURCE, allergy, concept, medicine, problem, record_of, status

from healthpassport.encoding import dump_json
from healthpassport.keys import generate_signer, save_signer
from healthpassport.summary import record_types
from issuer.cli import main
from issuer.fhir.sensitive import read_sensitive_codes, sign_sensitive_codes
from issuer.service.leaving_out import WORDS, left_out
from issuer.service.reading import Rules, read_bundle

SIGNER = generate_signer()
CODES = {"system": "http://snomed.info/sct", "code": "999000001"}
LISTED = {
    "version": 1,
    "issuedAt": "2026-11-01T00:00:00Z",
    "sets": [{"refset": "made-up", "codes": [CODES]}],
}
RULES = Rules(
    SOURCE,
    read_sensitive_codes(sign_sensitive_codes(LISTED, SIGNER), signer_jwk=SIGNER.public_key.jwk()),
    laboratory=False,
)


def run(*arguments, stdin=b"", **environment):
    return run_here(main, *arguments, environment=environment, typed=stdin)


def reasons(*resources):
    reading = read_bundle(record_of(*resources), rules=RULES, subject=None, now=NOW)
    return [row.reason for row in left_out(reading, rules=RULES, now=NOW)]


def test_what_is_issued_is_not_left_out():
    assert reasons(allergy(), problem(), medicine(), problem(clinical="resolved")) == []


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (problem(concept("999000001", "Made up")), "sensitive"),
        (problem(meta={"security": [{"code": "NOPAT"}]}), "confidential"),
        (problem(verificationStatus=status("entered-in-error")), "in_error"),
        (allergy(verificationStatus=status("refuted")), "refuted"),
        (problem(modifierExtension=[{"url": "x"}]), "modifier"),
        (allergy(clinical="resolved"), "counted"),
        (medicine(state="stopped"), "over"),
        (allergy(code={"text": "x" * 10_001}), "not_whole"),
        (
            {
                "resourceType": "Flag",
                "status": "active",
                "code": {"text": "FGM"},
                "subject": {"reference": "Patient/p"},
            },
            "safeguarding",
        ),
        (
            {
                "resourceType": "Flag",
                "status": "active",
                "code": {"text": "Big dog"},
                "subject": {"reference": "Patient/p"},
            },
            "no_record",
        ),
    ],
)
def test_what_is_left_out_is_listed_with_its_reason(resource, reason):
    assert reasons(resource) == [reason]
    assert reason in WORDS


def test_a_preview_shows_both_sides_and_what_is_left_out():
    held = record_of(allergy(), allergy(clinical="resolved"))
    shown = json.loads(run("preview", "-", "--json", stdin=held).stdout)
    assert shown["version"] == 1
    found = {record["type"]: record for record in shown["records"]}
    mine, theirs = (found["AllergySummary"][side] for side in ("patient", "hospital"))
    assert (mine["title"], theirs["title"]) == ("Allergies", "Allergies and adverse reactions")
    assert mine["items"][0]["text"] == theirs["items"][0]["text"] == "Allergy to peanut"
    assert not any("Codes" in line for line in mine["items"][0]["together"])
    assert any("Coding" in line for line in theirs["items"][0]["together"])
    assert [row["reason"] for row in shown["leftOut"]] == ["counted"]


def test_a_preview_in_words_names_each_side_on_stdout_alone():
    done = run("preview", "-", stdin=record_of(allergy()))
    assert done.returncode == 0
    for words in (b"The patient will see", b"A hospital will see", b"Left out", b"Nothing."):
        assert words in done.stdout
    assert b"without a list of sensitive codes" in done.stderr


def test_a_preview_uses_the_list_of_the_settings(tmp_path):
    (tmp_path / "codes.jws").write_text(sign_sensitive_codes(LISTED, SIGNER), encoding="ascii")
    (tmp_path / "key.json").write_bytes(dump_json(SIGNER.public_key.jwk()))
    config = tmp_path / "issuer.toml"
    lines = {
        "iss": "https://issuer.example", "ods": "A12345", "name": "A", "key": "file:///k",
        "x5c": "x", "database": "d", "api_keys": "a",
        "sensitive_codes": str(tmp_path / "codes.jws"),
        "sensitive_codes_key": str(tmp_path / "key.json"),
    }  # fmt: skip
    config.write_text("".join(f'{k} = "{v}"\n' for k, v in lines.items()), encoding="utf-8")
    held = record_of(problem(concept("999000001", "Made up")), problem())
    done = run("preview", "-", "--json", "--config", config, stdin=held)
    shown = json.loads(done.stdout)
    assert [row["reason"] for row in shown["leftOut"]] == ["sensitive"]
    (tmp_path / "key.json").write_bytes(dump_json(generate_signer().public_key.jwk()))
    done = run("preview", "-", "--config", config, stdin=held)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"issuer.sensitive_codes" in done.stderr


@pytest.mark.parametrize(
    ("held", "code"), [(b"<xml/>", b"fhir.not_json"), (b"{}", b"fhir.no_resource")]
)
def test_a_file_that_cannot_be_read_ends_with_its_problem(held, code):
    done = run("preview", "-", stdin=held)
    assert done.returncode == 1
    assert code in done.stderr
    assert b"Traceback" not in done.stderr


def test_records_lists_every_type_with_its_fields():
    rows = [json.loads(line) for line in run("records", "--json").stdout.splitlines()]
    assert [row["type"] for row in rows] == list(record_types())
    results = next(row for row in rows if row["type"] == "KeyResults")
    value = next(field for field in results["fields"] if field["name"] == "value")
    assert (value["class"], value["r4"][:11]) == ("unit", "Observation")
    assert b"AllergySummary  Allergies and adverse reactions" in run("records").stdout


def signed_by_command(folder, document):
    (folder / "list.json").write_bytes(dump_json(document))
    uri = save_signer(SIGNER, folder / "key.pem")
    return run("codes", "sign", folder / "list.json", "--key", uri)


def test_a_list_is_signed_and_looked_at_by_commands(tmp_path):
    done = signed_by_command(tmp_path, LISTED)
    found = read_sensitive_codes(done.stdout.decode(), signer_jwk=json.loads(done.stderr))
    assert found.codes == {("http://snomed.info/sct", "999000001")}
    (tmp_path / "codes.jws").write_bytes(done.stdout)
    (tmp_path / "key.json").write_bytes(done.stderr)
    environment = {
        "ISS": "https://issuer.example", "ODS": "A12345", "NAME": "A", "KEY": "file:///k",
        "X5C": "x", "DATABASE": "d", "API_KEYS": "a",
        "SENSITIVE_CODES": str(tmp_path / "codes.jws"),
        "SENSITIVE_CODES_KEY": str(tmp_path / "key.json"),
    }  # fmt: skip
    named = {f"PASSPORT_ISSUER_{name}": value for name, value in environment.items()}
    shown = json.loads(run("codes", "show", "--json", **named).stdout)
    assert shown["issuedAt"] == "2026-11-01T00:00:00+00:00"
    assert (shown["codes"], shown["texts"]) == (1, 0)


def test_a_list_of_the_wrong_shape_is_not_signed(tmp_path):
    done = signed_by_command(tmp_path, LISTED | {"version": 2})
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"issuer.sensitive_codes" in done.stderr
