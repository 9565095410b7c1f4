"""Whether this PostgreSQL is still the one that we knew, or one that has forgotten what we did.

A replica that took over, a backup that was put back, a disk of yesterday: each may lack what other
machines leased or withdrew, and only their journals know. Every process looks at the origin of the
database (server, timeline, database, table) and at how far its write-ahead log has come; the row
of ``status_lineage`` says which origin the open lists belong to, and counts how often they were
begun anew. Rules: the counter only grows, in the database as in the memory of each process; who
finds that it went back, or that the log did, begins all lists anew, and the others follow. A
database that cannot tell its origin is taken as it is. What is *not* here: beginning them anew
(``anew``), and SQLite, whose journal is that of all its processes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Final, TypeAlias

from sqlalchemy import Connection, Engine, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from healthpassport.encoding import JsonObject
from healthpassport.errors import ServiceError

from .locking import READS_ONLY, Turn, take_turn
from .status_tables import status_lineage

_OPTION: Final = "status_lineage"
_ROW: Final = 1  # the only one of its table
# Of a service that speaks PostgreSQL and hides its log: no right, no such function, not supported.
_HIDDEN: Final = frozenset({"42501", "42883", "0A000"})
# Whatever was flushed survives a crash, so that the log of the same server never goes back behind
# it; the timeline is a part of the name of its file and changes with each promotion and recovery.
_ASKED: Final = text(
    "SELECT (SELECT system_identifier FROM pg_control_system())::text AS server,"
    " substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS timeline,"
    " (SELECT oid FROM pg_database WHERE datname = current_database())::text AS base,"
    " to_regclass('status_lists')::oid::text AS lists,"
    " (pg_current_wal_flush_lsn() - '0/0')::bigint AS written"
    " WHERE NOT pg_is_in_recovery()"
)


Known: TypeAlias = tuple[int, int]  # a generation, and bytes of the log


@dataclass(frozen=True, slots=True)
class SetBack:
    """How often a database was set back, and when that was last noticed (seconds since 1970)."""

    times: int = 0
    noticed_at: int = 0


NEVER: Final = SetBack()


@dataclass(frozen=True, slots=True)
class Seen:
    """The database at one moment: ``written`` in bytes of its log, ``generation`` of its lists.

    ``since`` is when these lists were begun, in seconds since 1970.
    """

    origin: str
    written: int
    generation: int
    kept: str  # the origin that the row names; empty where there is no row
    since: int = 0

    def follows(self, known: Known) -> bool:
        """Whether nothing was forgotten since ``known``, which was known before this was seen."""
        return self.kept == self.origin and (self.generation, self.written) >= known


@dataclass(slots=True)
class Watch:
    """What this process knows of the database; ``generation`` is 0 before it has looked."""

    generation: int = 0
    written: int = 0
    since: int = 0  # when the lists of this generation were begun
    lock: Lock = field(default_factory=Lock)

    def known(self) -> Known:
        """The generation, and how far its log had come."""
        with self.lock:
            return self.generation, self.written

    def set_back(self) -> SetBack:
        """How often it was set back: every generation but the first began with that."""
        with self.lock:
            return SetBack(self.generation - 1, self.since) if self.generation > 1 else NEVER

    def look(self, seen: Seen) -> None:
        """The database was seen, and follows what was known."""
        self.heed((seen.generation, seen.written))
        with self.lock:
            if seen.generation == self.generation:
                self.since = seen.since

    def heed(self, told: Known) -> None:
        """The database had come so far: of the same generation what is further, else the later."""
        with self.lock:
            self.generation, self.written = max((self.generation, self.written), told)


def attach(engine: Engine) -> bool:
    """From now on ``engine`` knows what this process has seen; False where it cannot tell.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    if engine.dialect.name != "postgresql":
        return False
    try:
        with engine.connect().execution_options(**{READS_ONLY: True}) as connection:
            connection.execute(_ASKED).all()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _HIDDEN:
            return False
        raise ServiceError("issuer.unavailable") from error
    engine.update_execution_options(**{_OPTION: Watch()})
    return True


def of(bound: Connection | Engine) -> Watch | None:
    """What this process knows of the database behind ``bound``, None where it cannot know."""
    found = bound.get_execution_options().get(_OPTION)
    return found if isinstance(found, Watch) else None


def holds(connection: Connection) -> bool:
    """Whether the database is the one that this process knew; a standby is not judged."""
    watch = of(connection)
    return watch is None or _accepted(connection, watch)


def renewed(connection: Connection, *, now: int, always: bool = False) -> bool:
    """Whether all lists must be begun anew, now and by this transaction.

    It is noted in the transaction, ``now`` in seconds since 1970, that it was done; of several
    that find it one does it. ``always`` where somebody says that it must be.
    """
    watch = of(connection)
    if watch is None:
        return always
    if not always and holds(connection):
        return False
    take_turn(connection, Turn.OPENING_LISTS, wait=True)
    if not always and _accepted(connection, watch):
        return False  # another process has done it meanwhile
    seen = _seen(connection)
    if seen is None:
        return always  # a standby: nothing can be written anyway
    generation, _ = watch.known()
    _keep(connection, seen, generation=max(seen.generation, generation) + 1, now=now)
    return always or bool(seen.kept or generation)  # else it is the first look of all


def stamp(bound: Connection | Engine) -> JsonObject:
    """How far the database has come, to stand in a journal."""
    watch = of(bound)
    if watch is None:
        return {}
    generation, written = watch.known()
    return {"generation": generation, "written": written}


def heed(bound: Connection | Engine, note: JsonObject) -> None:
    """Take what ``stamp`` wrote once."""
    watch = of(bound)
    match note:
        case {"generation": int(generation), "written": int(written)} if watch is not None:
            watch.heed((generation, written))
        case _:
            pass


def _accepted(connection: Connection, watch: Watch) -> bool:
    known = watch.known()  # before the look: another thread may look after it and be told sooner
    seen = _seen(connection)
    if seen is None:
        return True
    if not seen.follows(known):
        return False
    watch.look(seen)
    return True


def _seen(connection: Connection) -> Seen | None:
    asked = connection.execute(_ASKED).first()
    if asked is None:
        return None
    columns = status_lineage.c
    query = select(columns.origin, columns.generation, columns.since)
    row = connection.execute(query).first()
    return Seen(
        origin=f"{asked.server}/{asked.timeline}/{asked.base}/{asked.lists}",
        written=int(asked.written),
        generation=0 if row is None else row.generation,
        kept="" if row is None else row.origin,
        since=0 if row is None else row.since,
    )


def _keep(connection: Connection, seen: Seen, *, generation: int, now: int) -> None:
    """The row; every process learns from it, this one too, once it is committed."""
    values = {"origin": seen.origin, "generation": generation, "since": now}
    if seen.kept:
        connection.execute(update(status_lineage).values(values))
    else:
        connection.execute(insert(status_lineage).values(id=_ROW, **values))
