"""Commands about records: add, list, show, remove."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from . import people, session, waiting

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.service import OfferPreview, RecordView, Wallet

Taking: TypeAlias = "Callable[..., tuple[RecordView, ...]]"
RecordId = Annotated[
    str, typer.Argument(help="A number on the list, or the record's id (or how it begins).")
]


def add(
    offer: Annotated[
        str | None, typer.Argument(help="The offer: what the surgery's code says.")
    ] = None,
    *,
    finish: Annotated[
        str | None,
        typer.Option(
            "--finish", help="After you signed in: the address that your browser came back to."
        ),
    ] = None,
    passphrase_file: session.PassphraseFile = None,
    pin_file: Annotated[
        Path | None,
        typer.Option("--pin-file", help="File whose first line is the PIN.", exists=True),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Add without asking again.")] = False,
    other_person: Annotated[
        bool,
        typer.Option("--other-person", help="Where it is not sure whose it is: somebody new."),
    ] = False,
    person: Annotated[
        str | None,
        typer.Option(
            "--person", help="Whose records: number of `people list`, name, id, `new`, or `me`."
        ),
    ] = None,
    as_json: session.AsJson = False,
) -> None:
    """Look at an offer of a surgery and add its records. Use the PIN, or sign in."""
    if (offer is None) == (finish is None):
        message = "give an offer, or --finish and an address"
        raise typer.BadParameter(message)
    with session.unlocked(passphrase_file) as wallet:
        if offer is None:
            take: Taking = partial(wallet.finish, finish or "")
        else:
            preview = wallet.add_offer(offer)
            _show_preview(preview)
            if not yes:
                typer.confirm("Add these?", abort=True, err=True)
            if preview.sign_in:
                _leave(wallet, preview, as_json=as_json)
                return
            ask = preview.pin_needed and preview.checked  # a stranger gets no PIN
            pin = session.secret(pin_file, words="PIN") if ask else None
            take = partial(wallet.accept, preview, pin)
        before = {one.id for one in wallet.waiting.list()}
        added = _accepted(take, person, other_person=other_person)
        later = [one for one in wallet.waiting.list() if one.id not in before]
    if as_json:
        rows: list[Json] = [_row(view) for view in added]
        issuer = added[0].issuer if added else later[0].issuer
        session.answer({"issuer": issuer, "added": rows, "waiting": [w.wire() for w in later]})
    else:
        for view in added:
            session.show(_line(view))
        waiting.show(later)
    session.say("Added to your wallet." if added else "Nothing was added yet.")


def _leave(wallet: Wallet, preview: OfferPreview, *, as_json: bool) -> None:
    """Tell where to sign in."""
    from wallet.service import way_back  # noqa: PLC0415 - heavy: only when it runs
    from wallet.settings import WEB_PORT, WalletSettings  # noqa: PLC0415

    port = WalletSettings().web_port or WEB_PORT
    address = wallet.sign_in(preview, redirect_uri=way_back(port))
    if as_json:
        session.answer({"issuer": preview.issuer, "signIn": address})
    else:
        session.say("Open this address in your browser now. It works for one minute.")
        session.show(address)
    session.say(
        "Sign in there. Then copy the address that your browser shows, and run:",
        "  passport-wallet add --finish ADDRESS",
    )


def _accepted(take: Taking, person: str | None, *, other_person: bool) -> tuple[RecordView, ...]:
    """The records that were added; whose they are, is asked for where it is not sure."""
    from healthpassport.errors import ServiceError  # noqa: PLC0415
    from wallet.service import WhoseError  # noqa: PLC0415 - heavy: only when it runs

    try:
        return take(person=person, other_person=other_person)
    except WhoseError as error:
        born = f", born {error.born}" if error.born else ""
        session.say(
            f"Whose is this? It says: {error.name or 'no name'}{born}.",
            "Say it now. If you stop here, you need a new code.",
        )
        lines = [*map(people.choice_line, error.maybe), "Somebody new"]
        session.say(*(f"  {number}. {words}" for number, words in enumerate(lines, start=1)))
        try:
            number = session.pick(len(lines))
        except ServiceError:  # nobody is there to say
            raise error from None
        chosen = "new" if number == len(lines) else error.maybe[number - 1].id
        return take(person=chosen)


def say(
    words: Annotated[
        str | None,
        typer.Argument(help="Your words, or what a reading is of; asked for when left out."),
    ] = None,
    *,
    reading: Annotated[
        str | None, typer.Option("--reading", help="What you measured, with its unit.")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--date", help="The day you speak of (2026-11-18); else today.")
    ] = None,
    about: Annotated[
        str | None,
        typer.Option("--about", help="A record of the person whose words they are (see list)."),
    ] = None,
    person: session.Person = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Drop everything that you said before.")
    ] = False,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Write something in your own words, or a home reading. Staff see it as not checked."""
    said = words if words is not None else session.asked("Your words")
    with session.unlocked(passphrase_file) as wallet:
        view = wallet.say(said, reading=reading, day=day, about=about, person=person, anew=anew)
    if as_json:
        session.answer({"record": _row(view)})
    else:
        session.show(_line(view))
    session.say("Kept. Staff see it as not checked, and only where they ask for it.")


