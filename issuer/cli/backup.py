"""``passport-issuer backup``: a copy of the SQLite database, and notes of copies in the trail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json


def backup(
    file: Annotated[
        Path | None, typer.Argument(help="The new file; it must not be there yet.")
    ] = None,
    *,
    note: Annotated[
        bool, typer.Option("--note", help="Make none: write that another tool made one.")
    ] = False,
    restored: Annotated[
        bool, typer.Option("--restored", help="Make none: write that one was put back.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Copy the SQLite database as it is at this moment; of PostgreSQL, use `pg_dump`.

    The server may run. Keys, settings and `queue.key` are not in it (docs/operations.md). Who made
    it, when, and its size to the next power of two stand in the audit trail, of which the copy
    itself is older. After `pg_dump` run it with `--note`; after a restore with `--restored`.
    """
    if (file is not None) + note + restored != 1:
        message = "name the new file, or say --note, or say --restored"
        raise typer.BadParameter(message)
    if file is None:
        _write(config, "backup.restored" if restored else "backup.made")
        say("It stands in the audit trail.")
        return
    size = _copied(file, config)
    if as_json:
        show_json({"file": str(file), "bytes": size})
    else:
        typer.echo(f"{file}  {size} bytes")
        say(
            "Keep it as carefully as the database. The journal of status changes is never restored."
        )


def _copied(file: Path, config: Path | None) -> int:
    from healthpassport.errors import ServiceError  # noqa: PLC0415 - cold start
    from issuer.settings import load  # noqa: PLC0415
    from issuer.store.backing_up import back_up, size_class  # noqa: PLC0415

    settings = load(config)
    if settings.database is None or settings.database_url.get_secret_value():
        raise ServiceError("issuer.backup", "the database is not SQLite: use pg_dump")
    size = back_up(settings.database, file)
    try:
        _write(config, "backup.made", size=size_class(size))
    except ServiceError as error:  # the copy is good, and that it was made is not hidden
        say(f"It is made, and does not stand in the audit trail: {error}")
    return size


def _write(config: Path | None, event: str, *, size: int | None = None) -> None:
    with opened(config) as issuer:
        who = issuer.audit.operator
        if size is None:
            issuer.audit.write(event, who=who)
        else:
            issuer.audit.write(event, who=who, size=size)
