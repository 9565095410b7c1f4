"""Keyed digests: what a desk may keep of what it must forget.

HMAC-SHA-256 under a key in a file beside the database. Who has the database alone can neither find
out what a digest stands for nor try guesses; who holds the thing itself can ask the desk. What is
*not* here: what is digested.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from healthpassport.encoding import b64url_encode
from healthpassport.errors import SettingsError

KEY_BYTES: Final = 32


class Digests:
    """Digests under the key in ``path``, which is made on first use."""

    def __init__(self, path: Path, random: Callable[[int], bytes]) -> None:
        self._path = path
        self._random = random
        self._key: bytes | None = None

    def of(self, kind: str, text: str) -> str:
        """The digest of ``text``; two kinds of the same text have nothing in common.

        Raises:
            SettingsError: ``verifier.setup`` where the key cannot be read or made.
        """
        if self._key is None:
            self._key = self._read()
        message = f"{kind}\x00{text}".encode()
        return b64url_encode(hmac.new(self._key, message, hashlib.sha256).digest())

    def same(self, kind: str, text: str, digest: str) -> bool:
        """Whether ``digest`` is that of ``text``."""
        return hmac.compare_digest(self.of(kind, text), digest)

    def _read(self) -> bytes:
        try:
            self._make()
            found = self._path.read_bytes()
        except OSError as error:
            raise SettingsError("verifier.setup", f"cannot read {self._path.name}") from error
        if len(found) != KEY_BYTES:
            raise SettingsError("verifier.setup", f"{self._path.name} is no key of ours")
        return found

    def _make(self) -> None:
        """A new key where there is none; of two processes that begin together one wins."""
        if self._path.exists():
            return
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, self._random(KEY_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(fresh, self._path)  # fails where the other was first
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
