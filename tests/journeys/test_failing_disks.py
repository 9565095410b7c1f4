"""Disks that fail a sync or are full: a clear refusal, nothing lost, and all is well afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PROGRAM = TESTS / "failing_disks.py"


def run(command, **environment):
    place = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    return subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": place} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def failures(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler for a sync that fails")
    library = tmp_path_factory.mktemp("shim") / "failing_sync.so"
    source = TESTS / "failing_sync.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)


@pytest.fixture(scope="module")
def syncs(shim, tmp_path_factory):
    """Of each app: how many syncs failed in each of its steps."""
    command = [sys.executable, str(PROGRAM), str(tmp_path_factory.mktemp("syncs")), shim]
    return failures(run(command, LD_PRELOAD=shim))


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Of each app: which of its steps found no room."""
    if not shutil.which("unshare"):
        pytest.skip("needs unshare")
    folder = str(tmp_path_factory.mktemp("full"))
    mount = 'mount -t tmpfs -o size=6m,mode=700 none "$1" && shift && exec "$@"'
    program = [sys.executable, str(PROGRAM), folder]
    done = run(["unshare", "-rm", "sh", "-c", mount, "sh", folder, *program])
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("no tmpfs can be mounted here")
    return failures(done)


@pytest.mark.parametrize("app", ["issuer", "desk"])
def test_a_sync_that_fails_anywhere_loses_nothing_and_is_told(app, syncs):
    assert sum(syncs[app]) >= 3  # syncs that failed, of all steps


@pytest.mark.parametrize("app", ["issuer", "desk"])
def test_a_full_disk_is_told_and_once_there_is_room_all_goes_on(app, full):
    assert sum(full[app]) >= 2  # steps that found no room
