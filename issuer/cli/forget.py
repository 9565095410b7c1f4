"""``passport-issuer forget``: somebody asks that nothing is kept about them (docs/keeping.md)."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json


def forget(
    *,
    offer: Annotated[
        list[str] | None,
        typer.Option(help="An offer that was theirs, in place of the number; again for more."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; otherwise it is only said what would go.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw everything of one person and delete what is held about them.

    The NHS number is read from standard input, so that it stands in no list of commands. Their
    records stop counting: tell them first. What stays, and why, says docs/keeping.md.
    """
    from issuer.service.forgetting import forget_person, held_about  # noqa: PLC0415 - cold start

    named = offer or []
    number = "" if named else _number()
    with opened(config) as issuer:
        mine = held_about(issuer, nhs_number=number, named=named)
        if yes and mine.offers:
            forget_person(issuer, mine, who=issuer.audit.operator, nhs_number=number)
    told = {
        "offers": len(mine.offers),
        "records": len(mine.issuances),
        "grants": len(mine.grants),
        "reports": len(mine.reports),
    }
    if as_json:
        show_json({**told, "forgotten": yes})
        return
    typer.echo("  ".join(f"{count} {name}" for name, count in told.items()))
    if not mine.offers:
        say("Nothing is held about this person here.")
    elif yes:
        say("All of it was withdrawn and deleted. Backups keep it until you delete them.")
    else:
        say("Nothing was changed. Say --yes to withdraw and delete all of it.")


def _number() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("NHS number", hide_input=True))
    return sys.stdin.readline().strip()
