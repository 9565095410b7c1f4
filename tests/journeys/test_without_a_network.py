"""The whole desk where there is no network: a namespace of its own without a route, for days."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

WORKER = Path(__file__).with_name("offline_days.py")
# 4 days is the default age of a status list plus one; 7 that of the trust list.
EXPECTED = {
    0: ("accepted", "items", []),
    2: ("accepted", "items", []),
    5: ("rejected", "could_not_check", ["status_list_age"]),
    8: ("rejected", "could_not_check", ["trust_list_age", "status_list_age"]),
}


def namespace() -> list[str]:
    """Starts a command in a network of its own; the test skips where the system forbids it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("there is no unshare, so no network namespace")
    command = [unshare, "--user", "--map-root-user", "--net"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody make a network namespace")
    return command


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    done = subprocess.run(
        [*namespace(), sys.executable, str(WORKER), str(tmp_path_factory.mktemp("offline"))],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_the_namespace_has_no_way_out(days):
    assert days[0] == {"no_route": True}


@pytest.mark.parametrize("day", EXPECTED)
def test_a_desk_works_offline_and_says_how_old_its_lists_are(days, day):
    seen = next(found for found in days if found.get("day") == day)
    verdict, state, rules = EXPECTED[day]
    assert (seen["verdict"], seen["state"], seen["rules"]) == (verdict, state, rules)
    assert (seen["trust_days"], seen["status_days"]) == (day, day)
    assert seen["items"] > 0  # shown with its doubt, never as an absence


def test_verifying_connects_to_nothing(days):
    assert days[-1] == {"connections": []}
