"""Keys, trust and status lists at the console: how this issuer stands, and what is to be done.

Nothing of a patient is here, and nothing is changed: keys are changed by command, the trust list by
its authority. What is *not* here: the words (``issuer.web.keeping``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from issuer.service.key_list import KeyRow, key_rows
from issuer.service.token_lists import list_uri
from issuer.service.trust_view import TrustStanding, standing
from issuer.store import statuses

from .opening import Console
from .staff import Action, StaffMember, require

# So many records in a list and nobody is singled out by which list a desk fetches [confirm].
HERD: Final = 10_000


@dataclass(frozen=True, slots=True)
class ListRow:
    """One status list: how many records stand in it, and how many places are free."""

    uri: str
    size: int
    given: int
    marked: int

    @property
    def free(self) -> int:
        """Places that were not given."""
        return self.size - self.given

    @property
    def is_small(self) -> bool:
        """Whether too few stand in it to hide among."""
        return self.given < HERD


def keys(console: Console, who: StaffMember) -> tuple[KeyRow, ...]:
    """The keys that sign, in order.

    Raises:
        ServiceError: ``staff.role``. TrustError: where the copy of the list cannot be read.
        SettingsError, KeyMaterialError: as ``key_rows``.
    """
    require(who, Action.SET_UP)
    return key_rows(console.issuer.settings, now=console.issuer.clock())


def trust(console: Console, who: StaffMember) -> TrustStanding:
    """What the copy of the trust list says of this issuer.

    Raises:
        ServiceError: ``staff.role``.
    """
    require(who, Action.SET_UP)
    return standing(console.issuer)


def lists(console: Console, who: StaffMember) -> tuple[ListRow, ...]:
    """Every status list, the newest first.

    Raises:
        ServiceError: ``staff.role``.
    """
    require(who, Action.SET_UP)
    issuer = console.issuer
    with issuer.store.reading() as tx:
        rows = [
            ListRow(
                list_uri(issuer, one.number),
                one.size,
                one.allocated,
                len(statuses.marked(tx, one.number)),
            )
            for one in statuses.lists(tx)
        ]
    return tuple(reversed(rows))
