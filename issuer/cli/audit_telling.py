"""Into the audit trail: what was done from the command line without the issuer's database.

An issuer that is not set up yet has no trail; what was done stands all the same, and the reason is
said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .opening import opened, say


def tell(config: Path | None, event: str, *, subject: str = "", key: str = "") -> None:
    """Write ``event``, or say why it is not written."""
    from healthpassport.errors import PassportError  # noqa: PLC0415 - cold start

    facts: dict[str, Any] = {"key": key} if key else {}
    try:
        with opened(config) as issuer:
            issuer.audit.write(event, who=issuer.audit.operator, subject=subject, **facts)
    except PassportError as error:
        say(f"Not in the audit trail: {error.title}")
