"""``passport-issuer backup``: a copy of the SQLite database, while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .opening import AsJson, Config, say, show_json


def backup(
    file: Annotated[Path, typer.Argument(help="The new file; it must not be there yet.")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Copy the SQLite database as it is at this moment; of PostgreSQL, use `pg_dump`.

    The server may run. Keys, settings and `queue.key` are not in it (docs/operations.md).
    """
    from healthpassport.errors import ServiceError  # noqa: PLC0415 - cold start
    from issuer.settings import load  # noqa: PLC0415
    from issuer.store.backing_up import back_up  # noqa: PLC0415

    settings = load(config)
    if settings.database is None or settings.database_url.get_secret_value():
        raise ServiceError("issuer.backup", "the database is not SQLite: use pg_dump")
    size = back_up(settings.database, file)
    if as_json:
        show_json({"file": str(file), "bytes": size})
    else:
        typer.echo(f"{file}  {size} bytes")
        say(
            "Keep it as carefully as the database. The journal of status changes is never restored."
        )
