"""Reading FHIR: bytes to the records that may be issued, the growth with entries, and the memory.

The made-up patients are always there; the published examples are measured where they stand beside
the checkout. No peer makes such records; the floor beside each is parsing the same JSON alone.
"""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from fhir_examples import PATIENT, SOURCE, allergy, bundle, concept, data, medicine  # noqa: E402
from measuring import table, together  # noqa: E402

from issuer.fhir import extract  # noqa: E402
from issuer.records import build  # noqa: E402

NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)
PUBLISHED: Final = TESTS.parents[1] / "shared" / "fhir"
GROWTH: Final = (10, 100, 1_000)


def reading(content: bytes) -> Callable[[], object]:
    """Everything from bytes to a PatientSummary."""
    return lambda: build(extract(content), source=SOURCE, now=NOW)


def parsing(content: bytes) -> Callable[[], object]:
    """The floor: the standard library's reader, which checks nothing."""
    return lambda: json.loads(content)


def of_size(entries: int) -> bytes:
    """A source with ``entries`` allergies and medicines of one person."""
    held = [
        allergy(concept(str(n), f"Allergy {n}"), id=f"a{n}")
        if n % 2
        else medicine(concept(str(n), f"Medicine {n}"), id=f"m{n}")
        for n in range(entries)
    ]
    return data(bundle(PATIENT, *held))


def sources() -> Iterator[tuple[str, bytes]]:
    """A name and the bytes of each file that is measured."""
    for path in sorted((TESTS.parent / "demo" / "patients").glob("*.json")):
        yield path.name, path.read_bytes()
    for path in sorted(PUBLISHED.glob("ips-*/Bundle-*.json")):
        yield path.name, path.read_bytes()
    for path in sorted(PUBLISHED.glob("synthea-r4/*.json"), key=lambda p: -p.stat().st_size):
        yield path.name, path.read_bytes()


def times_memory(content: bytes) -> float:
    """The most memory that reading took, in multiples of the file."""
    work = reading(content)
    work()
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / len(content)


def row(name: str, content: bytes) -> tuple[str, ...]:
    """One line of the tables."""
    ours, floor = together([reading(content), parsing(content)])
    size = f"{len(content) / 1_000:.0f}"
    per = f"{ours / (len(content) / 1_000_000):.0f}"
    return name, size, f"{ours:.2f}", f"{floor:.2f}", per, f"{times_memory(content):.1f}"


def main() -> None:
    """Print both tables."""
    columns = ("source", "kB", "CPU ms", "json alone", "ms a MB", "memory / file")
    table("Reading FHIR", columns, [row(name, content) for name, content in sources()])
    grown = [row(f"{count} entries", of_size(count)) for count in GROWTH]
    table("Growth with the number of entries", columns, grown)


if __name__ == "__main__":
    main()
