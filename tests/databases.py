"""The databases that an issuer of a test may stand on: a SQLite file, or PostgreSQL.

``on_each`` makes a fixture that runs tests on both. With PASSPORT_TEST_ISSUER_DATABASE=postgresql
every issuer of the tests that names no database stands on PostgreSQL, each on one of its own; so
the whole of tests/issuer can be run on it when something of the store has changed.
"""

from __future__ import annotations

import atexit
import os
import shutil
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from postgresql_world import Server, running
from sqlalchemy import make_url

from issuer.settings import Settings
from issuer.store.raw import database_files

EVERYWHERE = "PASSPORT_TEST_ISSUER_DATABASE"
BOTH = ("sqlite", "postgresql")
KEPT = 40  # databases of tests that name none; one takes eight megabytes
_made: list[str] = []


@cache
def server() -> Server:
    """The one PostgreSQL of this process; it ends with it."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(running())


def on_postgresql() -> dict[str, object]:
    """Settings of an empty database of its own, at the present schema."""
    return {"database": None, "database_url": server().issuer_copy()}


def on_sqlite(folder: Path) -> dict[str, object]:
    """Settings of a SQLite file, wherever all others stand: for tests about such files."""
    return {"database": folder / "issuer.sqlite"}


def keep(settings: Settings, name: str) -> None:
    """Keep a copy, called ``name``, of the database that nobody has open."""
    if settings.database is None:
        server().copy(_url(settings), _copy(settings, name))
        return
    kept = settings.database.parent / name
    kept.mkdir()
    for path in database_files(settings.database):
        shutil.copy(path, kept)


def put_back(settings: Settings, name: str) -> None:
    """Let the database be as its copy ``name`` is."""
    if settings.database is None:
        server().replace(_url(settings), _copy(settings, name))
        return
    for path in database_files(settings.database):
        path.unlink()
    for path in (settings.database.parent / name).iterdir():
        shutil.copy(path, settings.database.parent)


def lose(settings: Settings) -> None:
    """Let the database be gone, and an empty one in its place."""
    if settings.database is None:
        server().replace(_url(settings), server().issuer_template)
        return
    for path in database_files(settings.database):
        path.unlink()


def remove(settings: Settings) -> None:
    """Let a PostgreSQL take no more room; a file goes with its folder."""
    if settings.database is None:
        server().drop_with_copies(_url(settings))


def _url(settings: Settings) -> str:
    return settings.database_url.get_secret_value()


def _copy(settings: Settings, name: str) -> str:
    return f"{make_url(_url(settings)).database}_{name}"


def of_a_test() -> dict[str, object]:
    """Settings of the database of a test that names none: none, or where all are to be."""
    if os.environ.get(EVERYWHERE) != "postgresql":
        return {}
    for url in _made[:-KEPT]:
        if server().drop(url):
            _made.remove(url)
    _made.append(server().issuer_copy())
    return {"database": None, "database_url": _made[-1]}
