"""Six words that two people compare aloud, so that nobody stands between their wallets.

Six of 2,048 words are 66 bits: too many for somebody who tries keys until the words fit. The list
is that of the recovery words (BIP-39). What is *not* here: what is compared.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

from mnemonic import Mnemonic

COUNT: Final = 6
BITS: Final = 11  # a word of a list of 2,048
_OCTETS: Final = 9  # 72 bits, of which 66 are used


def spoken(purpose: str, *parts: bytes) -> tuple[str, ...]:
    """The words for ``parts``, each of them fixed by its length, under one ``purpose``."""
    digest = hashlib.blake2b(digest_size=_OCTETS, person=purpose.encode())
    for part in parts:
        digest.update(len(part).to_bytes(4, "big") + part)
    number = int.from_bytes(digest.digest(), "big")
    return tuple(_words()[number >> BITS * place & 2**BITS - 1] for place in range(COUNT))


def owner_words(invitation: str, owner_key: str) -> tuple[str, ...]:
    """The words by which a helper knows the wallet that answered: its key, for this invitation."""
    return spoken("hp-helper-owner", invitation.encode(), owner_key.encode())


@cache
def _words() -> tuple[str, ...]:
    return tuple(Mnemonic("english").wordlist)
