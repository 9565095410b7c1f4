"""A desk's database as an earlier version made it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from verifier.store import engine


def database_at(revision: str, path: Path) -> sa.Engine:
    """The database in the file ``path``, in the shape of that migration."""
    made = sa.create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(engine.MIGRATIONS))
    with made.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return made
