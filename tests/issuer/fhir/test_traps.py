"""Every trap in real data, once on a published file and once on a made-up twin.

A trap that no published file holds says by which sign a file would hold it; should one appear among
them, a test asks for its row to name it. The rows stand in tests/fhir_trap_rows.py.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from fhir_trap_checks import Trap, never_read
from fhir_trap_rows import TRAPS
from shared_inputs import shared

from healthpassport.errors import SourceError
from issuer.fhir import extract

PARTS: Final = {  # the traps of the design, each with its parts
    "1": "scr-narrative scr-nothing-relevant",
    "2": "no-content-recorded ended-contained",
    "3": "medicines-in-threes dmd-under-snomed",
    "4": "vaccine-unk not-given-stu3 not-done-r4",
    "5": "degraded",
    "6": (
        "snomed-none ips-none empty-nilknown empty-unavailable empty-withheld empty-notasked "
        "display-only text-only beside-active narrower ips-no-info reviewed-list"
    ),
    "7": "status-string status-concept status-absent active-abated on-hold status-unknown",
    "8": "name-inline name-relative name-urn name-contained name-absolute name-ingredient",
    "9": "year-only named-month no-seconds after-summary",
    "10": "duplicate-url dangling no-resource search-outcome bom invalid-json",
}
NAMES = [trap.name for trap in TRAPS]


@cache
def published() -> tuple[Path, ...]:
    return tuple(sorted(shared("fhir").glob("*/*.json")))


def judge(trap: Trap, content: bytes) -> None:
    if trap.check is never_read:
        with pytest.raises(SourceError) as caught:
            extract(content)
        assert caught.value.code == "fhir.not_json"
        return
    trap.check(extract(content))


@pytest.mark.parametrize("trap", TRAPS, ids=NAMES)
def test_the_made_up_twin_is_read_right(trap: Trap):
    judge(trap, trap.twin)


@pytest.mark.shared
@pytest.mark.parametrize(
    "trap", [t for t in TRAPS if t.published], ids=[t.name for t in TRAPS if t.published]
)
def test_the_published_file_is_read_right(trap: Trap):
    (path,) = [path for path in published() if path.name.endswith(str(trap.published))]
    judge(trap, path.read_bytes())


@pytest.mark.shared
def test_a_trap_without_a_published_file_is_in_none_of_them():
    texts = {path.name: path.read_bytes().decode("utf-8", "replace") for path in published()}
    for trap in TRAPS:
        if trap.published is None:
            holding = [name for name, text in texts.items() if re.search(trap.sign, text)]
            assert trap.sign
            assert not holding, f"{trap.name}: name one of these in its row"


def test_every_part_of_every_trap_has_its_row():
    wanted = [name for parts in PARTS.values() for name in parts.split()]
    assert list(PARTS) == [str(number) for number in range(1, 11)]
    assert sorted(NAMES) == sorted(wanted)
    assert len(set(NAMES)) == len(NAMES)
