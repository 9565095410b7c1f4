"""Commands about people who help: invite, give, receive, list, end."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from . import session
from .people import count_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from healthpassport.encoding import Json
    from wallet.handing import Invitation
    from wallet.service import GiftView, Part, Received, Wallet

app = typer.Typer(
    help="People who help you, and people whom you help.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_RECORD: Final = re.compile(r"(?P<id>[0-9A-Za-z]+)(?::(?P<items>[0-9]+(?:,[0-9]+)*))?")


@app.command()
def invite(
    name: Annotated[str, typer.Argument(help="What the person whom you help calls you.")],
    *,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write the invitation to.")
    ] = None,
    code: Annotated[bool, typer.Option("--qr", help="Show it as a code to scan.")] = False,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Make an invitation to show to somebody whom you want to help."""
    with session.unlocked(passphrase_file) as wallet:
        made = wallet.helpers.invite(name)
    if to is not None:
        to.write_text(made.text + "\n", encoding="ascii")
    if as_json:
        session.answer(_invitation_row(made))
    elif to is None:
        session.show(made.text)
    if code:
        import segno  # noqa: PLC0415 - only where it is asked for

        segno.make(made.text, error="m").terminal(compact=True)
    session.say(
        "Show or send this to the person whom you help. It is good for seven days.",
        "Then read these words aloud to each other:",
        f"  {' '.join(made.words)}",
    )


