"""People who come each month, against the issuer's own database code, beside the arithmetic.

Offers, places, entries, marks of what was replaced or withdrawn, published lists, forgetting and
the end of lists are the issuer's; records, keys, signatures of records and the audit trail are left
out. The database is SQLite that waits for no disk, and some hundred people share a transaction.

    python tests/bench/scale_simulation.py [--people 670 --months 17 --list-size 10240]
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(Path(__file__).parent)]

from measuring import table  # noqa: E402
from scale_found import Found, ListFound, found, lists_found  # noqa: E402
from scale_model import MONTH, Plan  # noqa: E402
from simulated_issuer import made_settings  # noqa: E402
from sqlalchemy import Connection, event  # noqa: E402

from healthpassport.status.entries import REPLACED, WITHDRAWN  # noqa: E402
from issuer import service  # noqa: E402
from issuer.service.keeping import forget_over, late  # noqa: E402
from issuer.service.places import Place, reserving  # noqa: E402
from issuer.service.retention import retire  # noqa: E402
from issuer.service.statuses import set_status  # noqa: E402
from issuer.settings import SD_JWT_VC, VALIDITY_DAYS  # noqa: E402
from issuer.store.tables import status_lists  # noqa: E402

DAY = 86_400  # seconds
START = datetime(2026, 11, 1, 9, tzinfo=UTC)
AT_ONCE = 2_000  # people of one transaction
UNSAFE = (
    "PRAGMA synchronous=OFF",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA cache_size=-2000000",
)

_OFFERS = (
    "INSERT INTO offers (id, address_hash, code_hash, token_hash, pin_mac, created_at, expires_at,"
    " client, state, tries, by_identifier) VALUES (?, ?, ?, ?, ?, ?, ?, 'practice', 'done', 0, 0)"
)
_ISSUANCES = (
    "INSERT INTO issuances (id, offer, record_type, copies, issued_at, expires_at,"
    " notification_hash, client, status) VALUES (?, ?, ?, ?, ?, ?, ?, 'practice', 0)"
)
_ENTRIES = "INSERT INTO status_entries (list, idx, issuance, status) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Month:
    """What one month took: seconds of wall clock, and of CPU."""

    coming: tuple[float, float]
    forgetting: tuple[float, float]


@dataclass(slots=True)
class Held:
    """What one person has: when last here, and what stands of each type, with its end."""

    last: int = -1
    standing: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


class Rows:
    """What some people's collections enter into the tables, many rows at a time."""

    def __init__(self, places: Iterator[Place], now: int) -> None:
        self.places, self.now = places, now
        self.offers: list[tuple[object, ...]] = []
        self.issuances: list[tuple[object, ...]] = []
        self.entries: list[tuple[int, int, str, int]] = []

    def offer(self, name: str) -> str:
        hashes = [secrets.token_urlsafe(32) for _ in range(4)]
        self.offers.append((name, *hashes, self.now, self.now + 600))
        return name

    def issuance(self, offer: str, record_type: str, *, days: int, copies: int) -> str:
        """One record in ``copies``; its id."""
        name, notice = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
        times = self.now, self.now + days * DAY
        self.issuances.append((name, offer, record_type, copies, *times, notice))
        self.entries += [(*place, name, 0) for place in islice(self.places, copies)]
        return name

    def enter(self, tx: Connection) -> None:
        """Into the database: as the issuer does, but more than one at a time."""
        tx.exec_driver_sql(_OFFERS, self.offers)
        tx.exec_driver_sql(_ISSUANCES, self.issuances)
        tx.exec_driver_sql(_ENTRIES, self.entries)


