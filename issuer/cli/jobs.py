"""``passport-issuer jobs``: what waits to be done, and what could not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from issuer.store.jobs import JobRow

jobs = typer.Typer(no_args_is_help=True, help="Work in the background (docs/database.md).")
IDS = {"ignore_unknown_options": True}


@jobs.command("list")
def list_(
    *,
    state: Annotated[
        str, typer.Option(help="waiting, running, done, dead, cancelled; or all.")
    ] = "dead",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 100,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first: those that failed for good, unless another state is asked."""
    from healthpassport.errors import ServiceError  # noqa: PLC0415 - cold start
    from issuer.service.jobs import all_jobs, job_counts  # noqa: PLC0415
    from issuer.store.jobs import JobState  # noqa: PLC0415

    if state != "all" and state not in set(JobState):
        raise ServiceError("job.unknown", "there is no such state")
    with opened(config) as issuer:
        found = all_jobs(issuer, state=None if state == "all" else JobState(state), limit=limit)
        counted = job_counts(issuer)
    for job in found:
        _show(job, as_json=as_json)
    say(", ".join(f"{number} {name}" for name, number in sorted(counted.items())) or "No jobs.")


@jobs.command("retry", context_settings=IDS)
def retry(
    job: Annotated[str, typer.Argument(help="Id, as `passport-issuer jobs list` says.")],
    config: Config = None,
) -> None:
    """Let a job that failed for good run again."""
    from issuer.service.jobs import retry as revive  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        revive(issuer, job)
    say("It waits to be done again.")


def _show(job: JobRow, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "id": job.id,
                "kind": job.kind,
                "state": job.state.value,
                "attempts": job.attempts,
                "problem": job.problem,
            }
        )
        return
    typer.echo(f"{job.id}  {job.kind:10}  {job.state.value:9}  {job.attempts}  {job.problem or ''}")
