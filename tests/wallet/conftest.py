from __future__ import annotations

from functools import cache

import pytest
from family import MAIR, about, numbered
from lending_world import add, record
from quick_kdf import REAL, quick_to_unlock
from typer.testing import CliRunner
from wallet_world import PASSPHRASE, WalletWorld

from healthpassport import terminal
from wallet import cli
from wallet.cli import session
from wallet.service import Wallet
from wallet.vault import kdf

STRETCHED = cache(REAL)


@pytest.fixture(autouse=True, scope="module")
def _quick_to_unlock():
    """Half a second for each new wallet and each command is for guessers, not for tests."""
    with quick_to_unlock():
        yield


@pytest.fixture
def as_slow_as_it_is(monkeypatch):
    """For what was made elsewhere, by the real cost; each passphrase and salt is stretched once."""
    monkeypatch.setattr(kdf.argon2id, "kdf", STRETCHED)


@pytest.fixture(scope="session")
def whole_world(tmp_path_factory):
    return WalletWorld(tmp_path_factory.mktemp("world") / "w")


@pytest.fixture
def world(whole_world):
    whole_world.wire.calm()
    return whole_world


@pytest.fixture
def wallet(world, tmp_path):
    """A new wallet, unlocked, without records."""
    made = world.wallet(tmp_path)
    world.wire.calm()
    yield made
    made.close()


@pytest.fixture
def filled_wallet(world, wallet):
    """A wallet with an identity and two allergies."""
    offer = world.offer()
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    world.wire.calm()
    return wallet


@pytest.fixture
def owner(filled_wallet):
    """Holds an identity and two allergies, five copies of each."""
    return filled_wallet


@pytest.fixture
def helper(world, tmp_path):
    """Another person's wallet, with records of their own."""
    made = world.wallet(tmp_path / "helper")
    add(world, made, about(numbered(MAIR)))
    world.wire.calm()
    yield made
    made.close()


@pytest.fixture
def given(owner, helper):
    """A package that is on its way: the helper, and its text."""
    invitation = helper.helpers.invite("Mair")
    return owner.helpers.give(invitation.text, [owner.part(record(owner))]).package


@pytest.fixture
def run(world, tmp_path, monkeypatch, capsys):
    """Run a command against the world; returns exit code, stdout and stderr."""
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    monkeypatch.setattr(session, "wallet", lambda: Wallet(world.surroundings(tmp_path)))

    def command(*words, passphrase=True, typed=""):
        arguments = [str(word) for word in words]
        if passphrase:
            arguments += ["--passphrase-file", str(secret)]
        result = CliRunner().invoke(cli.app, arguments, input=typed)
        if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
            with pytest.raises(SystemExit) as stopped:
                terminal.run(lambda: (_ for _ in ()).throw(result.exception))
            return stopped.value.code, result.stdout, capsys.readouterr().err
        return result.exit_code, result.stdout, result.stderr

    return command


@pytest.fixture
def ready(run, world, tmp_path):
    """A wallet with records, made by commands alone."""
    assert run("init")[0] == 0
    assert run("update", passphrase=False)[0] == 0
    offer = world.offer()
    pin = tmp_path / "pin"
    pin.write_text(offer.pin)
    code, out, err = run("add", offer.link, "--pin-file", pin, "--yes")
    assert code == 0, err
    assert "Allergies, Example Surgery" in out
    assert "Example Surgery (Checked) has this for you:" in err
    return run
