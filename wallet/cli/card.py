"""Commands about emergency cards: card choices, make, list, show, print, withdraw."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.service import CardPreview, CardQuestion, CardView

app = typer.Typer(help="Emergency cards to print.", no_args_is_help=True)

CardId = Annotated[str, typer.Argument(help="A number on the list, or the card's id.")]
About = Annotated[
    str | None, typer.Option("--about", help="The allergy list that the card is for (its id).")
]
Tick = Annotated[
    list[int] | None, typer.Option("--tick", help="A number to tick as well (more than once).")
]
Untick = Annotated[
    list[int] | None, typer.Option("--untick", help="A number to leave off (more than once).")
]


@app.command()
def choices(
    about: About = None,
    tick: Tick = None,
    untick: Untick = None,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """See what can be on a card, and how a card of your ticks would be. Nothing is sent."""
    with session.unlocked(passphrase_file) as wallet:
        question = wallet.cards.choices(about)
        keys = _ticks(question, tick, untick)
        preview = wallet.cards.preview(keys, about)
    if as_json:
        session.answer(_question(question, keys, preview))
        return
    _show_question(question, keys)
    _say_preview(question, preview)


@app.command()
def make(
    *,
    about: About = None,
    tick: Tick = None,
    untick: Untick = None,
    yes: Annotated[bool, typer.Option("--yes", help="Make it without asking again.")] = False,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Have your surgery sign a card of what is ticked. An older card is replaced."""
    with session.unlocked(passphrase_file) as wallet:
        question = wallet.cards.choices(about)
        keys = _ticks(question, tick, untick)
        preview = wallet.cards.preview(keys, about)
        if not as_json:
            _show_question(question, keys)
        _say_preview(question, preview)
        if not yes:
            typer.confirm("Make this card?", abort=True, err=True)
        view = wallet.cards.make(keys, about)
    if as_json:
        session.answer({"card": _row(view)})
    else:
        session.show(_line(view))
    session.say(f"Next: passport-wallet card print {view.id} card.html")


@app.command("list")
def list_cards(
    passphrase_file: session.PassphraseFile = None, as_json: session.AsJson = False
) -> None:
    """List your cards, and tell your surgery what it could not be told before."""
    with session.unlocked(passphrase_file) as wallet:
        left = wallet.cards.settle()
        views = wallet.cards.list()
    if as_json:
        rows: list[Json] = [_row(view) for view in views]
        session.answer({"cards": rows, "untold": left})
        return
    for number, view in enumerate(views, start=1):
        session.show(f"{number}. {_line(view)}")
        if not view.told:
            session.say("   The surgery could not be told yet. Try again when you are online.")


