"""Keyed digests: what a desk may keep of what it must forget.

HMAC-SHA-256 under a key in a file beside the database. Who has the database alone can neither find
out what a digest stands for nor try guesses; who holds the thing itself can ask the desk. What is
*not* here: what is digested.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from pathlib import Path

from healthpassport.audit import keyed_digest

from .made_keys import key_in


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
            self._key = key_in(self._path, self._random)
        return keyed_digest(self._key, kind, text)

    def same(self, kind: str, text: str, digest: str) -> bool:
        """Whether ``digest`` is that of ``text``."""
        return hmac.compare_digest(self.of(kind, text), digest)
