"""Every first-priority attack of the published list has a test that carries its id."""

from __future__ import annotations

import json
import re

import pytest
from repository import ROOT
from shared_inputs import shared

CATEGORIES = (
    "sd-jwt",
    "kb-jwt",
    "status-list",
    "trust-list",
    "data-integrity",
    "oid4vci",
    "oid4vp-request",
    "oid4vp-response",
    "wallet-vault",
    "http",
    "reliability",
    "privacy",
)
NOT_YET: set[str] = set()


def attacks() -> list[dict[str, str]]:
    path = shared("security", "attacks.json")
    return json.loads(path.read_text(encoding="utf-8"))["attacks"]


def ids_in_tests() -> set[str]:
    """Every id that a test's source names, written ``sdj-001`` or ``sdj_001``."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path.parent.name != "house":
            text = path.read_text(encoding="utf-8")
            found |= {
                f"{area}-{number}" for area, number in re.findall(r"([a-z]{2,4})[-_](\d{3})", text)
            }
    return found


@pytest.mark.shared
@pytest.mark.parametrize("category", CATEGORIES)
def test_every_first_priority_attack_has_a_test(category: str):
    wanted = {a["id"] for a in attacks() if a["category"] == category and a["priority"] == "P0"}
    assert wanted
    assert sorted(wanted - ids_in_tests()) == sorted(wanted & NOT_YET)


@pytest.mark.shared
def test_no_test_carries_an_id_that_is_not_in_the_list():
    known = {attack["id"] for attack in attacks()}
    areas = {identifier.split("-")[0] for identifier in known}
    carried = {i for i in ids_in_tests() if i.split("-")[0] in areas}
    assert not sorted(carried - known)
