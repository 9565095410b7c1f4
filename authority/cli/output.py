"""How the commands speak: data on stdout, words on stderr, files as named, settings when needed.

What is *not* here: errors; ``healthpassport.terminal`` tells those.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from healthpassport.encoding import JsonObject, dump_json
from healthpassport.errors import ServiceError

if TYPE_CHECKING:
    from authority.settings import AuthoritySettings

FORMAT_VERSION: Final = 1


def read_settings() -> AuthoritySettings:
    """The settings; reading them takes pydantic, which `--help` can do without."""
    from authority.settings import AuthoritySettings  # noqa: PLC0415

    return AuthoritySettings()


def read_file(path: Path) -> bytes:
    """The bytes of a file that a person named (else ``authority.entry``)."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServiceError("authority.entry", f"{path} cannot be read") from error


def passphrase(path: Path) -> bytes:
    """The passphrase in a file: its first line."""
    return read_file(path).partition(b"\n")[0].rstrip(b"\r")


def show(values: JsonObject, *, words: str, as_json: bool) -> None:
    """Print ``values`` as JSON, or ``words`` for a person."""
    if as_json:
        sys.stdout.write(dump_json({"version": FORMAT_VERSION, **values}, indent=2).decode() + "\n")
    else:
        sys.stdout.write(words.rstrip("\n") + "\n")


def say(words: str) -> None:
    """Words for a person, apart from data."""
    sys.stderr.write(words + "\n")
