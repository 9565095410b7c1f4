"""Links and PINs that were just made, sealed until they are told or their time is over.

Rules: the PIN is told once and is gone then; the link can be shown again for two days, so that a
letter can be printed anew; only a digest of either stays. What is *not* here: making an offer
(``handing``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Connection

from healthpassport.errors import ServiceError
from issuer.service.context import IssuerContext
from issuer.service.shelves import Kind, Shelf

from .channels import LinkBy, PinBy

HELD: Final = timedelta(days=2)  # what waits for its wallet longer is safe even from the key's file
MAX_TOLD: Final = 10_000


@dataclass(frozen=True, slots=True)
class Told:
    """What staff have to tell a patient; ``pin`` is empty once it was told or sent.

    ``page`` is the link as a web address (``issuer.service.collecting``).

    ``text_failed`` is so of a text until it is known to be sent, so that a process that ends
    meanwhile leaves nobody without their PIN.
    """

    offer: str
    link: str = field(repr=False)
    pin: str = field(repr=False)
    link_by: LinkBy
    pin_by: PinBy
    expires_at: datetime
    records: int
    page: str = field(default="", repr=False)
    sent: bool = False
    text_failed: bool = False


TOLD: Final = Kind("told", TypeAdapter(Told), MAX_TOLD)


class Handed:
    """Those of one issuer, whichever process made them."""

    def __init__(self, issuer: IssuerContext) -> None:
        self._issuer = issuer
        self._told = Shelf(issuer, TOLD)

    def add_in(self, tx: Connection, told: Told) -> None:
        """Hold ``told`` until its offer is over, and no longer than two days."""
        ends_at = min(told.expires_at, self._issuer.clock() + HELD)
        self._told.add_in(tx, told.offer, told, ends_at=ends_at)

    def note_sent(self, offer: str, *, pin: bool) -> None:
        """The text with the PIN, or with the link, was handed to those who send it.

        Raises:
            ServiceError: ``console.gone`` where it was taken back meanwhile.
        """

        def step(told: Told) -> Told:
            kept = "" if pin else told.pin
            return replace(told, pin=kept, sent=True, text_failed=False)

        self._told.change(offer, step)
        if pin:
            self._issuer.store.wipe()

    def find(self, offer: str) -> Told:
        """What is still to be told of ``offer``.

        Raises:
            ServiceError: ``console.gone``.
        """
        return self._told.find(offer)

    def take_pin(self, offer: str) -> str:
        """The PIN of ``offer``, this once.

        Raises:
            ServiceError: ``console.gone``, ``console.pin_told``.
        """
        taken: list[str] = []

        def step(told: Told) -> Told:
            if not told.pin:
                raise ServiceError("console.pin_told")
            taken[:] = [told.pin]
            return replace(told, pin="")

        self._told.change(offer, step)
        self._issuer.store.wipe()
        return taken[0]

    def drop(self, offer: str) -> None:
        """Forget link and PIN of ``offer``."""
        self._told.drop(offer)
