"""What the commands share: the wallet of the settings, secrets by prompt or file, output."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from healthpassport.encoding import Json, dump_json
from healthpassport.terminal import visible

if TYPE_CHECKING:
    from wallet.service import Wallet
    from wallet.vault import Way

VERSION: Final = 1  # of every JSON answer
MAX_TEXT: Final = 2_097_152  # characters read of a file; more than anything that is taken
MAX_PATH: Final = 255  # characters; longer words are no file's name

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="File whose first line is the passphrase, or the twelve recovery words.",
        exists=True,
    ),
]
Person = Annotated[
    str | None,
    typer.Option("--person", help="Whose records: number of `people list`, name, id, or `me`."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def wallet() -> Wallet:
    """The wallet that the settings describe, locked."""
    from wallet.service import Wallet  # noqa: PLC0415 - heavy: only when a command runs
    from wallet.settings import WalletSettings  # noqa: PLC0415

    return Wallet.of(WalletSettings())


@contextmanager
def unlocked(passphrase_file: Path | None, *, past: bool = False) -> Iterator[Wallet]:
    """The wallet, unlocked for one command; ``past`` opens the history with the same answer."""
    with unlocked_by(passphrase_file) as (opened, way):
        if past:
            opened.open_past(way)
        yield opened


@contextmanager
def unlocked_by(passphrase_file: Path | None) -> Iterator[tuple[Wallet, Way]]:
    """The wallet, unlocked for one command, and the way in that was given."""
    opened = wallet()
    if not opened.exists:
        from healthpassport.errors import VaultError  # noqa: PLC0415

        raise VaultError("vault.missing")
    way = opened.ways.read(passphrase(passphrase_file))
    opened.unlock(way)
    try:
        yield opened, way
    finally:
        opened.close()


def passphrase(file: Path | None, *, words: str = "Passphrase", confirm: bool = False) -> str:
    """The passphrase from the first line of ``file``, or asked for without echo."""
    return secret(file, words=words, confirm=confirm)


def secret(file: Path | None, *, words: str, confirm: bool = False) -> str:
    """A secret from the first line of ``file`` or the terminal; never from an argument."""
    if file is not None:
        lines = file.read_text(encoding="utf-8").splitlines()
        return lines[0] if lines else ""
    try:
        answer: str = typer.prompt(words, hide_input=True, confirmation_prompt=confirm, err=True)
    except typer.Abort as error:
        from healthpassport.errors import ServiceError  # noqa: PLC0415

        raise ServiceError("wallet.not_typed", words) from error
    return answer


def asked(words: str) -> str:
    """Words that a person types at the terminal."""
    try:
        answer: str = typer.prompt(words, err=True)
    except typer.Abort as error:
        from healthpassport.errors import ServiceError  # noqa: PLC0415

        raise ServiceError("wallet.not_typed", words) from error
    return answer


def text_of(given: str) -> str:
    """Long text as it was given: itself, the file of that name, or standard input for ``-``."""
    if given == "-":
        return sys.stdin.read(MAX_TEXT + 1)
    path = Path(given)
    if len(given) <= MAX_PATH and path.is_file():
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(MAX_TEXT + 1)
    return given


def pick(count: int) -> int:
    """A number from 1 to ``count`` that a person types; asked again until it is one."""
    while True:
        word = asked(f"A number from 1 to {count}").strip()
        if word.isascii() and word.isdecimal() and 1 <= int(word) <= count:
            return int(word)


def say(*lines: str) -> None:
    """Words for a person, to stderr."""
    for line in lines:
        typer.echo(visible(line), err=True)


def show(line: str) -> None:
    """Data for a person, to stdout."""
    typer.echo(visible(line))


def answer(value: Mapping[str, Json]) -> None:
    """Data for a program, to stdout."""
    sys.stdout.write(dump_json({"version": VERSION, **value}, indent=1).decode() + "\n")
