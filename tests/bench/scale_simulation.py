"""People who come each month, against the issuer's own database code, beside the arithmetic.

Places, entries, replaced copies, forgetting and the end of lists are the issuer's; records, keys
and signatures are left out. By default people and lists are a hundred thousandth and a
hundredth of what they are, for more than a year, so that lists end:

    python tests/bench/scale_simulation.py [--people 670 --months 17 --list-size 10240]
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(Path(__file__).parent)]

from measuring import table  # noqa: E402
from scale_model import MONTH, Plan  # noqa: E402
from simulated_issuer import made_settings  # noqa: E402
from sqlalchemy import Connection, Table, func, insert, select  # noqa: E402

from healthpassport.status.entries import REPLACED, WITHDRAWN  # noqa: E402
from issuer import service  # noqa: E402
from issuer.service.keeping import late  # noqa: E402
from issuer.service.places import reserving  # noqa: E402
from issuer.service.retention import retire  # noqa: E402
from issuer.service.statuses import set_status  # noqa: E402
from issuer.settings import SD_JWT_VC  # noqa: E402
from issuer.store import Issuance, issuances, statuses  # noqa: E402
from issuer.store.status_tables import status_marks  # noqa: E402
from issuer.store.tables import issuances as issuance_rows  # noqa: E402
from issuer.store.tables import offers, status_entries, status_lists  # noqa: E402

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
PER_MILLE_WITHDRAWN = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What is in the database at the end."""

    given: int
    leased: int
    lists: int  # that are published
    ended: int
    entries: int
    issuances: int
    silent: int  # places of published lists that were given and say nothing
    withdrawn: int
    ever_withdrawn: int
    bytes: int


class World:
    """An issuer's database, and what each person holds."""

    def __init__(self, plan: Plan, folder: Path, *, database_url: str = "") -> None:
        self.plan, self.now, self.folder = plan, START, folder
        changes = {"database": None, "database_url": database_url} if database_url else {}
        made, _ = made_settings(folder, certified_at=START, **changes)
        settings = made.model_copy(update={"status_list_size": plan.list_size})
        # The settings refuse so small a list, which singles people out; here nobody is in one.
        clock = lambda: self.now  # noqa: E731
        self.issuer = service.open_issuer(made, clock=clock, random=secrets.token_bytes)
        object.__setattr__(self.issuer, "settings", settings)
        with self.issuer.store.writing() as tx:
            tx.execute(status_lists.update().values(size=plan.list_size))
        self.held: list[dict[str, list[tuple[str, int]]]] = [{} for _ in range(plan.people)]
        self.given = self.made = self.withdrawn = 0

    def month(self, number: int) -> None:
        """Everybody comes who does not miss this month; then old entries are forgotten."""
        missing = self.plan.people - self.plan.coming if number else 0
        first = number * missing % self.plan.people
        away = {(first + step) % self.plan.people for step in range(missing)}
        for person in range(self.plan.people):
            if person not in away:
                self.come(person, number)
        self.now += timedelta(days=MONTH)
        retire(self.issuer)
        while late(self.issuer):  # a run forgets one day of a month that was leapt over
            retire(self.issuer)

    def come(self, person: int, number: int) -> None:
        """One person's records are made anew, and copies of before marked where one changed."""
        copies = self.plan.copies
        with ExitStack() as stack:
            places = [
                stack.enter_context(reserving(self.issuer, SD_JWT_VC, copies=copies))
                for _ in self.plan.validity
            ]
            tx = stack.enter_context(self.issuer.store.writing())
            offer = f"{number}-{person}"
            tx.execute(insert(offers), self._offer(offer))
            new = []
            for (name, days), reserved in zip(self.plan.validity.items(), places, strict=True):
                made = self._issuance(offer, name, days)
                issuances.add(tx, made)
                reserved.give(tx, made.id, copies=copies)
                new.append((name, made))
                if self.plan.changes(person, name, number):
                    self._replace(tx, self.held[person].pop(name, []))
            if (person + number * 7) % 1_000 < PER_MILLE_WITHDRAWN:
                _, one = new.pop(person % len(new))  # withdrawn, it is not replaced later
                set_status(tx, issuance=one.id, status=WITHDRAWN)
                self.withdrawn += copies
        for name, made in new:
            self.held[person].setdefault(name, []).append((made.id, made.expires_at))
        self.made += self.plan.types
        self.given += self.plan.types * copies

    def _replace(self, tx: Connection, older: list[tuple[str, int]]) -> None:
        for issuance, expires_at in older:
            if expires_at > self.issuer.now():
                set_status(tx, issuance=issuance, status=REPLACED)

    def _offer(self, name: str) -> dict[str, object]:
        hashes = {key: f"{name}-{key}" for key in ("address_hash", "code_hash", "token_hash")}
        times = {"created_at": self.issuer.now(), "expires_at": self.issuer.now() + 600}
        row = {"id": name, "pin_mac": "x" * 43, "client": "practice", "state": "done", "tries": 0}
        return {**row, **hashes, **times}

    def _issuance(self, offer: str, name: str, days: int) -> Issuance:
        now = self.issuer.now()
        return Issuance(
            id=secrets.token_urlsafe(16),
            offer=offer,
            client="practice",
            record_type=name,
            copies=self.plan.copies,
            status=0,
            issued_at=now,
            expires_at=now + days * 86_400,
            notification_hash=secrets.token_urlsafe(32),
        )

    def found(self) -> Found:
        """Count what is there."""

        def count(rows: Table, *where: object) -> int:
            return tx.execute(select(func.count()).select_from(rows).where(*where)).scalar() or 0

        with self.issuer.store.reading() as tx:
            leased = tx.execute(select(func.sum(status_lists.c.allocated))).scalar() or 0
            withdrawn = count(status_entries, status_entries.c.status == WITHDRAWN)
            withdrawn += count(status_marks, status_marks.c.status == WITHDRAWN)
            marked = count(status_entries, status_entries.c.status != 0) + count(status_marks)
            published = statuses.lists(tx)
            every = count(status_lists)
            rows = count(status_entries), count(issuance_rows)
        size = sum(path.stat().st_size for path in self.folder.glob("issuer.sqlite"))
        return Found(
            given=self.given,
            leased=leased,
            lists=len(published),
            ended=every - len(published),
            entries=rows[0],
            issuances=rows[1],
            silent=self.given - (every - len(published)) * self.plan.list_size - marked,
            withdrawn=withdrawn,
            ever_withdrawn=self.withdrawn,
            bytes=size,
        )


