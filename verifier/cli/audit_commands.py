"""The commands of the audit trail as typer sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

audit = typer.Typer(help="The audit trail of this desk.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with a version.")]


@audit.command("head")
def audit_head(as_json: AsJson = False) -> None:
    """Sign the end of the audit trail; keep what is printed away from this desk."""
    from . import audit as trail  # noqa: PLC0415

    trail.head(as_json=as_json)


@audit.command("export")
def audit_export(
    to: Annotated[Path | None, typer.Option(help="File to write to; stdout without it.")] = None,
) -> None:
    """Write the whole audit trail as JSON Lines, signed at the end."""
    from . import audit as trail  # noqa: PLC0415

    trail.export(to=to)


@audit.command("verify")
def audit_verify(
    file: Annotated[
        str | None, typer.Argument(help="File with an export; - for stdin.", show_default=False)
    ] = None,
    database: Annotated[
        bool, typer.Option("--database", help="Check this desk's database; so without a file.")
    ] = False,
    head: Annotated[
        list[Path] | None, typer.Option(help="File with a head that was kept elsewhere.")
    ] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="PEM file of an earlier key, or of another desk.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether an audit trail is whole, and if not, which entries were touched."""
    from . import audit as trail  # noqa: PLC0415

    if database and file is not None:
        raise typer.BadParameter("a file or --database, not both")
    trail.verify(file, heads=head or (), certificate=certificate or (), as_json=as_json)
