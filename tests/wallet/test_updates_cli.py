"""Transcripts of the commands that keep records up to date and say what is wrong."""

from __future__ import annotations

import json

import pytest
from refreshing_world import EGG, HOST, LATEX, PASSPHRASE, RefreshingWorld
from typer.testing import CliRunner

from wallet import cli
from wallet.cli import session
from wallet.service import Wallet


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("commands") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    whole.take_reports()
    return whole


@pytest.fixture
def run(world, tmp_path, monkeypatch):
    """Run a command against a wallet with records."""
    world.filled(tmp_path).close()
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    monkeypatch.setattr(session, "wallet", lambda: Wallet(world.surroundings(tmp_path)))

    def command(*words, typed=""):
        arguments = [*map(str, words), "--passphrase-file", str(secret)]
        result = CliRunner().invoke(cli.app, arguments, input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout, result.stderr

    return command


def test_due_says_when_without_asking_anybody(run, world):
    world.wire.sent.clear()
    code, out, _ = run("due")
    assert code == 0
    assert "Allergies, Example Surgery: " in out
    assert not world.wire.sent
    told = json.loads(run("due", "--json")[1])
    assert told["version"] == 1
    assert {row["due"] for row in told["records"]} == {False}


def test_refresh_says_what_is_new_and_changes_says_it_again(run, world):
    world.tell(LATEX, EGG)
    code, out, _ = run("refresh")
    assert code == 0
    assert "Example Surgery: Your records are up to date." in out
    assert "No longer listed: Allergy to peanut" in out
    assert "New: Allergy to egg" in out
    assert "Ask the surgery if you did not expect this." in out
    code, out, _ = run("changes", "--unread")
    assert "New: Allergy to egg" in out
    assert run("changes", "--unread")[2] == "Nothing has changed in your records.\n"
    assert "New: Allergy to egg" in run("changes")[1]
    told = json.loads(run("changes", "--json")[1])["changes"]
    assert {change["kind"] for note in told for change in note["changes"]} >= {"added", "gone"}


def test_nothing_due_is_said(run):
    assert run("refresh", "--due") == (0, "", "Nothing is due now.\n")
    assert json.loads(run("refresh", "--due", "--json")[1]) == {"version": 1, "surgeries": []}


def test_one_record_by_its_number(run, world):
    world.tell(EGG)
    code, out, _ = run("refresh", "2")
    assert code == 0
    assert "New: Allergy to egg" in out


def test_a_surgery_that_is_away_is_exit_code_1_with_the_next_step(run, world):
    world.wire.down.add(HOST)
    code, out, err = run("refresh")
    assert code == 1
    assert "Example Surgery: We could not get your notes just now." in out
    assert "What you hold stays as it is. Try again later." in err
    code, out, _ = run("refresh", "--json")
    assert code == 1
    [row] = json.loads(out)["surgeries"]
    assert (row["code"], row["kind"], row["renewed"]) == ("net.unreachable", "later", False)


def test_the_old_device_is_stopped_after_a_question(run, world):
    code, _, err = run("stop-old-device", typed="n\n")
    assert code == 1
    assert "This asks each surgery to stop your old device." in err
    code, out, _ = run("stop-old-device", "--yes")
    assert code == 0
    assert "The old device is stopped." in out
    world.wire.down.add(HOST)
    code, _, err = run("stop-old-device", "--yes")
    assert code == 1
    assert "Some were not reached. Run this again later." in err


def test_something_wrong_is_told_listed_and_forgotten(run, world):
    code, out, err = run("reports", "add", "2", "I can eat peanuts")
    assert code == 0
    assert "Allergies, Example Surgery: The surgery has your note." in out
    assert "Till they answer, the record says so too." in err
    assert "I can eat peanuts" in run("reports", "list")[1]
    [row] = json.loads(run("reports", "list", "--json")[1])["reports"]
    assert row["state"] == "open"
    from issuer import service  # noqa: PLC0415
    from issuer.service.reports import parse_answer  # noqa: PLC0415

    told = parse_answer(b'{"outcome": "not_changed", "words": "It was tested."}')
    service.answer_report(world.issuer, row["id"], told)
    code, out, _ = run("reports", "update")
    assert "The surgery has kept its notes as they are." in out
    assert "Example Surgery: It was tested." in out
    assert run("reports", "forget", row["id"])[2] == "Deleted.\n"
    assert run("reports", "list")[2] == "You have sent no note to a surgery yet.\n"


def test_words_are_asked_for_so_that_no_shell_keeps_them(run):
    code, out, _ = run("reports", "add", "2", typed="It is not so\n")
    assert code == 0
    assert "The surgery has your note." in out
