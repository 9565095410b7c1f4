"""API keys of the systems that call: which are known, for which desk, and what each may do.

Rules: only digests are kept; the file is read again when it changes, so that a key that was taken
out opens nothing from then on; every digest is compared, so that time says nothing about which was
near. What is *not* here: writing the file (``key_file``) and HTTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from hmac import compare_digest
from pathlib import Path
from threading import Lock
from typing import Final

import structlog

from healthpassport.errors import PassportError
from verifier.store import KeyUses

from .key_file import ApiKey, read_keys

MAX_KEY: Final = 256  # characters

_log = structlog.get_logger("verifier")

Stamp = tuple[int, int, int] | None


class ApiKeys:
    """The keys of one organisation. Calls may come from several threads.

    Args:
        path: its file.
        uses: where the day of the last use is noted.
        read: how the file is read.
    """

    def __init__(
        self,
        path: Path,
        *,
        uses: KeyUses,
        read: Callable[[Path], tuple[ApiKey, ...]] = read_keys,
    ) -> None:
        self._path = path
        self._uses = uses
        self._read = read
        self._lock = Lock()
        self._stamp: Stamp = None
        self._keys: tuple[ApiKey, ...] = ()
        self._noted: dict[str, date] = {}

    def find(self, presented: str, *, today: date) -> ApiKey | None:
        """The key that was presented; None for an unknown one and for one that has run out.

        Raises:
            SettingsError: ``verifier.setup`` where the file cannot be used: nobody may call then.
        """
        digest = digest_of(presented[: MAX_KEY + 1])
        found = [key for key in self._known() if compare_digest(key.digest, digest)]
        right = 0 < len(presented) <= MAX_KEY and len(found) == 1
        return found[0] if right and found[0].is_valid(today) else None

    def is_noted(self, key: ApiKey, *, today: date) -> bool:
        """Whether the day is kept already, and ``note_use`` has nothing to do."""
        return self._noted.get(key.name) == today

    def note_use(self, key: ApiKey, *, today: date) -> None:
        """Keep the day, once a day; a day that cannot be kept never costs the call."""
        with self._lock:
            if self._noted.get(key.name) == today:
                return
            self._noted[key.name] = today
        try:
            self._uses.note(key.name, today)
        except PassportError as error:
            _log.warning("key_use_not_noted", code=error.code)

    def _known(self) -> tuple[ApiKey, ...]:
        """The keys of the file as it is now."""
        with self._lock:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._keys = () if stamp is None else self._read(self._path)
                self._stamp = stamp
            return self._keys


def digest_of(key: str) -> str:
    """What is kept of a key, its SHA-256 in hex: nobody guesses the 256 random bits of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _stamp(path: Path) -> Stamp:
    """What changes whenever the file does: a new one takes its place, with another inode."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return 0, 0, 0  # reading it says what is wrong
    return found.st_mtime_ns, found.st_size, found.st_ino
