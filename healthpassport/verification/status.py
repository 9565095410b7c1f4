"""Step 7 of docs/verification.md: what the status lists at hand say of one record.

Nothing is fetched here: a presentation cannot make a desk call anywhere. What is *not* here: lists
(``healthpassport.status``) and keeping them fresh (``healthpassport.refresh``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import StatusError
from healthpassport.status.entries import VALID
from healthpassport.status.lookup import StatusEntry, entries, look_up
from healthpassport.status.reference import require_valid, status_name
from healthpassport.status.stored import StatusView, StoredStatusList
from healthpassport.trust.model import TrustedIssuer
from healthpassport.verification.checklist import Checklist, Step

# Not a refusal of the record: the desk has no list that is young enough to speak about it.
_UNSURE: Final = frozenset({"status.stale", "status.expired"})


@dataclass(frozen=True, slots=True)
class StatusFound:
    """What the lists say: ``name`` where all could be asked, else why not in ``unsure``.

    ``age`` is that of the oldest list that was asked.
    """

    name: str | None
    age: timedelta | None
    unsure: str | None


def check_status(
    claims: Mapping[str, Json],
    issuer: TrustedIssuer,
    *,
    lists: StatusView,
    max_age: timedelta,
    now: datetime,
    checklist: Checklist,
) -> StatusFound:
    """Ask every list that the record names (draft-ietf-oauth-status-list-20 section 8.3).

    A list that says withdrawn decides, whatever could not be asked besides.

    Raises:
        StatusError: what is wrong with the record's entries, or that it is not valid; already
            noted in ``checklist``.
    """
    ages: list[timedelta] = []
    unsure: str | None = None
    try:
        for entry in entries(claims):
            try:
                ages.append(_ask(entry, issuer, lists, now=now))
                lists[entry.uri].held.require_current(now=now, max_age=max_age)
            except StatusError as error:
                if error.code not in _UNSURE:
                    raise
                unsure = unsure or error.code
    except StatusError as error:
        checklist.failed(Step.STATUS, error.code)
        raise
    age = max(ages, default=None)
    if unsure is not None:
        checklist.unsure(Step.STATUS, unsure)
        return StatusFound(None, age, unsure)
    checklist.passed(Step.STATUS)
    return StatusFound(status_name(VALID), age, None)


def _ask(
    entry: StatusEntry, issuer: TrustedIssuer, lists: StatusView, *, now: datetime
) -> timedelta:
    """The age of the list that calls ``entry`` valid; withdrawn is believed at any age."""
    stored = _at_hand(entry.uri, issuer, lists)
    require_valid(look_up(entry, stored.held))
    return now - stored.held.issued_at


def _at_hand(uri: str, issuer: TrustedIssuer, lists: StatusView) -> StoredStatusList:
    """The prefetched list at ``uri``.

    A list that the trust list does not name for this issuer says nothing of its records.
    """
    stored = lists.get(uri)
    if stored is not None and stored.iss == issuer.iss:
        return stored
    if stored is not None:
        raise StatusError("status.signer", "the list belongs to another issuer")
    if issuer.status_aggregation is None and uri not in issuer.status_lists:
        raise StatusError("status.signer", "the trust list names no such list for this issuer")
    raise StatusError("status.stale", "no copy of the list is at hand")
