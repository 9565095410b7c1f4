"""Commands to say that something in a record is wrong: reports add, list, update, forget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.service.reports import ReportView

app = typer.Typer(
    help="Tell your surgery what is wrong in a record.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def add(
    record: Annotated[str, typer.Argument(help="The record: number on the list, or id.")],
    words: Annotated[
        str | None, typer.Argument(help="What is wrong; asked for when left out.")
    ] = None,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Tell the surgery what is wrong in a record. Only its staff can read your words."""
    said = words if words is not None else session.asked("What is wrong")
    with session.unlocked(passphrase_file) as wallet:
        view, sent = wallet.reports.report(record, said)
    if as_json:
        session.answer({"report": view.wire(), "sent": view.state != "sending"})
    else:
        session.show(_line(view))
        session.say("Till they answer, the record says so too.")
    if not sent.done:
        session.say(sent.title, sent.next_step)


@app.command("list")
def list_reports(
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """List what you said was wrong, and what the surgery answered."""
    with session.unlocked(passphrase_file) as wallet:
        views = wallet.reports.list()
    _show(views, as_json=as_json)
    if not views and not as_json:
        session.say("You have sent no note to a surgery yet.")


@app.command()
def update(
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Send what waits, and look for answers."""
    with session.unlocked(passphrase_file) as wallet:
        done = wallet.reports.update()
        views = wallet.reports.list()
    _show(views, as_json=as_json)
    for one in done:
        if not one.done:
            session.say(f"{one.issuer}: {one.title}", one.next_step)


@app.command(context_settings={"ignore_unknown_options": True})
def forget(
    report: Annotated[str, typer.Argument(help="Id of a report that was answered.")],
    passphrase_file: session.PassphraseFile = None,
) -> None:
    """Delete a report that was answered, or that was never sent."""
    with session.unlocked(passphrase_file) as wallet:
        wallet.reports.forget(report)
    session.say("Deleted.")


def _show(views: tuple[ReportView, ...], *, as_json: bool) -> None:
    if as_json:
        rows: list[Json] = [view.wire() for view in views]
        session.answer({"reports": rows})
        return
    for view in views:
        session.show(_line(view))
        session.show(f"  {view.words}")
        if view.answer:
            session.show(f"  {view.issuer}: {view.answer}")
        if view.late:
            session.show("  The answer is late. Ring the surgery.")


def _line(view: ReportView) -> str:
    return f"{view.id}  {view.label}, {view.issuer}: {view.status}"
