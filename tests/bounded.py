"""Work that must stay within its bound of computing time, on a noisy machine too.

A bound is there to catch what grows with the square of the input, or worse: not a core that
another program shares.  So a try that takes longer is counted again in seconds of a quiet core,
by a fixed piece of work done just after it, and the best of three tries counts: others can only
make a try slower.

What is *not* here: figures.  Those are ratios against a peer, in ``tests/bench``.
"""

from __future__ import annotations

import time
from hashlib import sha256

QUIET = 0.0055  # CPU seconds of the reference work, with nothing beside it, where bounds were set
TRIES = 3


def reference():
    """CPU seconds of a fixed piece of work: a little hashing, a little of the interpreter."""
    begin = time.process_time()
    held = {}
    digest = b""
    for number in range(10_000):
        digest = sha256(digest).digest()
        held[digest] = number
    return time.process_time() - begin


def within(seconds, work):
    """What ``work()`` returns; fails where no one of three tries stays within ``seconds``."""
    taken = []
    for _ in range(TRIES):
        begin = time.process_time()
        result = work()
        spent = time.process_time() - begin
        if spent < seconds or spent * min(1.0, QUIET / reference()) < seconds:
            return result
        taken.append(round(spent, 3))
    raise AssertionError(f"asked: {seconds} s of a quiet core, taken: {taken}")
