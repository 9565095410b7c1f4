"""``passport-issuer worker`` as it runs beside servers: figures, readiness, log, and its end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from desk_processes import free_port
from simulated_issuer import made_settings

PATIENCE = 120.0  # seconds, on a machine with far too much to do


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A worker that answers, and the file of its log."""
    folder, port = tmp_path_factory.mktemp("worker"), free_port()
    settings, _ = made_settings(
        folder, certified_at=datetime.now(UTC), database=folder / "issuer.sqlite"
    )
    names = ("iss", "ods", "name", "key", "x5c", "api_keys", "database")
    values = {name: str(getattr(settings, name)) for name in names}
    values |= {"metrics_port": str(port), "log_level": "debug"}
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [Path(sys.executable).with_name("passport-issuer"), "worker"],
        env={
            "PATH": "/usr/bin:/bin",
            **{f"PASSPORT_ISSUER_{name.upper()}": value for name, value in values.items()},
        },
        stderr=log,
    )
    yield process, port, folder / "log"
    process.kill()
    process.wait()
    log.close()


def ask(port, path):
    """Status and body; waits for the worker to begin."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_worker_tells_how_it_fares_and_ends_when_it_is_told(running):
    process, port, log = running
    assert ask(port, "/healthz") == (200, '{"status":"ok"}')
    assert ask(port, "/readyz")[0] == 200
    until = time.monotonic() + PATIENCE
    while 'jobs{state="done"} 0' in (told := ask(port, "/metrics")[1]):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert "passport_issuer_database_up 1" in told
    assert 'passport_issuer_loop_failures{loop="work"} 0' in told
    assert ask(port, "/offers")[0] == 404
    process.terminate()
    assert process.wait(PATIENCE) == 0
    lines = log.read_text().splitlines()
    assert "The worker waits for jobs." in lines
    for line in lines:
        if line.startswith("{"):
            assert {"at", "level", "logger", "event"} <= json.loads(line).keys()
    assert "Traceback" not in log.read_text()
