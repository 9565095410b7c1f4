"""Writes the table of docs/scale.md: what a nation's records take, by arithmetic and measurement.

Figures come from ``scale_measured.json``, counts from ``scale_model``. What is assumed stands in
``ASSUMED`` and in the page.

    python tests/bench/scale.py [--check]
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from scale_model import MONTH, Plan  # noqa: E402

from issuer.settings import VALIDITY_DAYS  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- table: tests/bench/scale.py -->\n", "<!-- end of table -->\n"
SECONDS = MONTH * 86_400
ASSUMED = {
    "withdrawn": 0.01,  # of what is issued, in its time
    "peak": 4.0,  # the busiest hour over the mean
    "shown": 0.01,  # of all people, on a day
    "records_shown": 3,
    "publication": 60,  # seconds between two
}


@dataclass(frozen=True, slots=True)
class Case:
    """A column: who."""

    title: str
    plan: Plan


NATION = 67_000_000
SHORT = {name: min(62, days) for name, days in VALIDITY_DAYS.items()}
CASES = (
    Case("one issuer, 67,000,000 people", Plan(people=NATION)),
    Case("one of 6,700 practices, 10,000 people", Plan(people=10_000)),
    Case("one issuer, records valid for 62 days at most", Plan(NATION, validity=SHORT)),
)


def measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "scale_measured.json").read_text(encoding="utf-8"))
    return found


def at(figures: dict[str, Any], share: float, column: int) -> float:
    """A figure of a list of which ``share`` is marked, between those measured."""
    for low, high in pairwise(figures["lists"]):
        if low[0] <= share <= high[0]:
            part = (share - low[0]) / (high[0] - low[0])
            return float(low[column] + part * (high[column] - low[column]))
    raise ValueError(share)


def over_month(figures: dict[str, Any], most: float, column: int) -> float:
    """The mean of a figure while marks grow evenly from none to ``most``."""
    steps = 1_000
    return sum(at(figures, most * (n + 0.5) / steps, column) for n in range(steps)) / steps


def figures(case: Case, known: dict[str, Any]) -> Iterator[tuple[str, float, str]]:
    """Each line: what, how much, unit."""
    plan, row = case.plan, known["row_bytes"]
    ages = [ASSUMED["withdrawn"] + plan.share(age) for age in range(plan.list_months)]
    yield "records made a month", plan.issuances, ""
    yield "places a month", plan.places, ""
    yield "lists filled a month", plan.lists, ""
    yield "lists published", plan.lists_published, ""
    yield (
        "CPU of servers: credentials, mean",
        _cores(plan.issuances, known["request_cpu_ms"]),
        "cores",
    )
    yield (
        "the same, busiest hour",
        ASSUMED["peak"] * _cores(plan.issuances, known["request_cpu_ms"]),
        "cores",
    )
    yield (
        "CPU of PostgreSQL, busiest hour",
        ASSUMED["peak"] * _cores(plan.issuances, known["request_postgresql_cpu_ms"]),
        "cores",
    )
    yield (
        "CPU of reading notes, busiest hour",
        ASSUMED["peak"] * _cores(plan.coming, known["reading_cpu_ms"]),
        "cores",
    )
    changing = _changing(plan)
    each = known["list_reading_cpu_ms"] + _mean(known, ages, 1)
    yield "entries marked a month later", ages[1] * 100, "%"
    yield "entries marked when a list ends", ages[-1] * 100, "%"
    yield "lists that change in a minute", changing, ""
    yield "CPU of publication", changing * each / 1_000 / ASSUMED["publication"], "cores"
    yield "bytes of a list of this month, CWT, mean", over_month(known, ages[1], 2), "B"
    yield "of any published list", _mean(known, ages, 2), "B"
    yield "the same, JWT in gzip", _mean(known, ages, 3), "B"
    yield "all published lists once, CWT", plan.lists_published * _mean(known, ages, 2), "B"
    shown = plan.people * ASSUMED["shown"] * ASSUMED["records_shown"]
    shown *= over_month(known, ages[1], 2)
    yield "lists fetched by desks a day, nothing cached", shown, "B"
    yield "the same, as a mean rate", shown * 8 / 86_400, "bit/s"
    yield "rows of status entries", plan.entries, ""
    yield "bytes of them", plan.entries * row["status_entries"], "B"
    yield "marks that outlive their entries", plan.outlived, ""
    audit = known["audit_rows_a_record"] * plan.types + known["audit_rows_a_visit"]
    offer = row["offers"] + plan.types * (row["offer_records"] + row["digest"])
    kept = plan.entries / plan.copies * row["issuances"] + plan.offers * offer
    yield "bytes of issuances and offers", kept, "B"
    yield "audit trail a year, kept eight", plan.coming * audit * row["audit"] * 365 / MONTH, "B"


def _cores(count: float, cpu_ms: float) -> float:
    return count * cpu_ms / 1_000 / SECONDS


def _mean(known: dict[str, Any], shares: list[float], column: int) -> float:
    return sum(at(known, share, column) for share in shares) / len(shares)


def _changing(plan: Plan) -> float:
    """Lists of which at least one entry changes in a minute; a record's copies are in one list."""
    marked = plan.share(plan.list_months) + ASSUMED["withdrawn"]
    marks = plan.issuances * marked / SECONDS * ASSUMED["publication"]
    return plan.lists_published * (1 - math.exp(-marks / plan.lists_published))


def written(value: float, unit: str) -> str:
    """Three digits and a prefix: bytes in kB, MB and so on, counts in words of a thousand."""
    prefixes = ("", "k", "M", "G", "T", "P")
    if unit in {"", "%", "cores"}:
        exact = (
            f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.0f}"
        )
        return f"{exact} {unit}".strip()
    step = 0
    while value >= 1_000 and step < len(prefixes) - 1:
        value, step = value / 1_000, step + 1
    number = f"{value:.0f}" if value >= 100 else f"{value:.1f}"
    return f"{number} {prefixes[step]}{unit}"


def made() -> str:
    """The table in Markdown."""
    known = measured()
    columns = [list(figures(case, known)) for case in CASES]
    lines = [f"| | {' | '.join(case.title for case in CASES)} |", "|---" * (len(CASES) + 1) + "|"]
    for rows in zip(*columns, strict=True):
        cells = " | ".join(written(value, unit) for _, value, unit in rows)
        lines.append(f"| {rows[0][0]} | {cells} |")
    head = f"Measured {known['measured']} on {known['machine']}.\n"
    return "\n".join([head, *lines, ""])


def main() -> int:
    """Write the table, or say with --check whether it is up to date."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--check", action="store_true")
    chosen = options.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    fresh = before + BEGIN + "\n" + made() + "\n" + END + after
    if chosen.check:
        return int(fresh != page)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
