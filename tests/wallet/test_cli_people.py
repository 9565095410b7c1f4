"""Transcripts of ``passport-wallet people`` and ``helper``, over two real wallets."""

from __future__ import annotations

import json

import pytest
from family import ANN, MAIR, about, numbered
from typer.testing import CliRunner

from healthpassport import terminal
from wallet import cli
from wallet.cli import session
from wallet.service import Wallet


@pytest.fixture
def cast(world, tmp_path, monkeypatch, capsys):
    """``cast(name)(words...)`` runs a command in that person's wallet."""
    secret = tmp_path / "passphrase"
    secret.write_text("three made-up words\n")

    def person(name):
        folder = tmp_path / name

        def command(*words, typed=""):
            monkeypatch.setattr(session, "wallet", lambda: Wallet(world.surroundings(folder)))
            arguments = [*map(str, words), "--passphrase-file", str(secret)]
            result = CliRunner().invoke(cli.app, arguments, input=typed)
            error = result.exception
            if isinstance(error, Exception) and not isinstance(error, SystemExit):
                with pytest.raises(SystemExit) as stopped:
                    terminal.run(lambda: (_ for _ in ()).throw(error))
                return stopped.value.code, result.stdout, result.stderr + capsys.readouterr().err
            return result.exit_code, result.stdout, result.stderr

        folder.mkdir()
        assert command("init")[0] == 0
        monkeypatch.setattr(session, "wallet", lambda: Wallet(world.surroundings(folder)))
        assert CliRunner().invoke(cli.app, ["update"]).exit_code == 0
        return command

    return person


@pytest.fixture
def add(world, tmp_path):
    def added(run, made=None, *flags, typed=""):
        offer = world.offer(made)
        pin = tmp_path / "pin"
        pin.write_text(offer.pin)
        return run("add", offer.link, "--pin-file", pin, "--yes", *flags, typed=typed)

    return added


@pytest.fixture
def family(cast, add):
    run = cast("owner")
    assert add(run)[0] == 0
    code, _, err = add(run, about(numbered(ANN)), typed="1\n")
    assert code == 0, err
    assert "Whose is this? It says: Ann Zephyrine, born 2019-05-02." in err
    assert "  1. Somebody new" in err
    return run


def test_people_are_listed_each_with_their_records(family):
    code, out, _ = family("people", "list")
    assert code == 0
    first, second = out.splitlines()
    assert first.startswith("1. Quillon Zephyrine, born 1958-07-14, 2 records, you [")
    assert second.startswith("2. Ann Zephyrine, born 2019-05-02, 2 records [")
    people = json.loads(family("people", "list", "--json")[1])["people"]
    assert [(one["name"], one["mine"]) for one in people] == [
        ("Quillon Zephyrine", True), ("Ann Zephyrine", False),
    ]  # fmt: skip
    out = family("list")[1].splitlines()
    assert [line.split(",")[0] for line in out] == [
        "Quillon Zephyrine", out[1].split(",")[0], out[2].split(",")[0],
        "Ann Zephyrine", out[4].split(",")[0], out[5].split(",")[0],
    ]  # fmt: skip
    assert len(family("list", "--person", "Ann")[1].splitlines()) == 3
    rows = json.loads(family("list", "--person", "2", "--json")[1])["records"]
    assert {row["person"] for row in rows} == {people[1]["id"]}


def test_people_are_renamed_and_removed(family):
    code, out, _ = family("people", "rename", "Ann", "My girl")
    assert code == 0
    assert out.startswith("My girl (Ann Zephyrine), born")
    assert family("people", "remove", "my girl", typed="n\n")[0] == 1
    code, _, err = family("people", "remove", "my girl", typed="y\n")
    assert code == 0, err
    assert len(family("people", "list")[1].splitlines()) == 1
    code, _, err = family("people", "remove", "my girl", "--yes")
    assert (code, "people.unknown" in err) == (1, True)


def test_a_record_is_moved(family):
    rows = json.loads(family("list", "--person", "Ann", "--json")[1])["records"]
    assert family("people", "move", rows[0]["id"], "me")[0] == 1
    code, out, _ = family("people", "move", rows[0]["id"], "new", "--json")
    assert code == 0
    assert json.loads(out)["person"]["records"] == 1


def test_the_person_is_asked_for_before_any_value_is_shown(family, world):
    link = world.ask()["link"]
    code, out, err = family("present", link, "--look", "--json")
    assert (code, out) == (1, "")
    assert "people.which" in err
    code, _, err = family("present", link, typed="3\n2\nno\n")
    assert code == 5, err
    assert "Whose records do you want to show?" in err
    assert "1. Quillon Zephyrine, born 1958-07-14" in err
    assert "You are acting for Ann Zephyrine. Staff will be told." in err
    assert "9990000018" not in err.replace(" ", "")
    code, out, _ = family("present", world.ask()["link"], "--look", "--json", "--person", "me")
    assert json.loads(out)["actingFor"] == ""


