"""Small files, and no drawer for whatever has no name."""

from __future__ import annotations

import statistics
from pathlib import Path

from repository import PACKAGES, ROOT, source_files, tracked_files

LONGEST = 400
MEDIAN = 150
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "handlers"}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def product_code() -> list[Path]:
    return [path for package in PACKAGES for path in source_files(package) if path.suffix == ".py"]


def test_no_python_file_is_longer_than_400_lines():
    python = [path for path in tracked_files() if path.suffix == ".py"]
    long = {str(path.relative_to(ROOT)): lines(path) for path in python if lines(path) > LONGEST}
    assert not long


def test_the_median_file_of_the_product_has_at_most_150_lines():
    assert statistics.median(lines(path) for path in product_code()) <= MEDIAN


def test_no_module_is_a_drawer():
    drawers = [str(path.relative_to(ROOT)) for path in product_code() if path.stem in DRAWERS]
    assert not drawers


def test_every_module_says_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for path in product_code()
        if "versions" not in path.parts
        and not path.read_text(encoding="utf-8").lstrip().startswith('"""')
    ]
    assert not silent
