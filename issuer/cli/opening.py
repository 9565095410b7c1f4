"""Opening the issuer for one command, and the options that all commands share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from issuer.service import IssuerContext

VERSION: Final = 1  # of every JSON answer

Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="TOML file with the settings.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def opened(config: Path | None) -> Iterator[IssuerContext]:
    """The issuer of the settings, closed at the end."""
    import getpass  # noqa: PLC0415 - cold start
    import secrets  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    from issuer.service import open_issuer  # noqa: PLC0415
    from issuer.settings import load  # noqa: PLC0415

    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        user = ""  # this machine has no name for whoever runs it
    issuer = open_issuer(
        load(config),
        clock=lambda: datetime.now(UTC),
        random=secrets.token_bytes,
        operator=user,
    )
    try:
        yield issuer
    finally:
        issuer.store.close()


def show_json(value: Json) -> None:
    """``value`` on stdout as one line of JSON, an object with the version of its shape."""
    from healthpassport.encoding import dump_json  # noqa: PLC0415 - cold start

    told = {"version": VERSION, **value} if isinstance(value, dict) else value
    sys.stdout.buffer.write(dump_json(told) + b"\n")
    sys.stdout.buffer.flush()


def say(words: str) -> None:
    """``words`` for a person, on stderr."""
    sys.stderr.write(f"{words}\n")
