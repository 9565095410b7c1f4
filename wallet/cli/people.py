"""Commands about the people in one wallet: list, rename, move, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.service import PersonChoice, PersonView

app = typer.Typer(
    help="The people whose records are in your wallet, each kept apart.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Person = Annotated[
    str, typer.Argument(help="A person: number on the list, name, or id; `me` is you.")
]


@app.command("list")
def list_people(
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """List the people in your wallet."""
    with session.unlocked(passphrase_file) as wallet:
        views = wallet.people.list()
    if as_json:
        rows: list[Json] = [row(view) for view in views]
        session.answer({"people": rows})
        return
    for number, view in enumerate(views, start=1):
        session.show(f"{number}. {line(view)}")
    if not views:
        session.say("Nobody's records are here yet.")


@app.command()
def rename(
    person: Person,
    label: Annotated[
        str | None, typer.Argument(help="Your own word for them, such as Mum; empty for none.")
    ] = None,
    *,
    mine: Annotated[
        bool | None, typer.Option("--mine/--not-mine", help="Say that this is you, or is not.")
    ] = None,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Give a person your own word beside their name, or say that it is you."""
    with session.unlocked(passphrase_file) as wallet:
        view = wallet.people.rename(person, label, mine=mine)
    _tell(view, as_json=as_json)


@app.command()
def move(
    record: Annotated[str, typer.Argument(help="The record: number on the list, or id.")],
    person: Annotated[
        str, typer.Argument(help="Whose it is: number, name or id of a person, or `new`.")
    ],
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Put a record with the person that it is about."""
    with session.unlocked(passphrase_file) as wallet:
        view = wallet.move(record, person)
    _tell(view, as_json=as_json)


@app.command()
def remove(
    person: Person,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking again.")] = False,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Remove a person with all their records. The surgery keeps its own notes."""
    with session.unlocked(passphrase_file) as wallet:
        session.say(line(wallet.people.find(person)))
        if not yes:
            typer.confirm("Remove all their records?", abort=True, err=True)
        view = wallet.people.remove(person)
    if as_json:
        session.answer({"removed": row(view)})
    session.say("Removed.")


def count_words(held: int, total: int) -> str:
    """How many items; where only a part of them is held, of how many."""
    return str(total) if held == total else f"{held} of {total}"


def line(view: PersonView) -> str:
    """One person on one line."""
    parts = [view.title or "No name", *([f"born {view.born}"] if view.born else [])]
    parts.append("1 record" if view.records == 1 else f"{view.records} records")
    if view.mine:
        parts.append("you")
    if view.until is not None:
        parts.append(f"{'ended' if view.ended else 'lent to you until'} {view.until:%d-%b-%Y}")
    if view.again:
        parts.append("the surgery must check them again first")
    return f"{', '.join(parts)} [{view.id}]"


def row(view: PersonView) -> dict[str, Json]:
    """One person for a program."""
    return {
        "id": view.id,
        "name": view.name,
        "born": view.born,
        "label": view.label,
        "mine": view.mine,
        "records": view.records,
        "checkAgain": view.again,
        "until": None if view.until is None else view.until.isoformat(),
        "ended": view.ended,
    }


def choice_line(choice: PersonChoice) -> str:
    """Somebody to choose, with what tells two of one name apart."""
    born = f", born {choice.born}" if choice.born else ""
    return f"{choice.name or 'No name'}{born} [{choice.id}]"


def _tell(view: PersonView, *, as_json: bool) -> None:
    if as_json:
        session.answer({"person": row(view)})
    else:
        session.show(line(view))
