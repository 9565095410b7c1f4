"""Commands about the ways into the wallet: ways list, add-words, add-passphrase, change, remove."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.vault import WayInfo

app = typer.Typer(help="The ways into your wallet.", no_args_is_help=True)

WayId = Annotated[str, typer.Argument(help="A number on the list, a kind, or a way's id.")]
NewPassphraseFile = Annotated[
    Path | None,
    typer.Option("--new-passphrase-file", help="File with the new passphrase.", exists=True),
]
WordsFile = Annotated[
    Path | None,
    typer.Option("--words-file", help="File with the words, as you wrote them down.", exists=True),
]


@app.command("list")
def list_ways(as_json: session.AsJson = False) -> None:
    """List the ways into your wallet. This needs no passphrase."""
    ways = session.wallet().ways.list()
    if as_json:
        rows: list[Json] = [_row(way) for way in ways]
        session.answer({"ways": rows})
        return
    for number, way in enumerate(ways, start=1):
        session.show(f"{number}. {_line(way)}")


@app.command("add-words")
def add_words(
    passphrase_file: session.PassphraseFile = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask for the words to be typed again.")
    ] = False,
    as_json: session.AsJson = False,
) -> None:
    """Get twelve recovery words. Who has them can open your wallet: keep them on paper."""
    with session.unlocked_by(passphrase_file) as (wallet, way):
        words = wallet.ways.new_words()
        if not as_json:
            session.say("Write these twelve words on paper. Keep it safe, away from here.")
            for number, word in enumerate(words, start=1):
                session.show(f"{number}. {word}")
        if not yes:
            _ask_for(words)
        added = wallet.ways.add_words(words, given=way)
    if as_json:
        listed: list[Json] = list(words)
        session.answer({"words": listed, "way": _row(added)})
    session.say("From now on these words open your wallet too.")


@app.command("add-passphrase")
def add_passphrase(
    passphrase_file: session.PassphraseFile = None,
    new_passphrase_file: NewPassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Add a passphrase to a wallet that has none."""
    with session.unlocked_by(passphrase_file) as (wallet, way):
        new = session.passphrase(new_passphrase_file, words="New passphrase", confirm=True)
        added = wallet.ways.add_passphrase(new, given=way)
    if as_json:
        session.answer({"way": _row(added)})
    session.say("From now on this passphrase opens your wallet too.")


@app.command()
def change(
    way: WayId,
    passphrase_file: session.PassphraseFile = None,
    new_passphrase_file: NewPassphraseFile = None,
    words_file: WordsFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Put a new passphrase, or your new words, in the place of a way in."""
    from wallet.vault import Passphrase, RecoveryWords, read_words  # noqa: PLC0415

    with session.unlocked_by(passphrase_file) as (wallet, given):
        if words_file is not None:
            new: Passphrase | RecoveryWords = RecoveryWords(
                read_words(words_file.read_text(encoding="utf-8"))
            )
        else:
            new = Passphrase(
                session.passphrase(new_passphrase_file, words="New passphrase", confirm=True)
            )
        changed = wallet.ways.change(way, new, given=given)
    if as_json:
        session.answer({"way": _row(changed)})
    session.say("Changed. The old way does not open your wallet any more.")


@app.command()
def remove(
    way: WayId,
    passphrase_file: session.PassphraseFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking again.")] = False,
    as_json: session.AsJson = False,
) -> None:
    """Take out a way into your wallet. The last one stays."""
    with session.unlocked_by(passphrase_file) as (wallet, given):
        if not yes:
            typer.confirm("Remove it?", abort=True, err=True)
        removed = wallet.ways.remove(way, given=given)
    if as_json:
        session.answer({"removed": _row(removed)})
    session.say("Removed. It does not open your wallet any more.")


def _ask_for(words: tuple[str, ...]) -> None:
    from healthpassport.errors import VaultError  # noqa: PLC0415
    from wallet.vault import read_words  # noqa: PLC0415

    if read_words(session.asked("Type the twelve words from your paper")) != words:
        raise VaultError("vault.recovery_words", "these are twelve other words")


def _line(way: WayInfo) -> str:
    kinds = {"passphrase": "Passphrase", "words": "Twelve recovery words", "passkey": "Passkey"}
    parts = [kinds[way.kind.value], *([way.label] if way.label else [])]
    return f"{', '.join(parts)}, added {way.added_on:%d-%b-%Y} [{way.id}]"


def _row(way: WayInfo) -> dict[str, Json]:
    return {
        "id": way.id,
        "kind": way.kind.value,
        "label": way.label,
        "added": way.added_on.isoformat(),
    }