def test_nobody_to_say_whose_it_is_means_that_nothing_is_added(cast, add):
    run = cast("owner")
    add(run)
    code, _, err = add(run, about(numbered(MAIR)))
    assert (code, "people.whose" in err) == (1, True)
    assert "Say it now. If you stop here, you need a new code." in err
    assert "once the wallet is locked or closed, you need a new code" in " ".join(err.split())
    assert len(run("people", "list")[1].splitlines()) == 1
    assert add(run, about(numbered(MAIR)), "--person", "new")[0] == 0


def test_two_wallets_lend_show_and_end(family, cast, world, tmp_path):
    helper = cast("helper")
    code, out, err = helper("helper", "invite", "Mair")
    assert code == 0
    invitation, words = out.strip(), err.splitlines()[-1].strip()
    assert len(words.split()) == 6
    records = json.loads(family("list", "--person", "me", "--json")[1])["records"]
    allergies = next(r["id"] for r in records if r["type"] == "AllergySummary")
    package = tmp_path / "package"
    give = ("helper", "give", invitation, "--record", f"{allergies}:2", "--to", package)
    code, _, err = family(*give, typed="n\n")
    assert code == 1
    assert words in err
    assert not package.exists()
    code, out, err = family(*give, typed="y\n")
    assert (code, out.strip()) == (0, "y"), err  # what was typed is echoed
    assert "Lent to Mair, of Quillon Zephyrine, until" in err
    assert "Allergies (1 of 2)" in err
    assert "you cannot take back" in err
    agreed = err.splitlines()[-2].strip()
    code, _, err = helper("helper", "receive", package, typed="y\n")
    assert code == 0, err
    assert "Quillon Zephyrine, born 1958-07-14 lends you until" in err
    assert "Allergies, Example Surgery (1 of 2)" in err
    assert agreed in err
    assert "lent to you until" in helper("people", "list")[1]
    code, out, _ = helper("list")
    assert "There are entries (1 of 2), until" in out
    request = world.ask()
    code, out, err = helper("present", request["link"], "--share")
    assert code == 0, err
    assert "Allergies: 1/2" in out
    assert "without proof" in world.seen(request)["result"]["cautions"][0]
    code, out, _ = family("helper", "list")
    assert out.startswith("1. Lent to Mair, of Quillon Zephyrine, until")
    assert family("helper", "end", "1", typed="n\n")[0] == 1
    code, _, err = family("helper", "end", "1", "--yes")
    assert code == 0
    assert "It has ended." in err
    assert json.loads(family("helper", "list", "--json")[1])["given"][0]["active"] is False


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("helper", "receive", "nonsense", "--yes"), 1),
        (("helper", "give", "nonsense", "--record", "1", "--yes"), 1),
        (("helper", "give", "nonsense", "--record", "1", "--until", "soon"), 2),
        (("helper", "end", "zz", "--yes"), 1),
        (("helper", "end"), 0),
        (("helper", "invite", ""), 1),
    ],
)
def test_wrong_use_has_its_own_words(family, words, code):
    found, _, err = family(*words)
    assert found == code
    if code == 1:
        assert "Next: " in err


@pytest.mark.parametrize("record", ["1:", "1:a", "../x", "1:1,", ""])
def test_a_record_is_named_by_number_or_id(family, cast, record):
    invitation = cast("helper")("helper", "invite", "Mair")[1].strip()
    assert family("helper", "give", invitation, "--record", record, "--yes")[0] == 2


def test_invitations_and_packages_go_through_files_and_pipes(family, cast, tmp_path):
    helper = cast("helper")
    file = tmp_path / "invitation"
    code, out, _ = helper("helper", "invite", "Mair", "--to", file)
    assert (code, out) == (0, "")
    code, out, _ = family("helper", "give", file, "--record", "2", "--yes", "--json")
    assert code == 0
    given = json.loads(out)
    assert given["gift"]["records"][0]["copies"] == 2
    code, out, _ = helper("helper", "receive", "-", "--yes", "--json", typed=given["package"])
    assert code == 0
    assert json.loads(out)["name"] == "Quillon Zephyrine"
    assert json.loads(helper("helper", "list", "--json")[1]) == {
        "version": 1, "given": [], "invitations": [],
    }  # fmt: skip


def test_an_invitation_is_shown_as_a_code(cast):
    helper = cast("helper")
    code, out, _ = helper("helper", "invite", "Mair", "--qr", "--json")
    assert code == 0
    assert len(json.loads(out[: out.rindex("}") + 1])["words"]) == 6
    assert len(out.splitlines()) > 20
