"""Twelve recovery words: 128 random bits and their checksum as words that can be written down.

The words are those of BIP-39, from the package ``mnemonic``. No two of them begin with the same
four letters, so four letters of a word are enough; case and spacing do not matter. What is *not*
here: the seed of BIP-39 and its second passphrase; the 16 bytes themselves are the secret.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from mnemonic import Mnemonic

from healthpassport.errors import VaultError

WORDS: Final = 12
SECRET_BYTES: Final = 16  # BIP-39, "Generating the mnemonic": ENT = 128 gives 12 words
DISTINCT: Final = 4  # letters that tell any two words of the list apart
MAX_TEXT: Final = 1024  # characters; twelve words are at most 107


@cache
def _words() -> Mnemonic:
    return Mnemonic("english")


@cache
def _by_beginning() -> dict[str, str]:
    return {word[:DISTINCT]: word for word in _words().wordlist}


def new_words(random: Callable[[int], bytes]) -> tuple[str, ...]:
    """Twelve new words from 16 bytes of ``random``."""
    return tuple(_words().to_mnemonic(random(SECRET_BYTES)).split())


def read_words(text: str) -> tuple[str, ...]:
    """The twelve words that a person typed; four letters of each are enough.

    Raises:
        VaultError: ``vault.recovery_words``, naming the place of each word that is not on the
            list (never the word itself), a wrong number of words, or a checksum that fails.
    """
    if len(text) > MAX_TEXT:
        raise VaultError("vault.recovery_words", "this is more than twelve words")
    typed = text.lower().split()
    found = [_word(word) for word in typed]
    unknown = [str(place) for place, word in enumerate(found, start=1) if word is None]
    if unknown:
        raise VaultError("vault.recovery_words", f"not on the list: word {', '.join(unknown)}")
    words = tuple(word for word in found if word is not None)
    secret_of(words)
    return words


def secret_of(words: Sequence[str]) -> bytes:
    """The 16 bytes that ``words`` stand for (``vault.recovery_words``)."""
    if len(words) != WORDS:
        raise VaultError("vault.recovery_words", f"there are {len(words)} words, not {WORDS}")
    try:
        return bytes(_words().to_entropy(list(words)))
    except (LookupError, ValueError):  # its message would carry a word on
        raise VaultError("vault.recovery_words", "these words do not belong together") from None


def _word(typed: str) -> str | None:
    """The listed word that is ``typed``, or that begins with its four letters."""
    word = _by_beginning().get(typed[:DISTINCT])
    return word if word is not None and (typed == word or len(typed) == DISTINCT) else None
