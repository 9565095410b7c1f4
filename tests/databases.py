"""The databases that an issuer of a test may stand on: a SQLite file, or PostgreSQL.

``on_each`` makes a fixture that runs tests on both. With PASSPORT_TEST_ISSUER_DATABASE=postgresql
every issuer of the tests that names no database stands on PostgreSQL, each on one of its own; so
the whole of tests/issuer can be run on it when something of the store has changed.
"""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack
from functools import cache

from postgresql_world import Server, running

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


def of_a_test() -> dict[str, object]:
    """Settings of the database of a test that names none: none, or where all are to be."""
    if os.environ.get(EVERYWHERE) != "postgresql":
        return {}
    for url in _made[:-KEPT]:
        if server().drop(url):
            _made.remove(url)
    _made.append(server().issuer_copy())
    return {"database": None, "database_url": _made[-1]}
