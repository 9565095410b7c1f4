"""A world that runs until its work is done, and is gone afterwards."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from typing import Final

import structlog

from issuer.settings import Format
from wallet.web.gate import START

from .script import PATIENT, Journey, Say, read_record
from .tls import TlsFiles
from .world import Ports, World

WAIT_SECONDS: Final = 3600.0


def play(
    folder: Path,
    *,
    record: Path | None,
    tls: TlsFiles | None,
    say: Say,
    formats: tuple[Format, ...] = ("dc+sd-jwt",),
) -> None:
    """Run the journey of ``record`` (or of a made-up patient) in the terminal."""
    bundle = read_record(record or PATIENT)
    with _world(folder, tls, formats) as world:
        Journey(world, bundle, say).run()


def browse(
    folder: Path,
    *,
    record: Path | None,
    tls: TlsFiles | None,
    say: Say,
    formats: tuple[Format, ...] = ("dc+sd-jwt",),
) -> None:
    """Start everything with a filled wallet, say where it is, and wait for Ctrl-C."""
    bundle = record or PATIENT
    data = read_record(bundle)
    with _world(folder, tls, formats) as world:
        Journey(world, data, lambda _line: None).prepare()
        _file_notes(world, bundle)
        for line in _welcome(world, bundle):
            say(line)
        with suppress(KeyboardInterrupt):
            while True:
                threading.Event().wait(WAIT_SECONDS)
        say("\nStopped. Everything of this demonstration is removed.")


def _file_notes(world: World, bundle: Path) -> None:
    """What the surgery's console finds: the made-up patients, and the record that was brought."""
    folder = world.issuer_settings.source_folder
    if folder is not None:
        folder.mkdir(mode=0o700, exist_ok=True)
        for one in {*PATIENT.parent.glob("*.json"), bundle.resolve()}:
            shutil.copyfile(one, folder / one.name)


@contextmanager
def _world(folder: Path, tls: TlsFiles | None, formats: tuple[Format, ...]) -> Iterator[World]:
    # Services log as JSON in earnest; here only what goes wrong may stand between the steps.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    world = World(folder, ports=Ports.free(), tls=tls, formats=formats)
    try:
        yield world
    finally:
        world.stop()
        world.wallet.close()
        world.folders.remove()


def _welcome(world: World, bundle: Path) -> Iterator[str]:
    page = f"{world.wallet_server.url}{START}?token={world.visit.token}"
    yield ""
    yield f"Health Passport is running on this machine, with the record {_shown(bundle)}"
    yield ""
    yield f"  Hospital desk (open in a browser):  {world.page_server.url}"
    yield f"  Wallet (this link opens it once):   {page}"
    yield f"  Surgery's console (in a browser):   {world.console_server.url}"
    yield f"  Surgery (https, for wallets):       {world.issuer_server.url}"
    yield f"  Who may issue and ask (https):      {world.authority_server.url}/changelog.md"
    yield ""
    yield "Try this:"
    yield ""
    yield "  1.  Open the wallet and look at a record. It locks after 15 minutes; its passphrase:"
    yield f"      {world.passphrase}"
    yield "  2.  On the desk page, choose a question. Type the code below its picture"
    yield "      in the wallet, under “Scan a hospital code”."
    yield "  3.  Untick what you want to keep, share, and look at the desk page."
    yield "  4.  At the surgery's console, find the patient with NHS number 999 000 0018, sign off,"
    yield "      and hand over."
    yield ""
    yield "In a terminal, in this folder:"
    yield ""
    yield f"      . {_shown(_write_environment(world))}"
    yield f"      .venv/bin/passport-wallet list --passphrase-file {_shown(world.passphrase_file)}"
    yield ""
    yield "Another person:  make demo RECORD=demo/patients/tobias-fenwick-obi.json"
    yield "Ctrl-C stops everything and removes it."


def _write_environment(world: World) -> Path:
    """A file for the shell that points ``passport-wallet`` at this world."""
    settings = world.wallet_settings
    hosts = ", ".join(f'"{host}"' for host in sorted(world.private_hosts))
    values = {
        "FOLDER": settings.folder,
        "CA_FILE": settings.ca_file,
        "TRUST_ROOT": settings.root_file,
        "TRUST_URL": settings.trust_url,
        "ALLOWED_PRIVATE_HOSTS": f"[{hosts}]",
    }
    lines = [f"export PASSPORT_WALLET_{name}={quote(str(v))}\n" for name, v in values.items()]
    path = world.folders.top / "wallet.env"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _shown(path: Path) -> str:
    """``path`` as short as it can be typed from here."""
    whole, here = path.resolve(), Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
