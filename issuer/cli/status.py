"""``passport-issuer status``: the status lists as files, how they stand, and after a restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from issuer.service.retention import ListReport

status = typer.Typer(no_args_is_help=True, help="The lists that say which records still stand.")


@status.command("publish")
def publish(
    to: Annotated[
        Path, typer.Option("--to", metavar="FOLDER", help="Where the files `1`, `2`, ... go.")
    ],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Bring the status lists in a folder up to date, for another web server or a CDN.

    Token status lists go into the folder itself, bitstring lists into `bitstring` in it. What is
    older than what is there is refused (docs/status.md).
    """
    from issuer.service.list_files import publish_files  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        done = publish_files(issuer, to)
        count = sum(one.written for one in done)
        issuer.audit.write("status.published", who=issuer.audit.operator, lists=count)
    for one in done:
        if as_json:
            show_json({"uri": one.uri, "file": str(one.file), "written": one.written})
        else:
            typer.echo(f"{'written  ' if one.written else 'unchanged'}  {one.file}  {one.uri}")


@status.command("show")
def show(config: Config = None, as_json: AsJson = False) -> None:
    """Show how full each list is, how many of its records stand, and whether these are few."""
    from issuer.service.retention import list_reports  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        found = list_reports(issuer)
    for one in found:
        if as_json:
            show_json(_row(one))
        else:
            kind = one.purpose or "token"
            words = f"{one.given}/{one.size} given, {one.standing} stand, {one.marked} marked"
            typer.echo(f"{one.uri}  {kind}  {words}{'  closed' if one.closed else ''}")
    if not as_json and any(one.is_small for one in found):
        say("Few records stand in a list: who watches it may guess whose was withdrawn.")


@status.command("retire")
def retire(config: Config = None, as_json: AsJson = False) -> None:
    """Forget entries of records that expired long ago, and end full lists that have no other."""
    from issuer.service.retention import retire as end_lists  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        for uri in end_lists(issuer):
            if as_json:
                show_json({"uri": uri, "ended": True})
            else:
                typer.echo(f"ended  {uri}")


@status.command("after-restore")
def after_restore(
    published: Annotated[
        Path | None,
        typer.Option(
            "--published", metavar="FOLDER", help="The lists as published last, where they are."
        ),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """After a backup was restored without its journal: begin new lists, keep what was withdrawn.

    Stop the server first. With the journal at its place nothing of this is needed: it is read when
    the database is opened.
    """
    from issuer.service.restoring import after_restore as restored  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        done = restored(issuer, published)
    if as_json:
        show_json({"lists": done.lists, "marks": done.marks, "next_list": done.next_number})
    else:
        typer.echo(f"{done.lists} published lists read, {done.marks} entries kept as published")
        typer.echo(f"every list is closed; the next is number {done.next_number}")
    if published is None and not as_json:
        say("Without --published, what was withdrawn since the backup stands again.")


@status.command("shorten")
def shorten(config: Config = None, as_json: AsJson = False) -> None:
    """Make the journal of status changes shorter: what its lines came to, and nothing lost.

    `serve` and `worker` do so by themselves each day. The server may go on meanwhile.
    """
    from issuer.service.status_journal import shorten as shortened  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        done = shortened(issuer)
    if as_json:
        show_json(
            {"shortened": done is not None}
            | ({} if done is None else {"before": done.before, "after": done.after})
        )
    elif done is None:
        say("Another process does so at this moment.")
    else:
        typer.echo(f"{done.before} bytes before, {done.after} now")


def _row(one: ListReport) -> dict[str, str | int | bool]:
    return {
        "uri": one.uri,
        "purpose": one.purpose,
        "size": one.size,
        "given": one.given,
        "standing": one.standing,
        "marked": one.marked,
        "closed": one.closed,
        "small": one.is_small,
    }
