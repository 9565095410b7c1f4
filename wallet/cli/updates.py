"""Commands about staying up to date: due, refresh, changes, stop-old-device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from . import session, telling, waiting

if TYPE_CHECKING:
    from healthpassport.encoding import Json


def due(
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Say which records are due for a refresh, and when the others are. Nobody is asked."""
    with session.unlocked(passphrase_file) as wallet:
        found, lent = wallet.updates.timetable(), wallet.updates.lent_due()
        again, later = wallet.updates.lend_again(), wallet.waiting.list()
    if as_json:
        rows: list[Json] = [
            {
                "record": one.record,
                "label": one.label,
                "issuer": one.issuer,
                "person": one.person,
                "due": one.now and one.can,
                "next": one.next.isoformat(),
                "can": one.can,
            }
            for one in found
        ]
        over: list[Json] = [gift.id for gift in lent]
        older: list[Json] = [gift.id for gift in again]
        coming: list[Json] = [one.wire() for one in later]
        told = {"records": rows, "lent": over, "lendAgain": older, "waiting": coming}
        session.answer(told)
        return
    for one in found:
        when = "now" if one.now else f"{one.next:%d-%b-%Y}"
        words = when if one.can else "ask the surgery for a new offer"
        session.show(f"{one.label}, {one.issuer}: {words}")
    for gift in lent:
        session.show(f"Lent to {gift.name}: over, to be withdrawn now")
    for gift in again:
        session.show(f"Lent to {gift.name}: lend again: {', '.join(gift.older)}")
    waiting.show(later)
    if not found and not later:
        session.say("You have no records from a surgery yet.")


def refresh(
    records: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RECORD]...", help="Numbers or ids as on the list; else all."),
    ] = None,
    *,
    only_due: Annotated[
        bool, typer.Option("--due", help="Only what is due. Run this each day on a timer.")
    ] = False,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Bring your records up to date, and say what is new in them."""
    with session.unlocked(passphrase_file) as wallet:
        if only_due:
            done = wallet.updates.refresh_due()
        elif records:
            done = wallet.updates.refresh([wallet.show(name).view.id for name in records])
        else:
            done = wallet.updates.refresh()
        left = wallet.updates.lent_due()
    for gift in left:
        session.say(f"{', '.join(gift.left)} must still withdraw what you lent to {gift.name}.")
    telling.outcomes(done, as_json=as_json)
    if not done and not as_json:
        session.say("Nothing is due now." if only_due else "There is nothing to bring up to date.")


def changes(
    passphrase_file: session.PassphraseFile = None,
    *,
    unread: Annotated[bool, typer.Option("--unread", help="Only what you have not seen.")] = False,
    as_json: session.AsJson = False,
) -> None:
    """Show what was new in your records each time that they were brought up to date."""
    with session.unlocked(passphrase_file) as wallet:
        notes = wallet.updates.changes(unread=unread)
        language = wallet.updates.language
        wallet.updates.mark_read()
    if as_json:
        rows: list[Json] = [note.told(language) for note in notes]
        session.answer({"changes": rows})
        return
    for note in notes:
        session.show(f"{note.when:%d-%b-%Y} {note.title(language)}")
        for line in note.lines(language):
            session.show(f"  {line}")
    if not notes:
        session.say("Nothing has changed in your records.")


def stop_old_device(
    passphrase_file: session.PassphraseFile = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: session.AsJson = False,
) -> None:
    """Have each surgery stop your old device, and give this one new copies."""
    session.say(
        "This asks each surgery to stop your old device. Its copies are of no use from then on.",
        "This wallet gets new ones. Where it cannot, ask the surgery for a new offer.",
    )
    if not yes:
        typer.confirm("Go on?", abort=True, err=True)
    with session.unlocked(passphrase_file) as wallet:
        done = wallet.updates.stop_old_device()
    if any(not one.stopped for one in done):
        session.say("Some were not reached. Run this again later.")
    telling.outcomes(done, as_json=as_json)


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "due": due,
    "refresh": refresh,
    "changes": changes,
    "stop-old-device": stop_old_device,
}
