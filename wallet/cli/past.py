"""Commands about what happened: history, receipts, the complaint sheet, the letter, forgetting."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from healthpassport.errors import catalogue
from healthpassport.uk_time import uk_moment
from schemas import load

from . import session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.service import ComplaintSheet, Letter, PastEntry, ReceiptState

MAX_FILE: Final = 262_144  # bytes of a receipt with whatever a mail program put around it

EntryId = Annotated[
    str, typer.Argument(help="A number on the list, or the id of a line (or how it begins).")
]

receipt = typer.Typer(help="Receipts: what a hospital says it got.", no_args_is_help=True)


def history(
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Show what was added and who was shown what. No values are kept here."""
    with session.unlocked(passphrase_file, past=True) as wallet:
        entries = wallet.past.entries()
    if as_json:
        rows: list[Json] = [_row(view) for view in entries]
        session.answer({"history": rows})
        return
    for number, view in enumerate(entries, start=1):
        session.show(f"{number}. {_line(view)}")


def forget_entry(
    entry: EntryId,
    passphrase_file: session.PassphraseFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking again.")] = False,
) -> None:
    """Delete one line of the list, with its receipt. No one can bring it back."""
    with session.unlocked(passphrase_file, past=True) as wallet:
        view = wallet.past.show(entry).view
        session.say(_line(view))
        if not yes:
            typer.confirm("Delete this line?", abort=True, err=True)
        wallet.past.delete(view.id)
    session.say("Deleted here. The hospital still has its own notes.")


def complaint(
    entry: EntryId,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Print a sheet about one line, with the proof, if you want to complain."""
    with session.unlocked(passphrase_file, past=True) as wallet:
        sheet = wallet.past.complaint(entry)
    _print(sheet, as_json=as_json)


def letter(
    entry: EntryId,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Print a letter that asks what they keep about you."""
    with session.unlocked(passphrase_file, past=True) as wallet:
        made = wallet.past.letter(entry)
    _print(made, as_json=as_json)


def _print(paper: ComplaintSheet | Letter, *, as_json: bool) -> None:
    if as_json:
        session.answer(paper.wire())
        return
    for line in paper.text().splitlines():
        session.show(line)


@receipt.command("show")
def show_receipt(
    entry: EntryId,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Show the receipt for one line, as it was signed."""
    with session.unlocked(passphrase_file, past=True) as wallet:
        detail = wallet.past.show(entry)
    if as_json:
        rows: list[Json] = [
            {
                "token": kept.token,
                "problems": list(kept.problems),
                "checked": kept.checked_at.isoformat(),
                "says": read.payload() if read else None,
            }
            for kept, read in detail.receipts
        ]
        session.answer({"entry": _row(detail.view), "receipts": rows})
        return
    for kept, read in detail.receipts:
        session.show(kept.token)
        if read is not None:
            session.say(f"{read.organisation.name}, {uk_moment(read.issued_at)}")
    session.say(*judged(detail.view.receipt, detail.view.problems))


@receipt.command("add")
def add_receipt(
    file: Annotated[str, typer.Argument(help="File with the receipt; - for stdin.")],
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Keep a receipt that you got on paper or as a file."""
    text = _read(file)
    with session.unlocked(passphrase_file, past=True) as wallet:
        view = wallet.past.add_receipt(text)
    if as_json:
        session.answer({"entry": _row(view)})
    else:
        session.show(_line(view))
    session.say("Kept.", *judged(view.receipt, view.problems))


def _read(file: str) -> str:
    stream = sys.stdin.buffer
    data = stream.read(MAX_FILE + 1) if file == "-" else _head(Path(file))
    return data.decode("utf-8", "replace")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as found:
            return found.read(MAX_FILE + 1)
    except OSError as error:
        raise typer.BadParameter(f"cannot read {path}") from error


def _line(view: PastEntry) -> str:
    entry = view.entry
    words = load("receipts/words.json")
    parts = [words["kinds"][entry.kind.value]["en"], entry.who, entry.purpose, entry.code]
    told = ", ".join(part for part in parts if part)
    what = f": {'; '.join(entry.what)}" if entry.what else ""
    state = words["states"][view.receipt.value]["en"]
    return f"{uk_moment(entry.when)} {told}{what}. {state} [{view.id}]".replace(".  [", ". [")


def judged(state: ReceiptState, problems: Iterable[str]) -> list[str]:
    """What is to be said of a receipt, with each thing that does not match."""
    words: str = load("receipts/words.json")["states"][state.value]["en"]
    rows = (catalogue()[code] for code in problems)
    return [line for line in (words, *(f"{row.title} {row.hint}" for row in rows)) if line]


def _row(view: PastEntry) -> dict[str, Json]:
    return {
        "id": view.id,
        **view.entry.wire(),
        "receipt": view.receipt.value,
        "problems": list(view.problems),
    }


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "history": history,
    "forget-entry": forget_entry,
    "complaint": complaint,
    "letter": letter,
}
