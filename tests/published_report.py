"""Writes docs/published.md: what was understood of the published examples, source by source.

``python tests/published_report.py`` prints the page; a test holds it against the examples.
"""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from healthpassport.errors import SourceError
from healthpassport.summary import Source
from issuer.fhir import SECTIONS, Extraction, extract
from issuer.records import build

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SOURCE = Source("A99999", "Example Surgery", "report")
HEAD = """# The published examples

What `passport-issuer extract` and the records made from it give for the published FHIR examples
that stand beside the checkout (input for tests, and no part of the project). "Issued" are files of
which records can be made; every other file says why not. Written by `tests/published_report.py`
and tested against the examples.
"""


def page(folder: Path) -> str:
    """The page for the examples in the folders of ``folder``."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    lines = [
        HEAD,
        "## Files",
        "",
        "| source | files | issued | not issued, by code |",
        "|---|---|---|---|",
    ]
    buckets: dict[str, Counter[str]] = {}
    for name in names:
        refusals: Counter[str] = Counter()
        files = sorted((folder / name).glob("*.json"))
        issued = sum(
            _read(path.read_bytes(), refusals, buckets.setdefault(name, Counter()))
            for path in files
        )
        why = ", ".join(f"`{code}` {count}" for code, count in sorted(refusals.items()))
        lines.append(f"| {name} | {len(files)} | {issued} | {why} |")
    lines += [
        "",
        "## Entries",
        "",
        "Entries by section and bucket, over all files of a source.",
        "",
    ]
    lines += ["| source | entries |", "|---|---|"]
    for name in names:
        told = ", ".join(f"{what} {count}" for what, count in sorted(buckets[name].items()))
        lines.append(f"| {name} | {told or 'none'} |")
    return "\n".join([*lines, ""])


def _read(data: bytes, refusals: Counter[str], buckets: Counter[str]) -> bool:
    try:
        found = extract(data)
        _count(found, buckets)
        build(found, source=SOURCE, now=NOW)
    except SourceError as refusal:
        refusals[refusal.code] += 1
        return False
    return True


def _count(found: Extraction, buckets: Counter[str]) -> None:
    for section in SECTIONS:
        for entry in found.section(section):
            buckets[f"{section} {entry.bucket.value}"] += 1


if __name__ == "__main__":
    sys.stdout.write(page(Path(__file__).resolve().parents[2] / "shared" / "fhir"))
