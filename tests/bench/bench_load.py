"""Many patients who share at the same moment, at a desk of several processes over PostgreSQL.

``passport-verifier serve`` runs twice, with https, on a database whose commits reach the disk. Each
patient has a name of their own; each result is read at the other process than the one that took it
and compared with the name. The clients run on the same machine and take their part of its cores.

    python tests/bench/bench_load.py [--presentations 200] [--processes 2] [--every 0.25] [--kill]

``--every`` is the pause between answers of the second round, which shows how long a result takes to
reach the screen where nobody waits for anybody; ``--kill`` ends one process in the middle.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

TESTS: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from desk_processes import Site, names_in, one_address, several  # noqa: E402
from desk_world import full_wallet, make_desk, make_world, opened  # noqa: E402
from measuring import milliseconds, table  # noqa: E402
from postgresql_world import running  # noqa: E402

from healthpassport import suites  # noqa: E402
from healthpassport.credential import Challenge, Presentation  # noqa: E402
from healthpassport.keys import generate_signer  # noqa: E402
from healthpassport.verification import verify_presentation  # noqa: E402

AT_ONCE: Final = 8  # while preparing
SLOW_ROUND: Final = 40  # answers of the second round
VERIFICATIONS: Final = 300
OK: Final = 200


@dataclass
class Patient:
    """One question, the answer at hand, and what became of it."""

    name: str
    id: str
    path: str
    body: bytes
    watched_at: int
    sent: float = 0.0
    answered: float = 0.0
    shown: float = 0.0
    problem: str = ""
    ready: asyncio.Event = field(default_factory=asyncio.Event)


async def prepare(site: Site, names: Sequence[str]) -> list[Patient]:
    """Everything up to the answer: asked, read and encrypted."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, name: str) -> Patient:
        port = site.ports[number % len(site.ports)]
        async with gate:
            made = await site.ask(port)
            path, body = await site.answer_for(port, made["link"], name)
        return Patient(name, made["id"], path, body, watched_at=port)

    return list(await asyncio.gather(*(one(n, name) for n, name in enumerate(names))))


async def watch(site: Site, patient: Patient) -> None:
    """The screen: until it is told that the answer is there."""
    async for state in site.events(patient.watched_at, patient.id):
        patient.ready.set()
        if state == "answered":
            patient.shown = time.perf_counter()


async def post(site: Site, patient: Patient, port: int) -> None:
    patient.sent = time.perf_counter()
    try:
        status, text = await site.post(port, patient.path, patient.body)
    except (OSError, EOFError) as error:
        patient.problem = type(error).__name__
        return
    patient.answered = time.perf_counter()
    if status != OK:
        patient.problem = text.decode()[:200]


async def together(site: Site, address: int, patients: list[Patient], *, pause: float) -> None:
    """All of ``patients`` share, ``pause`` seconds after one another; screens are open before."""
    watching = [asyncio.create_task(watch(site, patient)) for patient in patients]
    await asyncio.gather(*(patient.ready.wait() for patient in patients))
    posting = []
    for patient in patients:
        posting.append(asyncio.create_task(post(site, patient, address)))
        await asyncio.sleep(pause)
    await asyncio.gather(*posting)
    _, late = await asyncio.wait(watching, timeout=30)
    for task in late:
        task.cancel()


async def wrong(site: Site, patients: list[Patient]) -> int:
    """How many results are not there, or show another person, at any process."""
    gate, found = asyncio.Semaphore(AT_ONCE), 0
    for port in site.ports:
        for patient in patients:
            async with gate:
                seen = await site.look(port, patient.id)
            found += seen["state"] != "answered" or names_in(seen) != {patient.name}
    return found


async def killed(site: Site, address: int, patients: list[Patient]) -> int:
    """One process ends in the middle; interrupted wallets send again. Returns how many had to."""
    posting = [asyncio.create_task(post(site, patient, address)) for patient in patients]
    await asyncio.sleep(0.5)
    site.serving[0].kill()
    await asyncio.gather(*posting)
    again = [patient for patient in patients if patient.problem]
    for patient in again:
        patient.problem = ""
        await post(site, patient, address)
        if "transaction.closed" in patient.problem:
            patient.problem = ""  # the first time it was taken, and only the reply was lost
    site.serving[0].start()
    await asyncio.to_thread(site.serving[0].ready)
    return len(again)


