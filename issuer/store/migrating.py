"""Bringing the schema up to date; a database that is so already is only read.

Of processes that start together one migrates and the others find it done. Migrations only ever add,
so that a process of the release before goes on beside a new one (docs/database.md).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine

from healthpassport.errors import ServiceError

from .locking import READS_ONLY, Turn, take_turn

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS: Final = Path(__file__).with_name("migrations")


def migrate(engine: Engine) -> None:
    """Bring the database of ``engine`` to the newest schema.

    Raises:
        ServiceError: ``issuer.database`` for one that a newer release made.
    """
    from alembic import command  # noqa: PLC0415 - half a second that only opening needs

    reading = {READS_ONLY: True}
    with engine.connect().execution_options(**reading) as connection, connection.begin():
        if is_current(connection):
            return
    config = _config()
    with engine.begin() as connection:
        take_turn(connection, Turn.MIGRATING, wait=True)
        if not is_current(connection):  # another process may have done it meanwhile
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def is_current(connection: Connection) -> bool:
    """Whether the schema is that of this release.

    Raises:
        ServiceError: ``issuer.database`` for one that a newer release made.
    """
    from alembic.migration import MigrationContext  # noqa: PLC0415 - as above

    found = set(MigrationContext.configure(connection).get_current_heads())
    known, newest = _revisions()
    if not found <= known:
        raise ServiceError("issuer.database", "a newer release made it: install that one")
    return bool(found) and found == newest


@cache
def _revisions() -> tuple[frozenset[str], frozenset[str]]:
    """All that this release knows, and the newest: they do not change while a process runs."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    scripts = ScriptDirectory.from_config(_config())
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return known, frozenset(scripts.get_heads())


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
