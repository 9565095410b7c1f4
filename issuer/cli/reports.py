"""``passport-issuer reports list|show|answer``: what patients say is wrong in their records."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from issuer.store import Report

reports = typer.Typer(no_args_is_help=True, help="What patients say is wrong in their records.")
IDS = {"ignore_unknown_options": True}
Id = Annotated[str, typer.Argument(help="Id, as `passport-issuer reports list` says.")]


class Outcome(StrEnum):
    """What became of a report."""

    CORRECTED = "corrected"
    NOT_CHANGED = "not_changed"


@reports.command("list")
def list_reports(
    config: Config = None,
    answered: Annotated[
        bool, typer.Option("--answered", help="Also those that were answered.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List reports, the soonest due first: id, record, state, day of answer."""
    from issuer.service import all_reports  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        found = all_reports(issuer, answered=answered)
    if not found and not as_json:
        say("No report waits for an answer.")
    for report in found:
        row = _row(report)
        if as_json:
            show_json(row)
        else:
            due = str(row["dueBy"])[:10]
            typer.echo(f"{report.id}  {report.record_type:<20} {report.state.value:<8} due {due}")


@reports.command("show", context_settings=IDS)
def show(report: Id, config: Config = None, as_json: AsJson = False) -> None:
    """Show the patient's words, opened with the key of PASSPORT_ISSUER_REPORTS_KEY."""
    from healthpassport.terminal import visible  # noqa: PLC0415 - cold start
    from issuer.service import open_report  # noqa: PLC0415

    with opened(config) as issuer:
        found = open_report(issuer, report)
    if as_json:
        show_json({**_row(found.report), "words": found.words})
        return
    typer.echo(visible(found.words))
    row = _row(found.report)
    say(f"{found.report.record_type}, issuance {found.report.issuance or 'not named'}.")
    say(f"An answer is due by {str(row['dueBy'])[:10]}.")


@reports.command("answer", context_settings=IDS)
def answer(
    report: Id,
    outcome: Annotated[Outcome, typer.Option(help="Whether the notes were changed.")],
    words: Annotated[
        str | None, typer.Option(help="Words for the patient; else standard input.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Answer a report. The patient's words are erased, and new copies are no longer disputed."""
    from healthpassport.encoding import dump_json  # noqa: PLC0415
    from issuer.service import answer_report  # noqa: PLC0415 - cold start
    from issuer.service.reports import parse_answer  # noqa: PLC0415

    told = words if words is not None else sys.stdin.read().strip()
    asked = parse_answer(dump_json({"outcome": outcome.value, "words": told}))
    with opened(config) as issuer:
        done = answer_report(issuer, report, asked)
    if as_json:
        show_json(_row(done))
    else:
        typer.echo(f"{done.id}  {done.state.value}")
        say("The patient's words are erased. The wallet reads the answer when it next comes.")


def _row(report: Report) -> dict[str, Json]:
    from issuer.service.context import utc  # noqa: PLC0415 - cold start

    return {
        "id": report.id,
        "recordType": report.record_type,
        "issuance": report.issuance,
        "state": report.state.value,
        "outcome": report.outcome,
        "madeAt": utc(report.made_at).isoformat(),
        "dueBy": utc(report.due_at).isoformat(),
    }
