"""The people who help: inviting, lending, keeping and ending, as one wallet's owner does it.

A helper's wallet invites; the owner's lends; the helper's keeps until the end. Neither sees the
other's history. What is *not* here: how any of it is done (``lending``, ``borrowing``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from healthpassport.errors import ServiceError
from wallet.handing import Invitation, read_invitation
from wallet.vault import Vault

from . import borrowing, lending
from .borrowing import Received
from .gifts import Gift, LentRecord, read_gifts, read_invitations
from .lending import DEFAULT_COPIES, Part, Withdraw
from .passports import name_in, of_person, settled
from .shelf import StoredRecord
from .surroundings import Surroundings

MAX_QR: Final = 1_200  # characters that a screen still shows as a QR code (version 25)
SHORTEST_ID: Final = 4  # characters of an id that may stand for all of it


@dataclass(frozen=True, slots=True)
class GiftView:
    """What one helper was lent. ``active`` ends at ``until`` or by ``end``, whichever is first.

    ``left`` names issuers that were not reached yet to withdraw their copies. ``older`` names
    records of which the owner has newer ones by now: the surgery has replaced what was lent, so
    that it must be lent again. ``words`` are compared aloud when the helper adds the package.
    """

    id: str
    name: str
    person: str
    person_name: str
    made: datetime
    until: datetime
    ended: datetime | None
    active: bool
    records: tuple[LentRecord, ...]
    left: tuple[str, ...]
    older: tuple[str, ...]
    words: tuple[str, ...]
    package: str

    @property
    def fits_qr(self) -> bool:
        """Whether the package is small enough for one code; else it goes as a file."""
        return 0 < len(self.package) <= MAX_QR


class Helpers:
    """See the module; ``withdraw`` asks an issuer to withdraw copies."""

    def __init__(self, vault: Vault, around: Surroundings, withdraw: Withdraw) -> None:
        self._vault = vault
        self._around = around
        self._withdraw = withdraw

    def invite(self, name: str) -> Invitation:
        """A new invitation to show to the person whom one wants to help."""
        return borrowing.make_invitation(name, vault=self._vault, around=self._around)

    def invitations(self) -> tuple[Invitation, ...]:
        """The invitations of this wallet that are open."""
        now = self._around.clock()
        found = (own.invitation for _, own in read_invitations(self._vault))
        return tuple(one for one in found if one.until > now)

    def read(self, invitation: str) -> Invitation:
        """Somebody's invitation: their name, and the words to compare aloud before giving."""
        return read_invitation(invitation)

    def give(
        self,
        invitation: str,
        parts: Sequence[Part],
        *,
        until: date | None = None,
        copies: int = DEFAULT_COPIES,
    ) -> GiftView:
        """Lend ``parts`` of one person's records until the end of a day (three months when None).

        Raises:
            ServiceError, CredentialError: see ``lending.lend``; nothing is changed then.
        """
        gift = lending.lend(
            invitation, parts, until=until, copies=copies, vault=self._vault, around=self._around
        )
        return self._view(gift, settled(self._vault))

    def day_in(self, days: int) -> date:
        """The day so many days from now: a last day to lend until."""
        return self._around.clock().date() + timedelta(days=days)

    def look(self, package: str) -> Received:
        """What somebody's package holds, and the words to compare aloud before keeping it."""
        return borrowing.look(package, vault=self._vault, around=self._around)

    def keep(self, received: Received) -> tuple[StoredRecord, ...]:
        """Keep what was looked at. Only once, and until its end."""
        return borrowing.keep(received, vault=self._vault, around=self._around)

    def given(self) -> tuple[GiftView, ...]:
        """Everything that was lent from this wallet, the newest first."""
        records = settled(self._vault)
        return tuple(self._view(gift, records) for gift in read_gifts(self._vault))

    def end(self, gift_id: str) -> GiftView:
        """End what a helper was lent, now; an issuer that is away is asked again later."""
        gift = lending.end_gift(
            self._find(gift_id), vault=self._vault, around=self._around, withdraw=self._withdraw
        )
        return self._view(gift, settled(self._vault))

    def tidy(self, *, online: bool) -> int:
        """Do what is due: delete what was lent here and is over; end what is lent and is over.

        Args:
            online: whether issuers may be asked; else only this vault is changed.

        Returns:
            How many lent records were deleted, and how many gifts ended.
        """
        count = borrowing.drop_ended(self._vault, self._around)
        if not online:
            return count
        due = self.due()
        for gift in due:
            self.end(gift.id)
        return count + len(due)

    def due(self) -> tuple[GiftView, ...]:
        """What is over, but was not ended yet or not withdrawn by every surgery."""
        records, now = settled(self._vault), self._around.clock()
        return tuple(
            self._view(gift, records)
            for gift in read_gifts(self._vault)
            if (gift.ended is not None and not gift.withdrawn)
            or (gift.ended is None and gift.until <= now)
        )

    def lend_again(self) -> tuple[GiftView, ...]:
        """What is lent, and newer records say something else since: it is of no use any more."""
        return tuple(gift for gift in self.given() if gift.active and gift.older)

    def _find(self, gift_id: str) -> Gift:
        wanted = gift_id.strip().lower()
        gifts = read_gifts(self._vault)
        if wanted.isdecimal() and 1 <= int(wanted) <= len(gifts):
            return gifts[int(wanted) - 1]
        found = [gift for gift in gifts if gift.id.startswith(wanted)]
        if len(wanted) < SHORTEST_ID or len(found) != 1:
            raise ServiceError("helper.unknown")
        return found[0]

    def _view(self, gift: Gift, records: Sequence[StoredRecord]) -> GiftView:
        left = (r.issuer for r in gift.records if not r.withdrawn and gift.ended is not None)
        return GiftView(
            id=gift.id,
            name=gift.name,
            person=gift.person,
            person_name=name_in(of_person(records, gift.person)),
            made=gift.made,
            until=gift.until,
            ended=gift.ended,
            active=gift.ended is None and gift.until > self._around.clock(),
            records=gift.records,
            left=tuple(dict.fromkeys(left)),
            older=tuple(r.label for r in gift.records if _is_older(r, gift, records)),
            words=gift.words,
            package=gift.package,
        )


def _is_older(lent: LentRecord, gift: Gift, records: Sequence[StoredRecord]) -> bool:
    return any(
        record.says_since > gift.made and (record.iss, record.record.type) == (lent.iss, lent.type)
        for record in of_person(records, gift.person)
    )
