"""``passport-issuer bulk``: offers by the hundred, for letters (docs/bulk.md)."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from healthpassport.encoding import Json
    from issuer.service.bulk_lines import Line

bulk = typer.Typer(no_args_is_help=True, help="Offers to many people at once (docs/bulk.md).")
IDS = {"ignore_unknown_options": True}
COMMAND_LINE = "command-line"  # the client that the offers of this command belong to
List = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or JSON: one person a line.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Only this record type; may be repeated.")
]
From = Annotated[
    str | None, typer.Option("--from", help="Which source: folder, fhir or gp-connect.")
]
Id = Annotated[str, typer.Argument(help="Id of the run, as `bulk start` said.")]


@bulk.command("plan")
def plan(
    file: List,
    *,
    record_type: Types = None,
    source: From = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say for each line what would be offered, or why nothing; nothing is offered."""
    from issuer.service import bulk as runs  # noqa: PLC0415 - cold start

    refused = 0
    with opened(config) as issuer:
        wanted = tuple(record_type or ())
        for one in runs.plan(issuer, _lines(file), wanted=wanted, source=source):
            refused += one.problem is not None
            if as_json:
                show_json(
                    {
                        "line": one.line,
                        "recordTypes": list(one.record_types),
                        "problem": one.problem,
                        "warnings": list(one.warnings),
                    }
                )
            else:
                told = " ".join((*one.record_types, *(f"({code})" for code in one.warnings)))
                typer.echo(f"{one.line}  {one.problem or told}")
    say(f"{refused} of these lines would be refused.")
    if refused:
        raise typer.Exit(1)


@bulk.command("key")
def key(file: Annotated[Path, typer.Argument(help="New file for the key.")]) -> None:
    """Make the key that opens the results of a run, and print its public half for the console."""
    from healthpassport.keys import generate_signer, save_signer  # noqa: PLC0415 - cold start
    from issuer.service import bulk as runs  # noqa: PLC0415

    opener = generate_signer()
    save_signer(opener, file, None)
    show_json(runs.recipient_of(opener))
    say(f"Keep {file.name}: nothing else opens the results.")


@bulk.command("start")
def start(
    file: List,
    *,
    key: Annotated[Path, typer.Option(help="New file for the key that opens the results.")],
    record_type: Types = None,
    source: From = None,
    days: Annotated[
        int | None, typer.Option(help="Days until the offers expire.", min=1, max=90)
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Offer to everybody on the list, in the background: prints the id of the run."""
    from healthpassport.keys import generate_signer, save_signer  # noqa: PLC0415 - cold start
    from issuer.service import bulk as runs  # noqa: PLC0415

    lines = _lines(file)
    with opened(config) as issuer:
        opener = generate_signer()
        save_signer(opener, key, None)
        made = runs.start(
            issuer,
            lines,
            client=COMMAND_LINE,
            recipient=runs.recipient_of(opener),
            wanted=tuple(record_type or ()),
            source=source,
            days=days,
        )
    if as_json:
        show_json({"bulk": made, "lines": len(lines)})
    else:
        typer.echo(made)
        say(f"{len(lines)} lines wait. Keep {key.name}: nothing else opens the results.")


@bulk.command("list")
def list_(*, config: Config = None, as_json: AsJson = False) -> None:
    """List the runs, the newest first."""
    from issuer.service import bulk as runs  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        for one in runs.all_bulks(issuer):
            if as_json:
                show_json({"bulk": one.id, "state": one.state.value})
            else:
                typer.echo(f"{one.id}  {one.state.value}")


@bulk.command("show", context_settings=IDS)
def show(run: Id, *, config: Config = None, as_json: AsJson = False) -> None:
    """Say how far a run is, and which lines were refused."""
    from issuer.service import bulk as runs  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        found = runs.progress(issuer, run)
    if as_json:
        refused: list[Json] = [{"line": line, "problem": code} for line, code in found.refused]
        state = found.bulk.state.value
        show_json({"state": state, "counts": dict(found.counts), "refused": refused})
        return
    counted = ", ".join(f"{number} {name}" for name, number in sorted(found.counts.items()))
    typer.echo(f"{found.bulk.state.value}: {counted}")
    for line, code in found.refused:
        typer.echo(f"{line}  {code}")


@bulk.command("cancel", context_settings=IDS)
def cancel(
    run: Id,
    *,
    offers: Annotated[
        bool, typer.Option("--offers", help="Take back what was offered and not collected, too.")
    ] = False,
    config: Config = None,
) -> None:
    """Offer no further line of a run; with --offers also when it has ended."""
    from healthpassport.errors import ServiceError  # noqa: PLC0415 - cold start
    from issuer.service import bulk as runs  # noqa: PLC0415
    from issuer.service.bulk_taking_back import take_back  # noqa: PLC0415

    with opened(config) as issuer:
        try:
            runs.cancel(issuer, run)
        except ServiceError as error:
            if not offers or error.code != "bulk.over":
                raise
        taken = take_back(issuer, run) if offers else None
    if taken is None:
        say("No further line is offered. What was offered stays: --offers takes that back.")
    else:
        say(f"No further line is offered. {taken} offers were taken back: their links are dead.")


@bulk.command("results", context_settings=IDS)
def results(
    run: Id,
    *,
    key: Annotated[Path, typer.Option(help="The file that `bulk start` made.")],
    links: Annotated[Path, typer.Option(help="New CSV file for the links, for the letters.")],
    pins: Annotated[Path, typer.Option(help="New CSV file for the PINs, for another way.")],
    config: Config = None,
) -> None:
    """Write the links and the PINs that were not told yet, once, each to a file of its own."""
    from healthpassport.keys.files import load_file_signer  # noqa: PLC0415 - cold start
    from issuer.service import bulk as runs  # noqa: PLC0415

    opener = load_file_signer(key.resolve().as_uri())
    with opened(config) as issuer:
        found = runs.results(issuer, run, key=opener)
        heading = ("line", "link", "expires_at")
        _write(links, heading, ((str(one.line), one.link, one.expires_at) for one in found))
        rows = ((str(one.line), one.pin, " ".join(one.warnings)) for one in found)
        _write(pins, ("line", "pin", "warnings"), rows)
        runs.forget_results(issuer, run, found)
    say(f"{len(found)} links and PINs. They are told only this once: send them apart.")


def _lines(file: Path) -> tuple[Line, ...]:
    from healthpassport.errors import SourceError  # noqa: PLC0415 - cold start
    from issuer.service.bulk_lines import parse_lines  # noqa: PLC0415

    try:
        return parse_lines(file.read_bytes())
    except OSError as error:
        raise SourceError("bulk.list", f"the file {file.name} cannot be read") from error


def _write(path: Path, heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """A file of one's own that was not there before, on the disk before it is relied on."""
    from healthpassport.errors import ServiceError  # noqa: PLC0415 - cold start

    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(heading)
            writer.writerows(rows)
            file.flush()
            os.fsync(handle)
    except OSError as error:
        raise ServiceError("issuer.folder", path.name) from error