@app.command()
def give(  # noqa: PLR0917 - each is one option of the command
    invitation: Annotated[
        str, typer.Argument(help="The invitation: its text, a file, or - for standard input.")
    ],
    record: Annotated[
        list[str],
        typer.Option(
            "--record",
            help="A record by number or id; of a list, lines by number: 2:1,3. May be given again.",
        ),
    ],
    detail: Annotated[
        list[str] | None,
        typer.Option("--detail", help="A private detail to lend too, such as phone."),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Lend all of each record, private details too.")
    ] = False,
    until: Annotated[
        str | None, typer.Option("--until", help="The last day, like 2027-02-25; else 3 months.")
    ] = None,
    copies: Annotated[
        int, typer.Option("--copies", min=1, max=10, help="How often they can show each one.")
    ] = 2,
    to: Annotated[Path | None, typer.Option("--to", help="File to write the package to.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="The words were compared, and agree.")] = False,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Lend parts of your records to somebody who helps you, until a date."""
    text = session.text_of(invitation)
    last = _day(until)
    with session.unlocked(passphrase_file) as wallet:
        read = wallet.helpers.read(text)
        session.say(f"{read.name} asks to help. Their screen must show these words:")
        session.say(f"  {' '.join(read.words)}")
        if not yes:
            typer.confirm("Does it?", abort=True, err=True)
        parts = [_part(wallet, word, detail, whole=whole) for word in record]
        gift = wallet.helpers.give(text, parts, until=last, copies=copies)
    if to is not None:
        to.write_text(gift.package + "\n", encoding="ascii")
    if as_json:
        session.answer({"gift": _gift_row(gift), "package": gift.package})
    elif to is None:
        session.show(gift.package)
    session.say(
        _gift_line(gift),
        f"Give the package to {gift.name}. Nobody else can open it.",
        "When they add it, their screen must show these words:",
        f"  {' '.join(gift.words)}",
        "What they have seen or copied by then, you cannot take back.",
    )


@app.command()
def receive(
    package: Annotated[
        str, typer.Argument(help="The package: its text, a file, or - for standard input.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="The words were compared, and agree.")] = False,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Add what somebody lends you. It goes away by itself at its end date."""
    text = session.text_of(package)
    with session.unlocked(passphrase_file) as wallet:
        received = wallet.helpers.look(text)
        _show_received(received)
        if not yes:
            words = "Do you want to add this?" if received.known else "Do the words agree?"
            typer.confirm(words, abort=True, err=True)
        wallet.helpers.keep(received)
    if as_json:
        rows: list[Json] = [
            {"label": r.label, "issuer": r.issuer, "held": r.shown, "items": r.total}
            for r in received.lines
        ]
        session.answer(
            {"name": received.name, "until": received.until.isoformat(), "records": rows}
        )
    session.say("Added. When you show it, staff are told that you act for somebody.")


@app.command("list")
def list_gifts(
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """List what you have lent, to whom and until when, and your open invitations."""
    with session.unlocked(passphrase_file) as wallet:
        gifts, open_ones = wallet.helpers.given(), wallet.helpers.invitations()
    if as_json:
        given: list[Json] = [_gift_row(gift) for gift in gifts]
        invitations: list[Json] = [_invitation_row(one) for one in open_ones]
        session.answer({"given": given, "invitations": invitations})
        return
    for number, gift in enumerate(gifts, start=1):
        session.show(f"{number}. {_gift_line(gift)}")
    for one in open_ones:
        session.show(f"Invitation as {one.name}, good until {one.until:%d-%b-%Y}")
    if not gifts and not open_ones:
        session.say("You have lent nothing.")


@app.command()
def end(
    gift: Annotated[
        str | None, typer.Argument(help="A number on the list, or an id; else all that are over.")
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="End it without asking again.")] = False,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """End what a helper was lent; the surgery is asked to withdraw those copies."""
    with session.unlocked(passphrase_file) as wallet:
        if gift is None:
            count = wallet.helpers.tidy(online=True)
            ended = [one for one in wallet.helpers.given() if not one.active]
        else:
            if not yes:
                typer.confirm("End it now?", abort=True, err=True)
            count, ended = 1, [wallet.helpers.end(gift)]
    if as_json:
        rows: list[Json] = [_gift_row(one) for one in ended]
        session.answer({"done": count, "ended": rows})
    for one in ended:
        _tell_ended(one)


def _tell_ended(gift: GiftView) -> None:
    session.say(f"{gift.name} cannot be lent more from this. It has ended.")
    if gift.left:
        session.say(
            f"{', '.join(gift.left)} could not be asked yet to withdraw the copies.",
            "Try again later: passport-wallet helper end.",
        )


def _show_received(received: Received) -> None:
    born = f", born {received.born}" if received.born else ""
    session.say(f"{received.name}{born} lends you until {received.until:%d-%b-%Y}:")
    for line in received.lines:
        count = f" ({count_words(line.shown, line.total)})" if line.total else ""
        session.say(f"  {line.label}, {line.issuer}{count}")
    session.say("Their screen must show these words:", f"  {' '.join(received.words)}")


def _part(wallet: Wallet, word: str, details: Sequence[str] | None, *, whole: bool) -> Part:
    found = _RECORD.fullmatch(word.strip())
    if found is None:
        raise typer.BadParameter(f"{word} is no record: say 2, or 2:1,3 for lines of it")
    items = found["items"]
    return wallet.part(
        found["id"],
        items=None if items is None else [int(number) for number in items.split(",")],
        private=details or (),
        whole=whole,
    )


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no day like 2027-02-25") from error


def _gift_line(gift: GiftView) -> str:
    records = "; ".join(
        f"{record.label} ({count_words(record.shown, record.total)})"
        if record.total
        else record.label
        for record in gift.records
    )
    if gift.ended is not None:
        state = f"ended {gift.ended:%d-%b-%Y}"
    else:
        state = f"{'until' if gift.active else 'over since'} {gift.until:%d-%b-%Y}"
    left = f", not yet withdrawn by {', '.join(gift.left)}" if gift.left else ""
    if gift.active and gift.older:
        left += ", you have newer ones: lend again"
    whose = f"of {gift.person_name}, " if gift.person_name else ""
    return f"Lent to {gift.name}, {whose}{state}{left}: {records} [{gift.id}]"


def _gift_row(gift: GiftView) -> dict[str, Json]:
    records: list[Json] = [
        {
            "label": record.label,
            "type": record.type,
            "issuer": record.issuer,
            "held": record.shown,
            "items": record.total,
            "copies": len(record.places),
            "withdrawn": record.withdrawn,
        }
        for record in gift.records
    ]
    return {
        "id": gift.id,
        "name": gift.name,
        "person": gift.person,
        "made": gift.made.isoformat(),
        "until": gift.until.isoformat(),
        "ended": None if gift.ended is None else gift.ended.isoformat(),
        "active": gift.active,
        "records": records,
        "notWithdrawnBy": list(gift.left),
        "newerHeld": list(gift.older),
        "words": list(gift.words),
    }


def _invitation_row(made: Invitation) -> dict[str, Json]:
    return {
        "invitation": made.text,
        "name": made.name,
        "until": made.until.isoformat(),
        "words": list(made.words),
    }
