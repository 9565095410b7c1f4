"""``passport-verifier audit``: sign, write out, check; what goes where, and the exit code."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest
from desk_world import make_desk

from healthpassport.terminal import run
from verifier.cli import app
from verifier.service.audit import Actor

WHO = Actor("RXX01", "ward 9")


@pytest.fixture
def home(world, tmp_path, monkeypatch):
    desk = make_desk(world, tmp_path / "desk", updated=False)
    for _ in range(3):
        desk.audit.write("result.closed", who=WHO)
    desk.shut()
    monkeypatch.setenv("PASSPORT_VERIFIER_HOME", str(desk.settings.home))
    monkeypatch.setenv("PASSPORT_VERIFIER_PUBLIC_URL", desk.settings.public_url)
    return desk.settings.home


@pytest.fixture
def command(home, capfdbinary):
    def called(*words):
        with pytest.raises(SystemExit) as ended:
            run(lambda: app(["audit", *map(str, words)], standalone_mode=True))
        out, err = capfdbinary.readouterr()
        return SimpleNamespace(code=ended.value.code or 0, out=out, err=err)

    return called


def touch(home, statement):
    with closing(sqlite3.connect(home / "verifier.sqlite")) as raw, raw:
        raw.execute(statement)


def test_a_whole_trail_is_written_out_and_checked(command, tmp_path):
    file = tmp_path / "trail.jsonl"
    assert command("export", "--to", file).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_bytes().splitlines()[-2])["entry"]["event"] == "trail.exported"
    checked = command("verify", file)
    assert checked.code == 0
    assert b"The trail is whole." in checked.err
    assert checked.out.splitlines()[1] == b"entries: 6, numbers 1 to 6"
    assert command("verify", "--database").code == 0
    assert command("verify").code == 0


def test_an_entry_that_was_touched_is_named_in_the_file_and_in_the_database(
    command, home, tmp_path
):
    file = tmp_path / "trail.jsonl"
    file.write_bytes(command("export").out.replace(b"result.closed", b"result.opened", 1))
    checked = command("verify", file)
    assert checked.code == 1
    assert b"audit.altered: entry 3, line 3" in checked.out
    assert b"NOT whole" in checked.err
    touch(home, "DELETE FROM audit WHERE seq = 4")
    told = command("verify", "--json")
    assert told.code == 1
    assert json.loads(told.out)["findings"] == [
        {"code": "audit.removed", "first": 4, "last": 4, "line": 0}
    ]


def test_a_head_that_was_kept_elsewhere_tells_a_trail_that_was_set_back(command, home, tmp_path):
    signed = json.loads(command("head", "--json").out)
    assert (signed["version"], signed["seq"]) == (1, 5)
    kept = tmp_path / "head.jws"
    kept.write_bytes(command("head").out)
    assert command("verify", "--head", kept).code == 0
    touch(home, "DELETE FROM audit_heads")
    touch(home, "DELETE FROM audit WHERE seq > 3")
    touch(home, "UPDATE audit_trails SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)")
    assert command("verify").code == 0
    found = command("verify", "--head", kept)
    assert (found.code, b"audit.cut: entries 4 to 5" in found.out) == (1, True)


def test_a_machine_that_is_no_desk_checks_with_the_desks_certificate(
    command, home, tmp_path, monkeypatch
):
    file, elsewhere = tmp_path / "trail.jsonl", tmp_path / "elsewhere"
    command("export", "--to", file)
    elsewhere.mkdir()
    monkeypatch.setenv("PASSPORT_VERIFIER_HOME", str(elsewhere))
    assert b"--certificate" in command("verify", file).err
    assert command("verify", file, "--certificate", home / "verifier.pem").code == 0
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("words", [("verify", "none.jsonl"), ("verify", "--head", "none.jws")])
def test_a_file_that_is_not_there_is_named(command, words):
    found = command(*words)
    assert (found.code, b"none.j" in found.err) == (1, True)


def test_a_file_and_the_database_are_not_checked_at_once(command):
    assert command("verify", "trail.jsonl", "--database").code == 2


def test_a_file_of_one_endless_line_is_no_trail(command, tmp_path):
    file = tmp_path / "long"
    file.write_bytes(b"[" * 2_000_000)
    assert command("verify", file).code == 1
