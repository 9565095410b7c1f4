"""A world that runs until its work is done, and is gone afterwards."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import structlog

from .script import PATIENT, Journey, Say, read_record
from .tls import TlsFiles
from .world import Ports, World

WAIT_SECONDS: Final = 3600.0


def play(folder: Path, *, record: Path | None, tls: TlsFiles | None, say: Say) -> None:
    """Run the journey of ``record`` (or of a made-up patient) in the terminal."""
    bundle = read_record(record or PATIENT)
    with _world(folder, tls) as world:
        Journey(world, bundle, say).run()


def browse(folder: Path, *, record: Path | None, tls: TlsFiles | None, say: Say) -> None:
    """Start everything with a filled wallet, say where it is, and wait for Ctrl-C."""
    bundle = read_record(record or PATIENT)
    with _world(folder, tls) as world:
        journey = Journey(world, bundle, lambda _line: None)
        journey.prepare()
        for line in _welcome(world):
            say(line)
        with suppress(KeyboardInterrupt):
            while True:
                threading.Event().wait(WAIT_SECONDS)
        say("\nStopped. Everything of this demonstration is removed.")


@contextmanager
def _world(folder: Path, tls: TlsFiles | None) -> Iterator[World]:
    # Services log as JSON in earnest; here only what goes wrong may stand between the steps.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    world = World(folder, ports=Ports.free(), tls=tls)
    try:
        yield world
    finally:
        world.stop()
        world.wallet.close()
        world.folders.remove()


def _welcome(world: World) -> Iterator[str]:
    settings = world.wallet_settings
    passphrase = f"--passphrase-file {_shown(world.passphrase_file)}"
    yield ""
    yield "Health Passport is running on this machine, with a made-up patient."
    yield ""
    yield f"  Hospital desk (open in a browser):  {world.page_server.url}"
    yield f"  Surgery (protocol, for wallets):    {world.issuer_server.url}"
    yield f"  Trust list (static files):          {world.authority_server.url}/changelog.md"
    yield ""
    yield "Try this in a second terminal, in this folder:"
    yield ""
    yield f"  1.  export PASSPORT_WALLET_FOLDER={_shown(settings.folder)}"
    yield f"      export PASSPORT_WALLET_CA_FILE={_shown(world.tls.ca)}"
    yield f"      export PASSPORT_WALLET_TRUST_ROOT={_shown(settings.root_file)}"
    yield f"      export PASSPORT_WALLET_ALLOWED_PRIVATE_HOSTS='{_private(world)}'"
    yield f"      .venv/bin/passport-wallet list {passphrase}"
    yield "  2.  At the desk page, choose a question and copy the link under the code."
    yield f"  3.  .venv/bin/passport-wallet present 'LINK' {passphrase}"
    yield "      Untick what you want to keep, and look at the desk page."
    yield ""
    yield "Ctrl-C stops everything and removes it."


def _shown(path: Path) -> str:
    """``path`` as short as it can be typed from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _private(world: World) -> str:
    hosts = ", ".join(f'"{host}"' for host in sorted(world.private_hosts))
    return f"[{hosts}]"
