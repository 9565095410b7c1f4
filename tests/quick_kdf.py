"""Argon2id at the least cost that the library takes: what tests unlock by, where guessing is not
what they are about. The cost that was asked for still decides the key, as in the real one.

What is *not* here: a shortcut past ``wallet.vault.kdf``; its floor, ceiling and checks stay.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager

import pytest
from nacl.pwhash import argon2id

from wallet.vault import kdf

REAL = argon2id.kdf


def quick(size: int, secret: bytes, salt: bytes, opslimit: int, memlimit: int) -> bytes:
    """A key of ``size`` bytes that depends on everything that the real one depends on."""
    mixed = hashlib.blake2b(
        salt + opslimit.to_bytes(8, "big") + memlimit.to_bytes(8, "big"),
        digest_size=argon2id.SALTBYTES,
    ).digest()
    return REAL(size, secret, mixed, opslimit=argon2id.OPSLIMIT_MIN, memlimit=argon2id.MEMLIMIT_MIN)


@contextmanager
def quick_to_unlock():
    """While this lasts, every vault and backup takes the quick one; a test's undoing leaves it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kdf.argon2id, "kdf", quick)
        yield
