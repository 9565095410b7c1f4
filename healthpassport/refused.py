"""The code of a refusal on its way to whoever watches a request, past the answer's own words.

What is refused is worded in many ways (problem objects, OAuth, pages); each of them says the code
here. What is *not* here: what becomes of it (``watching``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_CODES: Final[ContextVar[list[str] | None]] = ContextVar("refused_codes", default=None)


def say_refused(code: str) -> None:
    """The request under way is refused with ``code``; where nobody watches, nothing happens."""
    codes = _CODES.get()
    if codes is not None:
        codes.append(code)


@contextmanager
def refusals_heard() -> Iterator[list[str]]:
    """The codes that are said within the block, also by its tasks and threads."""
    codes: list[str] = []
    token = _CODES.set(codes)
    try:
        yield codes
    finally:
        _CODES.reset(token)
