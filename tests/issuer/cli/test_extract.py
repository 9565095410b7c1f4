"""``passport-issuer extract``: transcripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from commands_here import run_here
from fhir_examples import allergy, data, record_of

from issuer.cli import main

COMMAND = [sys.executable, "-c", "from issuer.cli import main; main()", "extract"]


def run(*arguments, stdin=b""):
    return run_here(main, "extract", *arguments, environment={}, typed=stdin)


def test_one_file_prints_its_report(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(record_of(allergy()))
    done = run(path, "--json")
    assert done.returncode == 0
    assert done.stderr == b""
    assert json.loads(done.stdout)["state"]["allergies"] == "items"


def test_standard_input_is_read():
    done = run("-", "--json", stdin=data(allergy()))
    assert json.loads(done.stdout)["sections"]["allergies"]["active"]


def test_several_files_give_a_line_each_in_order(tmp_path):
    good, bad, none = (tmp_path / name for name in ("good.json", "bad.json", "none.json"))
    good.write_bytes(record_of(allergy()))
    bad.write_bytes(b"{")
    done = run(good, bad, none, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(good), str(bad), str(none)]
    assert [line.get("error", {}).get("code") for line in lines] == [
        None,
        "fhir.not_json",
        "fhir.unreadable",
    ]
    assert done.returncode == 1


def test_a_file_whose_name_is_no_utf8_has_its_report(tmp_path):
    path = os.fsencode(tmp_path) + b"/p\xe9.json"
    with open(path, "wb") as file:  # noqa: PTH123 - pathlib holds no bytes
        file.write(record_of(allergy()))
    done = subprocess.run([*COMMAND, path, path, "--json"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"].rpartition("/")[2] for line in lines] == ["p?.json"] * 2
    assert all(line["state"]["allergies"] == "items" for line in lines)


def test_a_file_that_cannot_be_read_ends_with_a_problem_and_its_next_step():
    done = run("-", "--json", stdin=b"<xml/>")
    assert done.returncode == 1
    assert json.loads(done.stdout)["code"] == "fhir.not_json"
    assert b"Next:" in done.stderr
    assert b"Traceback" not in done.stderr


def test_nothing_of_the_web_or_the_store_is_loaded():
    code = (
        "import sys, io; sys.argv=['passport-issuer','extract','-'];"
        'sys.stdin=io.TextIOWrapper(io.BytesIO(b\'{"resourceType":"Patient"}\'));'
        "from issuer.cli import app; app(standalone_mode=False);"
        "heavy={'fastapi','starlette','sqlalchemy','uvicorn','cryptography'};"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
