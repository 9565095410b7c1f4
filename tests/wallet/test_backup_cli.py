"""Transcripts of ``passport-wallet backup`` and ``erase``: two devices, files in between."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner
from wallet_alone import alone
from wallet_world import PASSPHRASE

from healthpassport import terminal
from wallet import cli
from wallet.cli import session
from wallet.vault import KdfCost

NEW = "four other made-up words"


class Device:
    """One computer: its own wallet and folder of files."""

    def __init__(self, folder, monkeypatch, capsys):
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        folder.mkdir()

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text + "\n", encoding="utf-8")
        return path

    def run(self, *words, typed="", passphrase=True):
        """Exit code, stdout and stderr of a command."""
        self._monkeypatch.setattr(session, "wallet", lambda: alone(self.folder))
        arguments = [str(word) for word in words]
        if passphrase:
            arguments += ["--passphrase-file", str(self.write("passphrase", PASSPHRASE))]
        result = CliRunner().invoke(cli.app, arguments, input=typed)
        if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
            with pytest.raises(SystemExit) as stopped:
                terminal.run(lambda: (_ for _ in ()).throw(result.exception))
            return stopped.value.code, result.stdout, self._capsys.readouterr().err
        return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def _cheapest_lock(monkeypatch):
    """The least that a guess may cost: each test locks and opens several times."""
    for module in ("wallet.service.recipients", "wallet.vault.making"):
        monkeypatch.setattr(f"{module}.NEW_COST", KdfCost())


@pytest.fixture
def first(tmp_path, monkeypatch, capsys):
    device = Device(tmp_path / "first", monkeypatch, capsys)
    wallet = alone(device.folder)
    wallet.init(PASSPHRASE, cost=KdfCost())
    with wallet._opened().transaction() as writer:
        writer.add("state", b"{}")
    wallet.close()
    return device


@pytest.fixture
def second(tmp_path, monkeypatch, capsys):
    return Device(tmp_path / "second", monkeypatch, capsys)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "backup.hpb"


def test_a_backup_is_made_tested_and_brought_back(first, second, file):
    code, out, err = first.run("backup", "make", file)
    assert (code, out.strip()) == (0, str(file))
    assert err.splitlines() == [
        "Your backup is made. Keep it apart from this device.",
        "It opens with: your passphrase.",
        "Who has seen your records is not in it.",
        "Test it now, to see that it opens.",
    ]
    code, out, _err = first.run("backup", "test", file)
    assert code == 0
    assert "It holds all that is in your wallet now." in out
    key, new = second.write("key", PASSPHRASE), second.write("new", NEW)
    restore = ("backup", "restore", file, "--key-file", key, "--new-passphrase-file", new)
    code, out, err = second.run(*restore, "--json", "--stop-old-device", passphrase=False)
    told = json.loads(out)
    assert (code, told["records"], told["oldDevice"]) == (0, 0, [])
    assert "There is no one to tell" in err
    assert "Stop your old device now." in err
    code, out, _err = second.run("unlock", "--passphrase-file", new, passphrase=False)
    assert code == 0
    code, _out, err = second.run(*restore, passphrase=False)
    assert code == 1
    assert "backup.wallet_here" in err


def test_everything_can_be_read_by_programs(first, file):
    made = json.loads(first.run("backup", "make", file, "--with-history", "--json")[1])
    assert made["version"] == 1
    assert made["opensWith"] == ["passphrase"]
    assert made["bytes"] == file.stat().st_size
    tested = json.loads(first.run("backup", "test", file, "--json")[1])
    assert tested["newest"]
    assert tested["rows"]["history"] == 0
    due = json.loads(first.run("backup", "due", "--json")[1])
    assert due == {"version": 1, "last": made["made"], "due": False}


def test_a_reminder_before_and_after(first, file):
    code, out, _err = first.run("backup", "due")
    assert (code, out.startswith("You have no backup yet.")) == (0, True)
    first.run("backup", "make", file)
    assert first.run("backup", "due")[1].startswith("Your last backup is from ")


def test_two_helpers_open_it_and_one_does_not(first, second, file, tmp_path):
    code, out, err = first.run("backup", "split")
    assert code == 0
    assert (
        "Two of these people together can open everything."
        " Do not choose people who live together." in err
    )
    parts = [second.write(f"part {n}", line) for n, line in enumerate(out.splitlines())]
    assert len(parts) == 3
    first.run("backup", "make", file)
    code, _out, err = second.run(
        "backup", "join", file, "--part-file", parts[0], "--part-file", parts[2], passphrase=False
    )
    assert (code, "all of it can be read" in err) == (0, True)
    code, _out, err = second.run("backup", "join", file, "--part-file", parts[1], passphrase=False)
    assert (code, "backup.share_few" in err) == (1, True)
    new = second.write("new", NEW)
    code, _out, err = second.run(
        *("backup", "restore", file, "--part-file", parts[1], "--part-file", parts[0]),
        *("--new-passphrase-file", new),
        passphrase=False,
    )
    assert code == 0, err


def test_parts_can_be_typed(first, second, file):
    parts = json.loads(first.run("backup", "split", "--json")[1])["parts"]
    first.run("backup", "make", file)
    typed = f"{parts[0].lower()}\n{parts[1].replace('-', ' ')}\n"
    code, out, err = second.run("backup", "join", file, "--json", typed=typed, passphrase=False)
    assert (code, '"opens": true' in out) == (0, True), err
    wrong = parts[0][:-1] + ("1" if parts[0][-1] != "1" else "2")
    code, _out, err = second.run(
        "backup", "join", file, typed=f"{wrong}\n{parts[1]}\n", passphrase=False
    )
    assert code == 1
    assert "look at group 9" in err


def test_a_page_for_each_helper_is_private_and_names_nothing(first, tmp_path):
    out = tmp_path / "parts"
    assert first.run("backup", "split", "--out", out)[0] == 0
    pages = sorted(out.iterdir())
    assert [page.name for page in pages] == ["part-1.html", "part-2.html", "part-3.html"]
    for number, page in enumerate(pages, start=1):
        text = page.read_text(encoding="utf-8")
        assert page.stat().st_mode & 0o777 == 0o600
        assert f"Part {number} of 3 of a key" in text
        assert "<svg" in text
        words = re.sub(r"<[^>]+>", " ", text).lower()
        for named in ("health", "nhs", "wallet", "record", "passport", "iechyd", "waled", "shamir"):
            assert named not in words, named
    code, _out, err = first.run("backup", "split", "--out", out)
    assert (code, "backup.in_the_way" in err) == (1, True)


def test_a_sheet_opens_the_wallet_and_a_backup(first, second, file, tmp_path):
    page = tmp_path / "sheet.html"
    code, _out, err = first.run("backup", "sheet", "--out", page)
    assert (code, "Print the sheet" in err) == (0, True)
    assert page.stat().st_mode & 0o777 == 0o600
    text = page.read_text(encoding="utf-8")
    assert 'lang="cy"' in text
    groups = re.search(r'class="groups">([^<]+)<', text).group(1)
    first.run("backup", "make", file)
    code, out, err = first.run(
        "backup", "test", file, "--key-file", second.write("sheet", groups), "--json"
    )
    assert (code, json.loads(out)["newest"]) == (0, True), err
    sheet = first.write("sheet", groups.lower())
    assert first.run("unlock", "--passphrase-file", sheet, passphrase=False)[0] == 0
    code, _out, err = first.run("backup", "sheet", "--out", page)
    assert (code, "backup.in_the_way" in err) == (1, True)
    code, _out, err = first.run("backup", "sheet", "--out", tmp_path / "again.html")
    assert (code, "backup.sheet_words" in err) == (1, True)


def test_a_wrong_key_ends_with_3_and_bad_files_with_1(first, second, file, tmp_path):
    first.run("backup", "make", file)
    key, new = second.write("key", "not the passphrase"), second.write("new", NEW)
    restore = ("backup", "restore", file, "--key-file", key, "--new-passphrase-file", new)
    code, _out, err = second.run(*restore, passphrase=False)
    assert (code, "backup.unlock_failed" in err) == (3, True)
    file.write_bytes(file.read_bytes()[:-1])
    code, _out, err = second.run(*restore, passphrase=False)
    assert (code, "backup.cut_short" in err, "Next: " in err) == (1, True, True)
    assert not (second.folder / "wallet" / "vault.db").exists()
    for out in (tmp_path / "no" / "folder", tmp_path):
        assert first.run("backup", "make", out)[0] == 1
    assert first.run("backup", "split", "--out", tmp_path / "no" / "folder")[0] == 1
    assert first.run("backup", "sheet", "--out", tmp_path / "no" / "folder")[0] == 1


@pytest.mark.parametrize(("typed", "asked"), [("y\n", True), ("n\n", False), ("", False)])
def test_the_person_is_asked_whether_the_old_device_is_stopped(first, second, file, typed, asked):
    first.run("backup", "make", file)
    key, new = second.write("key", PASSPHRASE), second.write("new", NEW)
    code, _out, err = second.run(
        *("backup", "restore", file, "--key-file", key, "--new-passphrase-file", new),
        typed=typed,
        passphrase=False,
    )
    assert code == 0
    assert "Stop your old device now?" in err
    assert ("There is no one to tell" in err) is asked


def test_what_is_not_typed_is_told(second, file):
    code, _out, err = second.run("backup", "restore", file, passphrase=False)
    assert (code, "wallet.not_typed" in err) == (1, True)


def test_the_way_without_a_backup_is_explained(second):
    code, out, _err = second.run("backup", "lost", passphrase=False)
    assert (code, "Then ask for your records again" in out) == (0, True)
    assert json.loads(second.run("backup", "lost", "--json", passphrase=False)[1])["words"]


def test_erasing_asks_first_and_deletes_all_files(first, file):
    first.run("backup", "make", file)
    code, _out, err = first.run("erase", typed="n\n", passphrase=False)
    assert code == 1
    assert "Withdraw it first" in err
    assert first.run("unlock")[0] == 0
    code, out, err = first.run("erase", "--yes", "--json", passphrase=False)
    assert code == 0
    told = json.loads(out)
    assert "vault.db" in told["deleted"]
    assert told["cardsWithdrawn"] == 0
    assert "Your backup files are still where you put them." in err
    assert file.exists()
    kept = {path.name for path in first.folder.rglob("*") if path.is_file()}
    assert kept == {"passphrase"}
    code, _out, err = first.run("erase", "--yes", passphrase=False)
    assert (code, "vault.missing" in err) == (1, True)


def test_cards_are_withdrawn_first_when_asked_for(first, tmp_path):
    wrong = first.write("wrong", "not the passphrase")
    erase = ("erase", "--yes", "--withdraw-cards")
    code, _out, err = first.run(*erase, "--passphrase-file", wrong, passphrase=False)
    assert (code, "vault.unlock_failed" in err) == (3, True)
    assert first.run(*erase)[0] == 0


def test_after_erasing_a_wallet_comes_back_from_its_backup(first, file):
    first.run("backup", "make", file)
    first.run("erase", "--yes", passphrase=False)
    key = first.write("key", PASSPHRASE)
    new = first.write("new", NEW)
    code, _out, err = first.run(
        "backup", "restore", file, "--key-file", key, "--new-passphrase-file", new, passphrase=False
    )
    assert code == 0, err
