"""Where a credential says its status stands, and what a status means for relying on it.

Draft-ietf-oauth-status-list-20 sections 6.2, 7.1 and 8.3 steps 1, 6 and 7. What is *not* here: the
list itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import StatusError
from healthpassport.status.entries import REPLACED, SUSPENDED, VALID, WITHDRAWN

MAX_URI_LENGTH: Final = 2_048  # characters; longer is no address that a trust list names

STATUS_NAMES: Final[Mapping[int, str]] = {
    VALID: "valid",
    WITHDRAWN: "withdrawn",
    SUSPENDED: "suspended",
    REPLACED: "replaced",
}


@dataclass(frozen=True, slots=True)
class StatusReference:
    """The entry of a status list that one credential points to."""

    uri: str
    index: int

    def claim(self) -> dict[str, dict[str, str | int]]:
        """The value of the credential's ``status`` claim (section 6.2)."""
        return {"status_list": {"idx": self.index, "uri": self.uri}}


def reference(claims: Mapping[str, Json]) -> StatusReference:
    """The status reference in a credential's ``claims`` (section 8.3 step 1).

    Raises:
        StatusError: ``status.missing`` without a ``status.status_list``, ``status.reference`` when
            it is malformed, ``status.index`` when ``idx`` is no non-negative integer.
    """
    status = claims.get("status")
    if not isinstance(status, Mapping) or "status_list" not in status:
        raise StatusError("status.missing")
    entry = status["status_list"]
    if not isinstance(entry, Mapping):
        raise StatusError("status.reference")
    uri, index = entry.get("uri"), entry.get("idx")
    if not isinstance(uri, str) or not uri.startswith("https://") or len(uri) > MAX_URI_LENGTH:
        raise StatusError("status.reference")
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise StatusError("status.index")
    return StatusReference(uri, index)


def status_name(status: int) -> str:
    """The word for ``status``; a value that nobody has defined is ``unknown``."""
    return STATUS_NAMES.get(status, "unknown")


def require_valid(status: int) -> None:
    """Return only for VALID (section 8.3 step 7).

    Raises:
        StatusError: ``status.suspended`` and, for our REPLACED, ``status.replaced``;
            ``status.revoked`` for every other value, also for those that section 7.1 reserves: what
            is not understood is not valid.
    """
    if status == VALID:
        return
    if status == REPLACED:
        raise StatusError("status.replaced")
    if status == SUSPENDED:
        raise StatusError("status.suspended")
    raise StatusError("status.revoked", f"the issuer's list says: {status_name(status)}")
