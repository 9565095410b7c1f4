"""What ends and forgets again and again, but not with a clock that leapt (``clock_watch``)."""

from __future__ import annotations

from .audit_keeping import tend
from .clock_watch import is_right
from .context import IssuerContext
from .offers import sweep
from .telling import forget


def sweep_in_time(issuer: IssuerContext) -> int:
    """As ``offers.sweep``; with a clock that leapt only the audit trail is tended.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    if is_right(issuer):
        return sweep(issuer)
    tend(issuer, letting_go=False)
    return 0


def forget_in_time(issuer: IssuerContext) -> None:
    """As ``telling.forget``.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    if is_right(issuer):
        forget(issuer)
