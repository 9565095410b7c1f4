"""Trying once more what a database ended because others were in the way.

PostgreSQL ends one of two transactions that wait for each other, and one of two that add the same
unique value; nothing of it was written. What is *not* here: which ones
may meet (``locking``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from healthpassport.errors import ServiceError

# Seconds before each further try; PostgreSQL took one second to notice a deadlock already.
PAUSES: Final = (0.01, 0.03, 0.1, 0.3)

P = ParamSpec("P")
R = TypeVar("R")


class ContentionError(ServiceError):
    """A transaction was ended for another's sake; nothing of it was kept."""


def tried_again(work: Callable[P, R]) -> Callable[P, R]:
    """``work``, called again a few times where it met others.

    It must keep nothing outside of the one transaction that it ends with.

    Raises:
        ContentionError: the last of it, ``issuer.unavailable`` to everybody.
    """

    @wraps(work)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        for pause in PAUSES:
            try:
                return work(*args, **kwargs)
            except ContentionError:
                time.sleep(pause)
        return work(*args, **kwargs)

    return called