def spent(roots: Sequence[int]) -> float:
    """CPU seconds of the processes ``roots`` and all below them so far; 0 where /proc is not."""
    tick, found = os.sysconf("SC_CLK_TCK"), {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parts = path.read_text().rpartition(")")[2].split()
            found[int(path.parent.name)] = (int(parts[1]), int(parts[11]) + int(parts[12]))
    mine = set(roots)
    for _ in range(3):
        mine |= {pid for pid, (parent, _) in found.items() if parent in mine}
    return sum(found[pid][1] for pid in mine & found.keys()) / tick


def row(words: str, times: Sequence[float], more: str) -> tuple[str, ...]:
    """Median, 95th part and longest of ``times``, in milliseconds."""
    ordered = sorted(times)
    at = [statistics.median(ordered), ordered[int(len(ordered) * 0.95)], ordered[-1]]
    return (words, *(f"{1000 * value:.0f}" for value in at), more)


def told(words: str, patients: list[Patient], mixed: int) -> list[tuple[str, ...]]:
    errors = [patient.problem for patient in patients if patient.problem]
    for error in errors[:3]:
        sys.stderr.write(f"{error}\n")
    more = f"{len(errors)} errors, {mixed} wrong or missing"
    taken = [p.answered - p.sent for p in patients if p.answered]
    shown = [p.shown - p.sent for p in patients if p.shown]
    return [
        row(f"{words}: post to answer", taken, more),
        row(f"{words}: post to screen", shown, f"{len(shown)} of {len(patients)} screens"),
    ]


async def load(site: Site, chosen: argparse.Namespace) -> list[tuple[str, ...]]:
    count, rows = chosen.presentations, []
    async with one_address(site.ports) as address:
        warm = await prepare(site, [f"WARM{n}" for n in range(4)])
        await together(site, address, warm, pause=0.0)
        rows += await paced(site, address, chosen)
        patients = await prepare(site, [f"FAMILY{n}" for n in range(count)])
        who = [[one.process.pid for one in site.serving if one.process], [chosen.postmaster]]
        began, before = time.perf_counter(), [*map(spent, who), time.process_time()]
        await together(site, address, patients, pause=0.0)
        after = [*map(spent, who), time.process_time()]
        seconds = max(patient.answered for patient in patients) - began
        each = [1000 * (b - a) / count for a, b in zip(before, after, strict=True)]
        rows += told(f"{count} at once", patients, await wrong(site, patients))
        words = "CPU ms for each: desk {:.1f}, PostgreSQL {:.1f}, clients and balancer {:.1f}"
        rows.append((f"{count} at once: all", f"{1000 * seconds:.0f}", "", "", words.format(*each)))
        if chosen.kill:
            patients = await prepare(site, [f"KILLED{n}" for n in range(count)])
            again = await killed(site, address, patients)
            lost = await wrong(site, patients)
            rows.append((f"one process killed: {again} sent again", "", "", "", f"{lost} lost"))
    return rows


async def paced(site: Site, address: int, chosen: argparse.Namespace) -> list[tuple[str, ...]]:
    patients = await prepare(site, [f"SLOW{n}" for n in range(SLOW_ROUND)])
    await together(site, address, patients, pause=chosen.every)
    words = f"one each {1000 * chosen.every:.0f} ms"
    return told(words, patients, await wrong(site, patients))


def verification(folder: Path) -> list[tuple[str, ...]]:
    """What judging an answer takes, without HTTP and database: wall clock, and CPU."""
    world = make_world(folder)
    desk, wallet = make_desk(world, folder / "desk"), full_wallet(world)
    _, request = opened(desk, wallet)
    challenge = Challenge(request.nonce, request.client_id)
    shown = wallet.presentation(request.query, challenge)
    lists = desk.lists.views(datetime.now(UTC))
    first = next(iter(shown.answers))

    def verify(presentation: Presentation) -> Any:
        return verify_presentation(
            presentation=presentation,
            challenge=challenge,
            query=request.query,
            trust=lists.trust,
            status=lists.status,
            policy=desk.policy,
            now=datetime.now(UTC),
        )

    signer = generate_signer()
    signature = signer.sign(b"x" * 1000)
    bare = milliseconds(lambda: suites.verify(signer.public_key, "ES256", signature, b"x" * 1000))
    rows = []
    for presentation in (Presentation({first: shown.answers[first]}), shown):
        records, times, cpu = len(presentation.answers), [], []
        for _ in range(VERIFICATIONS):
            begin, spent = time.perf_counter(), time.process_time()
            verify(presentation)
            times.append(time.perf_counter() - begin)
            cpu.append(time.process_time() - spent)
        ordered, least, usual = sorted(times), min(cpu), statistics.median(cpu)
        rows.append(
            (
                f"{records} SD-JWT with key binding",
                f"{1000 * statistics.median(ordered):.2f}",
                f"{1000 * ordered[int(len(ordered) * 0.95)]:.2f}",
                f"{records / usual:.0f}",
                f"{records / least:.0f}",
                f"{1000 * usual / (2 * records * bare):.1f}",
            )
        )
    desk.shut()
    return rows


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--presentations", type=int, default=200)
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--every", type=float, default=0.25, metavar="SECONDS")
    options.add_argument("--kill", action="store_true")
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        rows = verification(Path(folder))
    columns = ("verification", "median ms", "p95 ms", "a CPU-second, median", "at best")
    table("Verification path", (*columns, "CPU / bare ES256 checks"), rows)
    with TemporaryDirectory() as folder, running(durable=True) as server:
        world = make_world(Path(folder))
        url, chosen.postmaster = server.empty_database(), server.pid
        with several(world, Path(folder), url, processes=chosen.processes) as site:
            rows = asyncio.run(load(site, chosen))
    title = f"{chosen.processes} processes over PostgreSQL, https, loopback"
    table(title, ("what", "median ms", "p95 ms", "longest ms", ""), rows)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