@app.command()
def show(
    card_id: CardId,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Show what a card says, word for word."""
    from healthpassport.card_sheets.sheet import sheet_json  # noqa: PLC0415 - heavy

    with session.unlocked(passphrase_file) as wallet:
        found = wallet.cards.print_data(card_id)
    if as_json:
        session.answer(sheet_json(found))
        return
    session.show(found.name)
    session.show(found.allergies["en"])
    for part in found.parts:
        session.show(f"{part.title['en']}: {part.said['en']} ({part.as_of['en']})")
        for line in part.lines:
            session.show(f"  - {line['en']}")
    for statement in found.statements:
        session.say(statement["en"])


@app.command("print")
def print_card(
    card_id: CardId,
    file: Annotated[Path, typer.Argument(help="The HTML file to write; print it from a browser.")],
    language: Annotated[str, typer.Option("--language", help="en or cy.")] = "en",
    passphrase_file: session.PassphraseFile = None,
) -> None:
    """Write a page to print: a card of 90 x 55 mm, and sheets in large print."""
    from healthpassport.card_sheets.pages import page  # noqa: PLC0415
    from healthpassport.errors import ServiceError  # noqa: PLC0415
    from schemas.definitions import LANGUAGES  # noqa: PLC0415

    if language not in LANGUAGES:
        raise typer.BadParameter(f"use one of: {', '.join(LANGUAGES)}", param_hint="--language")
    with session.unlocked(passphrase_file) as wallet:
        found = wallet.cards.print_data(card_id)
    try:
        file.touch(mode=0o600)
        file.write_text(page(found, language=language), encoding="utf-8")
    except OSError as error:
        raise ServiceError("wallet.card_file", error.strerror or "") from error
    session.say(found.statements[0][language], f"Written to {file}. Delete it once it is printed.")


@app.command()
def withdraw(
    card_id: CardId,
    yes: Annotated[bool, typer.Option("--yes", help="Withdraw it without asking again.")] = False,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Have a card marked as withdrawn. Nothing undoes it."""
    with session.unlocked(passphrase_file) as wallet:
        if not yes:
            typer.confirm("Withdraw this card?", abort=True, err=True)
        view = wallet.cards.withdraw(card_id)
    if as_json:
        session.answer({"card": _row(view)})
    else:
        session.show(_line(view))
    session.say("Staff who scan it will see that it is out of use. Tear it up.")


def _ticks(
    question: CardQuestion, tick: list[int] | None, untick: list[int] | None
) -> frozenset[str]:
    numbered = {number: one.key for number, one in enumerate(question.choices, start=1)}
    if unknown := {*(tick or ()), *(untick or ())} - numbered.keys():
        raise typer.BadParameter(f"there is no number {min(unknown)}")
    added = {numbered[number] for number in tick or ()}
    return frozenset(question.ticked | added) - {numbered[number] for number in untick or ()}


def _show_question(question: CardQuestion, keys: frozenset[str]) -> None:
    session.say(f"From {question.issuer}. On every card:")
    for label, value in question.always:
        session.say(f"    {label['en']}: {value['en']}")
    for number, one in enumerate(question.choices, start=1):
        box = "[x]" if one.key in keys else "[ ]"
        session.show(f"{number:>3} {box} {one.section['en']}: {one.words['en']}")


def _say_preview(question: CardQuestion, preview: CardPreview) -> None:
    from healthpassport.card_sheets.words import word  # noqa: PLC0415 - heavy

    session.say(f"The card will say: {preview.allergies['en']}")
    session.say(f"Room: {preview.octets} of {preview.limit}.")
    for warning in preview.warnings:
        session.say(warning["en"])
    if preview.could_leave_off:
        session.say(word("sentences", "could_leave_off")["en"])
        numbers = {one.key: at for at, one in enumerate(question.choices, start=1)}
        session.say("  " + " ".join(f"--untick {numbers[key]}" for key in preview.could_leave_off))


def _line(view: CardView) -> str:
    newer = " A newer record is in your wallet." if view.newer else ""
    return (
        f"{view.id} {view.name}, {view.issuer}, made on {view.made_at:%Y-%m-%d}, "
        f"good until {view.expires_at:%Y-%m-%d}: {view.state_words['en']}.{newer}"
    )


def _row(view: CardView) -> dict[str, Json]:
    return {
        "id": view.id,
        "name": view.name,
        "issuer": view.issuer,
        "madeAt": view.made_at.isoformat(),
        "expiresAt": view.expires_at.isoformat(),
        "state": view.state.value,
        "told": view.told,
        "allergies": dict(view.allergies),
        "newer": view.newer,
    }


def _question(
    question: CardQuestion, keys: frozenset[str], preview: CardPreview
) -> dict[str, Json]:
    numbers = {one.key: at for at, one in enumerate(question.choices, start=1)}
    return {
        "issuer": question.issuer,
        "always": [{"label": dict(a), "value": dict(b)} for a, b in question.always],
        "choices": [
            {
                "number": number,
                "key": one.key,
                "section": dict(one.section),
                "words": dict(one.words),
                "ticked": one.key in keys,
                "sensitive": one.sensitive,
            }
            for number, one in enumerate(question.choices, start=1)
        ],
        "preview": {
            "allergies": dict(preview.allergies),
            "octets": preview.octets,
            "limit": preview.limit,
            "over": preview.over,
            "couldLeaveOff": [numbers[key] for key in preview.could_leave_off],
            "warnings": [dict(one) for one in preview.warnings],
        },
    }
