"""What every test shares: the commands of an app are read out of its functions once, not at each
call. That reading is most of what a command costs in one process, and no test is about it: a
start as it is stands in the tests that start a process. And no property fails since a busy machine
was slow to draw its examples.
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
