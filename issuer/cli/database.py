"""``passport-issuer database copy``: from SQLite to PostgreSQL, once (docs/database.md)."""

from __future__ import annotations

import typer

from .opening import AsJson, Config, say, show_json

database = typer.Typer(no_args_is_help=True, help="The issuer's database (docs/database.md).")


@database.callback()
def _group() -> None:
    """Keep `copy` a command of its own."""


@database.command("copy")
def copy(*, config: Config = None, as_json: AsJson = False) -> None:
    """Copy everything from the SQLite file to the empty PostgreSQL: all of it, or nothing."""
    from healthpassport.errors import SettingsError  # noqa: PLC0415 - cold start
    from issuer.settings import load  # noqa: PLC0415
    from issuer.store import open_store  # noqa: PLC0415
    from issuer.store.copying import Copied, copy_all  # noqa: PLC0415

    settings = load(config)
    url = settings.database_url.get_secret_value()
    if settings.database is None or not url:
        raise SettingsError("issuer.settings", "set both database and database_url")

    def told(one: Copied) -> None:
        if as_json:
            show_json({"table": one.table, "rows": one.rows, "digest": one.digest})
        else:
            typer.echo(f"{one.table}  {one.rows}")

    source = open_store(settings.database)
    try:
        target = open_store(None, url=url)
        try:
            copy_all(source, target, told=told)
        finally:
            target.close()
    finally:
        source.close()
    say("All of it was copied and compared. Start the issuer with database_url alone.")
