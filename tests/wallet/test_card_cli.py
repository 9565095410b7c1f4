"""Transcripts of ``passport-wallet card``."""

from __future__ import annotations

import json

import pytest
from record_examples import allergies, identity, medicines
from typer.testing import CliRunner

from healthpassport import terminal
from healthpassport.summary import PatientSummary
from wallet import cli
from wallet.cli import session
from wallet.service import Wallet

PASSPHRASE = "three made-up words"
HELD = PatientSummary((identity(), allergies(), medicines("current")))


@pytest.fixture
def run(world, tmp_path, monkeypatch, capsys):
    """Run a command against the world; returns exit code, stdout and stderr."""
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    monkeypatch.setattr(session, "wallet", lambda: Wallet(world.surroundings(tmp_path)))

    def command(*words, passphrase=True):
        arguments = [str(word) for word in words]
        if passphrase:
            arguments += ["--passphrase-file", str(secret)]
        result = CliRunner().invoke(cli.app, arguments)
        if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
            with pytest.raises(SystemExit) as stopped:
                terminal.run(lambda: (_ for _ in ()).throw(result.exception))
            return stopped.value.code, result.stdout, capsys.readouterr().err
        return result.exit_code, result.stdout, result.stderr

    return command


@pytest.fixture
def ready(run, world, tmp_path):
    assert run("init")[0] == 0
    assert run("update", passphrase=False)[0] == 0
    offer = world.offer(HELD)
    pin = tmp_path / "pin"
    pin.write_text(offer.pin)
    assert run("add", offer.link, "--pin-file", pin, "--yes")[0] == 0
    return run


def test_from_choices_to_paper_and_withdrawal(ready, tmp_path):
    code, out, err = ready("card", "choices")
    assert code == 0, err
    assert "[x] Allergies: Penicillin" in out
    assert "[ ] You: NHS number" in out or "[ ] " in out
    assert "The card will say: Known allergies. 2 of 2 on this card." in err
    assert "Anyone who holds this card can read it." in err

    code, out, err = ready("card", "make", "--untick", 3, "--yes")
    assert code == 0, err
    assert "The card will say that your allergy list is not whole." in err
    assert "EXAMPLE, Given, Example Surgery, made on" in out
    card_id = out.splitlines()[-1].split()[0]

    code, out, _ = ready("card", "list")
    assert (code, out.count("In use.")) == (0, 1)

    code, out, err = ready("card", "show", "1")
    assert code == 0
    assert "Known allergies. List incomplete. 1 of 2 on this card." in out
    assert "The holder chose what is on this card." in err

    file = tmp_path / "card.html"
    code, out, err = ready("card", "print", card_id, file, "--language", "cy")
    assert (code, out) == (0, "")
    assert "Gall unrhyw un" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0

    code, out, _ = ready("card", "withdraw", card_id[:6], "--yes")
    assert (code, out.count("Withdrawn.")) == (0, 1)


def test_programs_get_json_with_a_version(ready):
    code, out, _ = ready("card", "choices", "--json")
    told = json.loads(out)
    assert (code, told["version"]) == (0, 1)
    assert told["preview"]["over"] == 0
    assert {choice["ticked"] for choice in told["choices"]} == {True, False}
    code, out, _ = ready("card", "make", "--yes", "--json")
    made = json.loads(out)["card"]
    assert made["state"] == "active"
    assert json.loads(ready("card", "list", "--json")[1])["cards"] == [made]
    assert json.loads(ready("card", "show", made["id"], "--json")[1])["code"]["version"] <= 20
    ended = json.loads(ready("card", "withdraw", made["id"], "--yes", "--json")[1])["card"]
    assert (ended["state"], ended["told"]) == ("withdrawn", True)


def test_a_no_is_a_no(ready):
    assert ready("card", "make")[0] != 0
    assert json.loads(ready("card", "list", "--json")[1])["cards"] == []
    made = json.loads(ready("card", "make", "--yes", "--json")[1])["card"]
    assert ready("card", "withdraw", made["id"])[0] != 0
    assert json.loads(ready("card", "list", "--json")[1])["cards"][0]["state"] == "active"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("card", "make", "--untick", 99, "--yes"), "there is no number 99"),
        (("card", "show", "9"), "Look at the list of your cards"),
        (("card", "print", "1", "x.html", "--language", "fr"), "use one of: en, cy"),
        (("card", "choices", "--about", "ffff"), "record"),
    ],
)
def test_what_cannot_be_done_is_told_with_the_next_step(ready, words, said):
    code, _, err = ready(*words)
    assert code != 0
    assert said in err


def test_a_page_that_cannot_be_written_is_told(ready, tmp_path):
    assert ready("card", "make", "--yes")[0] == 0
    code, _, err = ready("card", "print", "1", tmp_path / "nowhere" / "card.html")
    assert code == 1
    assert "Choose a folder" in err