class World:
    """An issuer's database, and what each person holds."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.now, self.folder = plan, START, folder
        made, _ = made_settings(
            folder,
            certified_at=START,
            validity_days=plan.validity,
            status_journal=folder / "journal",
            database=folder / "issuer.sqlite",
        )
        settings = made.model_copy(update={"status_list_size": plan.list_size})
        # The settings refuse so small a list, which singles people out; here nobody is in one.
        clock = lambda: self.now  # noqa: E731
        self.issuer = service.open_issuer(made, clock=clock, random=secrets.token_bytes)
        object.__setattr__(self.issuer, "settings", settings)
        event.listen(self.issuer.store.engine, "connect", _unsafe)
        self.issuer.store.engine.dispose()  # those that are open have not heard of it
        with self.issuer.store.writing() as tx:
            tx.execute(status_lists.update().values(size=plan.list_size))
        self.held = [Held() for _ in range(plan.people)]
        self.given = self.withdrawn = 0

    def month(self, number: int) -> Month:
        """Everybody comes who does not miss this month; then what is over is forgotten."""
        begun = _clocks()
        away = self.plan.away(number)
        coming = [person for person in range(self.plan.people) if person not in away]
        for start in range(0, len(coming), AT_ONCE):
            self.come(coming[start : start + AT_ONCE], number)
        came = _since(begun)
        begun = _clocks()
        self.now += timedelta(days=MONTH)
        while late(self.issuer):  # a run forgets one day of a month that was leapt over
            forget_over(self.issuer, pause=lambda _: None)
        forget_over(self.issuer, pause=lambda _: None)
        retire(self.issuer)
        return Month(came, _since(begun))

    def come(self, people: Sequence[int], number: int) -> None:
        """People's records are made anew, and copies of before marked where one changed."""
        plan = self.plan
        count = len(people) * plan.types * plan.copies
        with reserving(self.issuer, SD_JWT_VC, copies=count) as reserved:
            rows = Rows(iter(reserved.columns[0]), self.issuer.now())
            new = [self._collected(rows, person, number) for person in people]
            with self.issuer.store.writing() as tx:
                rows.enter(tx)
                for person, made in zip(people, new, strict=True):
                    self._mark(tx, person, number, made)
            reserved.used = count
        self.given += count

    def _collected(self, rows: Rows, person: int, number: int) -> dict[str, str]:
        """One person's new records by type."""
        offer = rows.offer(f"{number}-{person}")
        return {
            name: rows.issuance(offer, name, days=days, copies=self.plan.copies)
            for name, days in self.plan.validity.items()
        }

    def _mark(self, tx: Connection, person: int, number: int, made: Mapping[str, str]) -> None:
        """Mark what ``made`` replaces, and that of it which is withdrawn."""
        plan, held, now = self.plan, self.held[person], self.issuer.now()
        since = range(held.last + 1, number + 1)
        held.last = number
        for name, days in plan.validity.items():
            standing = [one for one in held.standing.pop(name, ()) if one[1] > now]
            if standing and any(plan.changes(person, name, month) for month in since):
                for issuance, _ in standing:
                    set_status(tx, issuance=issuance, status=REPLACED)
                standing = []
            if plan.withdraws(person, name, number):  # it is not replaced later
                set_status(tx, issuance=made[name], status=WITHDRAWN)
                self.withdrawn += plan.copies
            elif days > MONTH:
                standing.append((made[name], now + days * DAY))
            if standing:
                held.standing[name] = standing

    def found(self) -> Found:
        """Count what is there."""
        return found(self.issuer, given=self.given, ever_withdrawn=self.withdrawn)

    def lists(self) -> tuple[ListFound, ...]:
        """Every published list."""
        return tuple(lists_found(self.issuer))


def simulated(plan: Plan, months: int, folder: Path) -> Found:
    """What is in the database after ``months``, each of which ends with forgetting."""
    world = World(plan, folder)
    try:
        for number in range(months):
            world.month(number)
        return world.found()
    finally:
        world.issuer.store.close()


def compared(plan: Plan, months: int, it: Found) -> Iterator[tuple[str, str, str]]:
    """What was found beside what was computed."""
    yield ("places given", f"{it.given:,}", f"{plan.given(months):,}")
    yield ("places leased", f"{it.leased:,}", "")
    yield ("lists begun", str(it.lists + it.ended), str(plan.begun_after(months)))
    yield ("lists ended", str(it.ended), str(plan.ended_after(months)))
    yield ("rows of entries", f"{it.entries:,}", f"{plan.entries_after(months):,}")
    yield ("rows of offers", f"{it.offers:,}", f"{plan.offers_after(months):,}")
    yield ("places that say something", f"{it.marked:,}", f"{plan.marked_after(months):,}")
    yield ("marks without an entry", f"{it.outlived:,}", f"{plan.outlived_after(months):,.0f}")
    yield ("withdrawn places", f"{it.withdrawn:,}", f"{it.ever_withdrawn:,} were")
    yield ("bytes of SQLite", f"{it.bytes:,}", "")


def _unsafe(connection: object, _entry: object) -> None:
    for pragma in UNSAFE:
        connection.execute(pragma).fetchall()


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _since(begun: tuple[float, float]) -> tuple[float, float]:
    now = _clocks()
    return now[0] - begun[0], now[1] - begun[1]


def main() -> None:
    """Print each month as it ends, and in the end what was found beside what was computed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--people", type=int, default=670)
    options.add_argument("--months", type=int, default=17)
    options.add_argument("--list-size", type=int, default=10_240)
    options.add_argument("--valid", type=int, default=0, help="days at most")
    options.add_argument("--lines", type=Path, help="a file for what each month left, as JSON")
    options.add_argument("--folder", type=Path, help="an empty one, which stays")
    chosen = options.parse_args()
    validity = {n: min(d, chosen.valid or d) for n, d in VALIDITY_DAYS.items()}
    plan = Plan(people=chosen.people, list_size=chosen.list_size, validity=validity)
    with TemporaryDirectory() as temporary:
        world = World(plan, chosen.folder or Path(temporary))
        for number in range(chosen.months):
            took = world.month(number)
            it, lists = world.found(), world.lists()
            words = f"{chosen.people:,} people, month {number + 1}, lists of {plan.list_size:,}"
            words += f", {took}"
            table(words, ("what", "found", "computed"), compared(plan, number + 1, it))
            table(
                "Its lists",
                ("list", "marked", "computed", "CWT", "JWT in gzip"),
                (
                    (
                        str(one.number),
                        f"{one.marked:,}",
                        f"{plan.marked_in(one.number, number + 1):,.0f}",
                        f"{one.cwt:,}",
                        f"{one.jwt_in_gzip:,}",
                    )
                    for one in lists
                ),
            )
            if chosen.lines:
                line = {"month": number + 1, "took": asdict(took), "found": asdict(it)}
                line |= {"lists": [asdict(one) for one in lists]}
                with chosen.lines.open("a") as file:
                    file.write(json.dumps(line) + "\n")
            sys.stdout.flush()
        world.issuer.store.close()


if __name__ == "__main__":
    main()
