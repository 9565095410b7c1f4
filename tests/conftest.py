"""What every test shares: the commands of an app are read out of its functions once, not at each
call. That reading is most of what a command costs in one process, and no test is about it: a
start as it is stands in the tests that start a process. And no property fails since a busy machine
was slow to draw its examples.

Where several processes share the tests, every second one reads the files from the last to the
first. In a fresh clone each file is then compiled once, by whoever comes to it first, and not by
each process. All hold the tests in one order again before the first of them runs.
"""

from __future__ import annotations

from functools import cache

import pytest
import typer
from hypothesis import HealthCheck, settings

settings.register_profile(
    "patient",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


@pytest.fixture(autouse=True, scope="session")
def _commands_are_read_once():
    once = cache(typer.main.get_command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.main.get_command", once)
        patch.setattr("typer.testing._get_command", once)
        yield


def _worker(config):
    """The number of this process among those of xdist; None where it is the only one."""
    given = getattr(config, "workerinput", None)
    return int(given["workerid"].removeprefix("gw")) if given else None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if isinstance(collector, pytest.Directory) and (_worker(collector.config) or 0) % 2:
        report.result = report.result[::-1]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    if _worker(config) is not None:
        items.sort(key=lambda item: item.path.parts)
