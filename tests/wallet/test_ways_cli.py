"""Transcripts of ``passport-wallet ways``: a vault and its commands, nothing else."""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner
from wallet_home import Home

from healthpassport import terminal
from wallet import cli
from wallet.cli import session
from wallet.service import Surroundings, Wallet
from wallet.vault import kdf

PASSPHRASE = "three made-up words"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command with a passphrase; returns exit code, stdout and stderr."""
    monkeypatch.setattr("wallet.vault.making.NEW_COST", kdf.KdfCost())
    home = Home(tmp_path)
    around = Surroundings(
        vault_file=home.path,
        anchor_folder=home.anchors,
        trust_folder=tmp_path / "trust",
        fetcher=None,
        trust_url="",
        trust_root=None,
        clock=lambda: datetime(2026, 11, 1, 9, 0, tzinfo=UTC),
        random=secrets.token_bytes,
    )
    monkeypatch.setattr(session, "wallet", lambda: Wallet(around))

    def command(*words, given=PASSPHRASE, typed=""):
        arguments = [str(word) for word in words]
        if given is not None:
            secret = tmp_path / "given"
            secret.write_text(given + "\n")
            arguments += ["--passphrase-file", str(secret)]
        result = CliRunner().invoke(cli.app, arguments, input=typed)
        if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
            with pytest.raises(SystemExit) as stopped:
                terminal.run(lambda: (_ for _ in ()).throw(result.exception))
            return stopped.value.code, result.stdout, capsys.readouterr().err
        return result.exit_code, result.stdout, result.stderr

    assert command("init")[0] == 0
    return command


def kinds(run):
    answer = json.loads(run("ways", "list", "--json", given=None)[1])
    return [way["kind"] for way in answer["ways"]]


def test_the_ways_are_listed_without_a_passphrase(run):
    code, out, err = run("ways", "list", given=None)
    assert (code, err) == (0, "")
    assert out.startswith("1. Passphrase, added 01-Nov-2026 [")


def test_words_are_added_typed_again_and_open_the_wallet(run):
    code, out, err = run("ways", "add-words", typed="these are not the twelve words\n")
    assert code == 1
    assert "vault.recovery_words" in err
    words = [line.split(". ")[1] for line in out.splitlines()[:12]]
    assert len(words) == 12
    assert kinds(run) == ["passphrase"]
    code, out, _ = run("ways", "add-words", "--yes", "--json")
    words = json.loads(out)["words"]
    assert code == 0
    assert kinds(run) == ["passphrase", "words"]
    assert run("list", given=" ".join(words))[0] == 0
    assert run("history", given=" ".join(word[:4] for word in words))[0] == 0
    code, _, err = run("list", given=" ".join(reversed(words)))
    assert code == 3
    assert "vault.unlock_failed" in err


def test_words_that_are_other_words_are_not_added(run):
    other = "abandon " * 11 + "about"
    code, _, err = run("ways", "add-words", typed=other + "\n")
    assert code == 1
    assert "twelve other words" in err
    assert kinds(run) == ["passphrase"]


def test_a_passphrase_is_taken_out_and_another_added(run, tmp_path):
    words = " ".join(json.loads(run("ways", "add-words", "--yes", "--json")[1])["words"])
    assert run("ways", "remove", "passphrase", typed="n\n")[0] == 1
    code, out, _ = run("ways", "remove", "passphrase", "--yes", "--json", given=words)
    assert (code, json.loads(out)["removed"]["kind"]) == (0, "passphrase")
    code, _, err = run("list")
    assert code == 3
    assert "vault.way_unknown" in err
    code, _, err = run("ways", "remove", "1", "--yes", given=words)
    assert code == 1
    assert "vault.last_way" in err
    new = tmp_path / "new"
    new.write_text("four other made-up words\n")
    code, out, _ = run(
        "ways", "add-passphrase", "--new-passphrase-file", new, "--json", given=words
    )
    assert (code, json.loads(out)["way"]["kind"]) == (0, "passphrase")
    assert run("list", given="four other made-up words")[0] == 0


def test_a_passphrase_and_words_are_changed(run, tmp_path):
    new = tmp_path / "new"
    new.write_text("four other made-up words\n")
    assert run("ways", "change", "1", "--new-passphrase-file", new)[0] == 0
    given = "four other made-up words"
    assert run("list")[0] == 3
    assert run("list", given=given)[0] == 0
    assert run("ways", "add-words", "--yes", given=given)[0] == 0
    paper = tmp_path / "paper"
    paper.write_text("\n".join(["abandon"] * 11 + ["about"]))
    code, out, _ = run("ways", "change", "words", "--words-file", paper, "--json", given=given)
    assert (code, json.loads(out)["way"]["kind"]) == (0, "words")
    assert run("list", given="aban " * 11 + "about")[0] == 0


@pytest.mark.parametrize("unknown", ["7", "0", "passkey", "", "xyz"])
def test_a_way_that_is_not_on_the_list_is_told(run, unknown):
    code, _, err = run("ways", "remove", unknown, "--yes")
    assert code == 3
    assert "vault.way_unknown" in err


def test_history_asks_once(run):
    code, out, err = run("history")
    assert (code, out, err) == (0, "", "")


def test_a_mended_wallet_opens_with_words_too(run):
    words = " ".join(json.loads(run("ways", "add-words", "--yes", "--json")[1])["words"])
    code, out, _ = run("mend", "--yes", "--json", given=words)
    assert code == 0
    assert sum(json.loads(out)["dropped"].values()) == 0


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_vau_018_no_command_takes_a_secret_as_an_argument_or_from_the_environment():
    found = 0
    for name, command in commands(typer.main.get_command(cli.app)):
        for parameter in command.params:
            if re.search(r"passphrase|^pin|words.?file|secret|key.?file", str(parameter.name)):
                found += 1
                assert parameter.type_descriptor.annotation is Path, (name, parameter.name)
            assert not parameter.envvar, name
    assert found > 20
