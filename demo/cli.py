"""``passport-demo``: the whole system on one machine, for a browser or as a script.

What is *not* here: anything that a real set-up would use.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from healthpassport.errors import SettingsError
from healthpassport.terminal import run

if TYPE_CHECKING:
    from issuer.settings import Format

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def demo(
    *,
    script: Annotated[
        bool, typer.Option("--script", help="Run the whole journey in the terminal and end.")
    ] = False,
    record: Annotated[
        Path | None, typer.Option(help="A FHIR file of your own (JSON, R4 or STU3).")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Folder for everything; removed at the end.")] = Path(
        ".demo"
    ),
    w3c: Annotated[
        bool, typer.Option("--w3c", help="Issue records as W3C credentials instead of SD-JWT VC.")
    ] = False,
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM certificate chain for https on localhost.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM key of that certificate.")] = None,
    tls_ca: Annotated[
        Path | None, typer.Option(help="PEM file of the authority that signed it.")
    ] = None,
) -> None:
    """Start authority, surgery, wallet and hospital desk on this machine."""
    from .running import browse, play  # noqa: PLC0415 - web servers load slowly
    from .tls import TlsFiles  # noqa: PLC0415

    tls = None
    if tls_cert is not None and tls_key is not None and tls_ca is not None:
        tls = TlsFiles(tls_cert, tls_key, tls_ca)
    elif any(path is not None for path in (tls_cert, tls_key, tls_ca)):
        raise SettingsError("demo.tls")
    formats: tuple[Format, ...] = ("ldp_vc",) if w3c else ("dc+sd-jwt",)
    signal.signal(signal.SIGTERM, _stop)
    begun = time.perf_counter()
    if script:
        play(folder, record=record, tls=tls, say=print, formats=formats)
        print(f"\nThe whole journey took {time.perf_counter() - begun:.1f} s.")
    else:
        browse(folder, record=record, tls=tls, say=print, formats=formats)


def _stop(_signal: int, _frame: object) -> None:
    """Ending a process tidies up as Ctrl-C does."""
    sys.exit(0)


def main() -> None:
    """The command ``passport-demo``."""
    run(lambda: app(standalone_mode=True))