def list_records(
    person: session.Person = None,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """List your records."""
    with session.unlocked(passphrase_file) as wallet:
        views = wallet.records()
        everybody = wallet.people.list()
        wanted = everybody if person is None else (wallet.people.find(person),)
    shown = {one.id for one in wanted}
    if as_json:
        rows: list[Json] = [_row(view) for view in views if view.person in shown]
        session.answer({"records": rows})
        return
    for one in wanted:
        if len(everybody) > 1:
            session.show(people.line(one))
        for number, view in enumerate(views, start=1):
            if view.person == one.id:
                session.show(f"{number}. {_line(view)}")
    if not views:
        session.say("You have no records yet. Ask for an offer at your surgery desk.")


def show(
    record: RecordId,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Show all of one record."""
    with session.unlocked(passphrase_file) as wallet:
        detail = wallet.show(record)
    if as_json:
        session.answer({"record": _row(detail.view), "content": dict(detail.payload)})
        return
    session.show(_line(detail.view))
    for line in detail.lines:
        parts = [part for part in (line.label, line.value) if part]
        session.show("  " * (line.depth + 1) + ": ".join(parts))


def remove(
    record: RecordId,
    passphrase_file: session.PassphraseFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking again.")] = False,
) -> None:
    """Take one record out of your wallet. The surgery keeps its own notes."""
    with session.unlocked(passphrase_file) as wallet:
        detail = wallet.show(record)
        session.say(_line(detail.view))
        if not yes:
            typer.confirm("Remove it?", abort=True, err=True)
        wallet.remove(detail.view.id)
    session.say("Removed.")


def _show_preview(preview: OfferPreview) -> None:
    known = "Checked" if preview.checked else "We do not know who this is"
    session.say(f"{preview.issuer} ({known}) has this for you:")
    session.say(*(f"  {label}" for label in preview.records))
    if preview.pin_needed and preview.checked:
        session.say("You need the PIN that they gave you.")


def _line(view: RecordView) -> str:
    parts = [
        f"{view.label}, {view.issuer}",
        f"as of {view.as_of:%d-%b-%Y}",
        f"{view.state} ({people.count_words(view.shown, view.item_count)})",
    ]
    if view.until is not None:
        parts.append(f"until {view.until:%d-%b-%Y}")
    if view.out_of_date:
        parts.append("out of date")
    return f"{', '.join(parts)} [{view.id}]"


def count_words(held: int, total: int) -> str:
    """How many items; where only a part of them is held, of how many."""
    return str(total) if held == total else f"{held} of {total}"


def _row(view: RecordView) -> dict[str, Json]:
    return {
        "id": view.id,
        "type": view.type,
        "label": view.label,
        "issuer": view.issuer,
        "asOf": view.as_of.isoformat(),
        "added": view.added_at.isoformat(),
        "expires": view.expires_at.isoformat(),
        "state": view.state,
        "items": view.item_count,
        "held": view.shown,
        "person": view.person,
        "until": None if view.until is None else view.until.isoformat(),
        "freshCopies": view.fresh_copies,
        "outOfDate": view.out_of_date,
    }


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "add": add,
    "say": say,
    "list": list_records,
    "show": show,
    "remove": remove,
}