def simulated(plan: Plan, months: int, folder: Path, *, database_url: str = "") -> Found:
    """What is in the database after ``months``, each of which ends with forgetting."""
    world = World(plan, folder, database_url=database_url)
    try:
        for number in range(months):
            world.month(number)
        return world.found()
    finally:
        world.issuer.store.close()


def main() -> None:
    """Print what was found beside what was computed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--people", type=int, default=670)
    options.add_argument("--months", type=int, default=17)
    options.add_argument("--list-size", type=int, default=10_240)
    chosen = options.parse_args()
    plan = Plan(people=chosen.people, list_size=chosen.list_size)
    begun = time.monotonic()
    with TemporaryDirectory() as folder:
        found = simulated(plan, chosen.months, Path(folder))
    rows = [
        ("places given", f"{found.given:,}", f"{plan.given(chosen.months):,}"),
        ("places leased", f"{found.leased:,}", ""),
        ("lists begun", str(found.lists + found.ended), str(plan.begun_after(chosen.months))),
        ("lists ended", str(found.ended), str(plan.ended_after(chosen.months))),
        ("rows of entries", f"{found.entries:,}", f"{plan.entries_after(chosen.months):,}"),
        ("places that say nothing", f"{found.silent:,}", f"{plan.silent_after(chosen.months):,}"),
        ("withdrawn places", f"{found.withdrawn:,}", f"{found.ever_withdrawn:,}"),
        ("bytes of SQLite", f"{found.bytes:,}", ""),
        ("seconds", f"{time.monotonic() - begun:.0f}", ""),
    ]
    words = f"{chosen.people:,} people, {chosen.months} months, lists of {chosen.list_size:,}"
    table(words, ("what", "found", "computed"), rows)


if __name__ == "__main__":
    main()
