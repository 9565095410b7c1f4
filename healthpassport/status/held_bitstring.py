"""A Bitstring Status List that was verified, with what its credential says of its own age.

Bitstring Status List 1.0 sections 2.2 and 3.2. What is *not* here: the proof of the credential
around the list, which was checked before, and the bits themselves (``status.bitstring``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import StatusError
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.status.bitstring import BitstringEntry, BitstringList, read_list
from healthpassport.status.entries import SUSPENDED, VALID, WITHDRAWN
from healthpassport.status.freshness import MAX_TTL, Freshness

LIST_CREDENTIAL: Final = "BitstringStatusListCredential"


@dataclass(frozen=True, slots=True)
class HeldBitstringList(Freshness):
    """The list at ``uri``, issued and ending when its credential says."""

    uri: str
    list: BitstringList

    @property
    def bits(self) -> int:
        """Bits an entry."""
        return 1

    def status(self, entry: BitstringEntry) -> int:
        """VALID, WITHDRAWN or SUSPENDED: what the bit of ``entry`` means (section 2.1).

        Raises:
            StatusError: ``status.purpose``, ``status.index``.
        """
        if not self.list.get(entry):
            return VALID
        return SUSPENDED if entry.purpose == "suspension" else WITHDRAWN


def held_bitstring(
    credential: Mapping[str, Json],
    *,
    expected_uri: str,
    issued_at: datetime | None,
    expires_at: datetime | None,
    now: datetime,
) -> HeldBitstringList:
    """The list in ``credential``, whose proof and data model were checked (section 3.2).

    Args:
        credential: the list's credential.
        expected_uri: where it was fetched, which must be its ``id``.
        issued_at: its ``validFrom``.
        expires_at: its ``validUntil``.
        now: the time of the check.

    Raises:
        StatusError: ``status.sub_mismatch``, ``status.claims``, ``status.not_yet``,
            ``status.expired``, ``status.ttl``, and what ``read_list`` refuses.
    """
    names, subject = credential.get("type"), credential.get("credentialSubject")
    if LIST_CREDENTIAL not in (names if isinstance(names, list) else [names]):
        raise StatusError("status.claims", "it is no BitstringStatusListCredential")
    if credential.get("id") != expected_uri:
        raise StatusError("status.sub_mismatch")
    if issued_at is None:  # without it nobody could say how old the list is
        raise StatusError("status.claims", "validFrom is missing")
    if issued_at > now + CLOCK_SKEW:
        raise StatusError("status.not_yet")
    held = HeldBitstringList(
        uri=expected_uri,
        list=read_list(subject),
        issued_at=issued_at,
        expires_at=expires_at,
        ttl=_ttl(subject),
    )
    held.require_current(now=now)
    return held


def _ttl(subject: Json) -> timedelta | None:
    """Section 2.2: ``ttl`` in milliseconds."""
    if not isinstance(subject, Mapping) or "ttl" not in subject:
        return None
    value = subject["ttl"]
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise StatusError("status.ttl")
    return timedelta(milliseconds=min(value, MAX_TTL // timedelta(milliseconds=1)))
