"""What an entry of the audit trail costs: CPU time alone, and in the transaction of its step."""

from __future__ import annotations

import secrets
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from healthpassport.audit.reports import check_database  # noqa: E402
from healthpassport.keys import generate_signer  # noqa: E402
from verifier.service.audit import Actor, AuditTrail  # noqa: E402
from verifier.service.digests import Digests  # noqa: E402
from verifier.store import open_store  # noqa: E402

WHO: Final = Actor("RXX01", "ward 9", "dr.jones@example", "clinician")
ENTRIES: Final = 1000
TOGETHER: Final = 10


def opened(folder: Path) -> AuditTrail:
    """A trail in a new database."""
    return AuditTrail(
        entries=open_store(folder / "verifier.sqlite").audit,
        digests=Digests(folder / "digests.key", secrets.token_bytes),
        signer=generate_signer(),
        chain=[b"certificate" * 50],
        own=WHO,
        keep=None,
        clock=lambda: datetime.now(UTC),
        random=secrets.token_bytes,
    )


def write(trail: AuditTrail) -> None:
    """One entry."""
    trail.write("request.made", who=WHO, subject="an id", template="emergency_admission")


def main() -> None:
    """Print one line a figure."""
    with tempfile.TemporaryDirectory() as folder:
        trail = opened(Path(folder))
        write(trail)
        cpu, wall = process_time(), perf_counter()
        for _ in range(ENTRIES):
            write(trail)
        each = (process_time() - cpu) * 1000 / ENTRIES
        print(f"alone: {each:.3f} ms CPU, {(perf_counter() - wall) * 1000 / ENTRIES:.3f} ms")  # noqa: T201
        cpu = process_time()
        for _ in range(ENTRIES // TOGETHER):
            with trail.together():
                for _ in range(TOGETHER):
                    write(trail)
        print(f"in a step's transaction: {(process_time() - cpu) * 1000 / ENTRIES:.3f} ms CPU")  # noqa: T201
        cpu = process_time()
        report = check_database(trail.entries, expected_keys=[])
        each = (process_time() - cpu) * 1000 / report.entries
        print(f"checked: {each:.3f} ms CPU an entry, {len(report.findings)} findings")  # noqa: T201


if __name__ == "__main__":
    main()
