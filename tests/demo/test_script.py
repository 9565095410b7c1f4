"""The journey that the demo and CI run, by its command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands_here import run_here

from demo.cli import main

ROOT = Path(__file__).resolve().parents[2]
PATIENTS = sorted((ROOT / "demo" / "patients").glob("*.json"))
# Seven seconds of processor time each; the others go the same way inside one process
# (tests/journeys), and by PASSPORT_SCRIPTS=all here.
PLAYED = PATIENTS if os.environ.get("PASSPORT_SCRIPTS") == "all" else PATIENTS[:1]


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from demo.cli import main; main()", "--folder", str(folder)]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )


def refused(folder: Path, *arguments: str) -> str:
    """The words with which it ends, without a process of its own."""
    done = run_here(main, "--folder", folder, *arguments, environment={}, folder=ROOT)
    assert done.returncode == 1
    words = done.stderr.decode()
    assert "Traceback" not in words
    return words


@pytest.mark.parametrize("record", PLAYED, ids=[path.stem for path in PLAYED])
def test_every_made_up_patient_s_record_goes_from_issuer_to_desk_to_withdrawn(tmp_path, record):
    done = run_demo(tmp_path / "demo", "--script", "--record", str(record))
    assert done.returncode == 0, done.stderr
    assert "The desk sees: withdrawn" in done.stdout
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "demo").exists()


def test_a_file_that_is_no_record_is_refused_with_words_and_leaves_nothing(tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{")
    assert "Next:" in refused(tmp_path / "demo", "--script", "--record", str(wrong))
    assert not (tmp_path / "demo").exists()


def test_a_file_that_is_not_there_is_refused_with_words(tmp_path):
    nothing = str(tmp_path / "nothing.json")
    assert "demo.record" in refused(tmp_path / "demo", "--script", "--record", nothing)


def test_a_folder_of_something_else_is_never_removed(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    assert "demo.folder" in refused(tmp_path, "--script")
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_half_a_certificate_is_refused(tmp_path):
    assert "demo.tls" in refused(tmp_path / "demo", "--script", "--tls-cert", "server.pem")
