"""``passport-issuer withdraw|suspend|reinstate|replace ISSUANCE...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

Issuances = Annotated[
    list[str], typer.Argument(metavar="ISSUANCE...", help="Ids, as `passport-issuer issued` says.")
]


def withdraw(issuances: Issuances, config: Config = None, as_json: AsJson = False) -> None:
    """Withdraw records for good: desks refuse every copy at their next look at the list."""
    _change("withdraw", issuances, config, as_json=as_json)


def suspend(issuances: Issuances, config: Config = None, as_json: AsJson = False) -> None:
    """Suspend records for a time: desks refuse every copy until they are reinstated."""
    _change("suspend", issuances, config, as_json=as_json)


def reinstate(issuances: Issuances, config: Config = None, as_json: AsJson = False) -> None:
    """End a suspension. A withdrawal is never reversed."""
    _change("reinstate", issuances, config, as_json=as_json)


def replace(issuances: Issuances, config: Config = None, as_json: AsJson = False) -> None:
    """Mark records as replaced by newer ones."""
    _change("replace", issuances, config, as_json=as_json)


def _change(name: str, ids: list[str], config: Path | None, *, as_json: bool) -> None:
    from healthpassport.status.reference import status_name  # noqa: PLC0415 - cold start
    from issuer.service import Change, change_status  # noqa: PLC0415

    with opened(config) as issuer:
        for issuance in ids:
            changed = change_status(issuer, issuance=issuance, change=Change(name))
            word = status_name(changed.status)
            if as_json:
                show_json({"id": changed.id, "status": word})
            else:
                typer.echo(f"{changed.id}  {changed.record_type}  {word}")
    if not as_json:
        say("Desks see this at their next look at the status list.")
