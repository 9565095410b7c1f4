"""Asking an issuer to withdraw single copies, by the leave to come back that it once gave.

What is *not* here: which copies, and when (``lending``).
"""

from __future__ import annotations

from collections.abc import Sequence

from healthpassport.errors import ServiceError


def withdraw_copies(iss: str, person: str, places: Sequence[tuple[str, int]]) -> None:
    """Have the issuer ``iss`` withdraw the copies of ``person`` at ``places``.

    Raises:
        ServiceError: ``helper.not_withdrawn`` where this wallet has no leave to ask.
    """
    raise ServiceError("helper.not_withdrawn", f"{len(places)} copies of {iss} ({person})")
