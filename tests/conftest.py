"""What every test shares: the commands of an app are read out of its functions once, not at each
call. That reading is most of what a command costs in one process, and no test is about it: a
start as it is stands in the tests that start a process.
"""

from __future__ import annotations

from functools import cache

import pytest
import typer


@pytest.fixture(autouse=True, scope="session")
def _commands_are_read_once():
    once = cache(typer.main.get_command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.main.get_command", once)
        patch.setattr("typer.testing._get_command", once)
        yield
