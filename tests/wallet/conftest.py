from __future__ import annotations

import pytest
from typer.testing import CliRunner
from wallet_world import PASSPHRASE, WalletWorld

from healthpassport import terminal
from wallet import cli
from wallet.cli import session
from wallet.service import Wallet


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
