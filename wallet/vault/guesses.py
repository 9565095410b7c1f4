"""Wrong guesses of the passphrase, counted across programs, and the wait that they cost.

After ten the next guess waits: 30 s, doubled each time, 15 minutes at the most, so that nobody is
locked out for ever. Recovery words and passkeys never wait: they cannot be guessed. Who holds the
file can guess without us; this only slows who sits at the computer. Each try is written down before
it is made (8 bytes, seconds since 1970), so that ending the program does not undo it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from healthpassport.errors import VaultError

from .files import private_folder

FREE_GUESSES: Final = 10
FIRST_WAIT: Final = 30  # seconds
LONGEST_WAIT: Final = 15 * 60  # seconds
_DOUBLINGS: Final = 5  # reach the longest wait
_STAMP_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Guesses:
    """The tries since the last success, kept in ``path`` beside the anchor."""

    path: Path

    def before(self, now: datetime) -> None:
        """Count a try at ``now``; ``vault.wait`` when it comes too early."""
        stamps, second = self._stamps(), int(now.timestamp())
        left = _wait_after(len(stamps)) - (second - stamps[-1]) if stamps else 0
        if stamps and stamps[-1] > second:  # the clock was put back: the wait starts now
            self._write(second)
            left = _wait_after(len(stamps) + 1)
        if left > 0:
            raise VaultError("vault.wait", f"{left} seconds are left")
        self._write(second)

    def forget(self) -> None:
        """After a success: start again."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _stamps(self) -> list[int]:
        try:
            data = self.path.read_bytes()
        except OSError:
            return []
        starts = range(0, len(data) - _STAMP_BYTES + 1, _STAMP_BYTES)
        return [int.from_bytes(data[at : at + _STAMP_BYTES], "big") for at in starts]

    def _write(self, second: int) -> None:
        """A disk that cannot be written stops nobody from opening their own vault."""
        with suppress(OSError, VaultError):
            private_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, second.to_bytes(_STAMP_BYTES, "big"))
            finally:
                os.close(descriptor)


def _wait_after(tries: int) -> int:
    if tries < FREE_GUESSES:
        return 0
    return min(FIRST_WAIT << min(tries - FREE_GUESSES, _DOUBLINGS), LONGEST_WAIT)
