"""Links and PINs that were just made, in memory until they are told or their time is over.

Rules: the PIN is told once and is gone then; the link can be shown again while it opens anything;
neither is written anywhere. What is *not* here: making an offer (``handing``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from healthpassport.errors import ServiceError

from .channels import LinkBy, PinBy


@dataclass(frozen=True, slots=True)
class Told:
    """What staff have to tell a patient; ``pin`` is empty once it was told or sent."""

    offer: str
    link: str = field(repr=False)
    pin: str = field(repr=False)
    link_by: LinkBy
    pin_by: PinBy
    expires_at: datetime
    records: int
    sent: bool = False
    text_failed: bool = False


class Handed:
    """Those of one process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._told: dict[str, Told] = {}
        self._lock = Lock()

    def add(self, told: Told) -> None:
        """Hold ``told`` until its offer is over."""
        with self._lock:
            self._forget()
            self._told[told.offer] = told

    def find(self, offer: str) -> Told:
        """What is still to be told of ``offer``.

        Raises:
            ServiceError: ``console.gone``.
        """
        with self._lock:
            return self._there(offer)

    def take_pin(self, offer: str) -> str:
        """The PIN of ``offer``, this once.

        Raises:
            ServiceError: ``console.gone``, ``console.pin_told``.
        """
        with self._lock:
            told = self._there(offer)
            if not told.pin:
                raise ServiceError("console.pin_told")
            self._told[offer] = replace(told, pin="")
            return told.pin

    def drop(self, offer: str) -> None:
        """Forget link and PIN of ``offer``."""
        with self._lock:
            self._told.pop(offer, None)

    def _there(self, offer: str) -> Told:
        self._forget()
        if offer not in self._told:
            raise ServiceError("console.gone")
        return self._told[offer]

    def _forget(self) -> None:
        now = self._clock()
        for name in [name for name, one in self._told.items() if one.expires_at <= now]:
            del self._told[name]
