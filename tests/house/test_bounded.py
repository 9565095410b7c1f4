"""The bound of computing time: it lets through what is quick, and nothing that is not."""

from __future__ import annotations

import time

import bounded
import pytest
from bounded import within


def busy(seconds):
    begin = time.process_time()
    while time.process_time() - begin < seconds:
        pass
    return "done"


def test_quick_work_gives_what_it_returns():
    assert within(5, lambda: busy(0.001)) == "done"


def test_work_that_always_takes_too_long_fails():
    tries = []
    with pytest.raises(AssertionError, match="a quiet core"):
        within(1e-6, lambda: tries.append(busy(0.02)))
    assert len(tries) == bounded.TRIES


def test_one_slow_try_of_a_slow_machine_is_forgiven():
    long = iter((0.2, 0.0, 0.0))
    assert within(0.1, lambda: busy(next(long))) == "done"


def test_a_core_of_half_the_speed_has_twice_the_time(monkeypatch):
    monkeypatch.setattr(bounded, "reference", lambda: bounded.QUIET * 4)
    assert within(0.05, lambda: busy(0.1)) == "done"
