"""Commands about records that a surgery has not finished: waiting list, look, forget."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from healthpassport.uk_time import uk_moment

from . import session, telling

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.service import WaitingView

app = typer.Typer(
    help="See which records are still to come, and ask for them again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_waiting(
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """List the records that a surgery has not finished. Nobody is asked."""
    with session.unlocked(passphrase_file) as wallet:
        found = wallet.waiting.list()
    if as_json:
        rows: list[Json] = [one.wire() for one in found]
        session.answer({"waiting": rows})
        return
    show(found)
    if not found:
        session.say("You wait for no record.")


@app.command()
def look(
    records: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Ids as on the list; else all."),
    ] = None,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Ask again for records that are still to come, where it is not too soon."""
    with session.unlocked(passphrase_file) as wallet:
        done = wallet.waiting.look(records or None)
    telling.outcomes(done, as_json=as_json)
    if not done and not as_json:
        session.say("You wait for no record.")


@app.command()
def forget(
    record: Annotated[str, typer.Argument(help="Id as on the list.")],
    passphrase_file: session.PassphraseFile = None,
) -> None:
    """Wait for a record no longer. The surgery is not told."""
    with session.unlocked(passphrase_file) as wallet:
        wallet.waiting.forget(record)
    session.say("Taken off the list.")


def show(found: Iterable[WaitingView]) -> None:
    """Each record that is still to come, and why it is not here."""
    for one in found:
        session.show(f"{one.id}  {one.label}, {one.issuer}: {one.title}")
        when = "" if one.ended else f" It can be asked again from {uk_moment(one.again)}."
        session.say(f"  {one.next_step}{when}")
