"""Recovery words as one code: what a printed sheet holds, as text and in its QR code.

The code is the words' 16 bytes, so a sheet opens what the words open. What is *not* here: the words
(``vault.recovery``) and the page.
"""

from __future__ import annotations

from typing import Final

from healthpassport.errors import BackupError
from wallet.vault.recovery import new_words, secret_of

from . import groups
from .keys import SECRET_BYTES

_KIND: Final = 2  # of the text: a sheet, first version


def sheet_groups(words: tuple[str, ...]) -> tuple[str, ...]:
    """The code of ``words`` as groups (``vault.recovery_words`` when they are no such words)."""
    return groups.encode(bytes([_KIND]) + secret_of(words))


def read_sheet(text: str) -> tuple[str, ...]:
    """The words that a sheet's code stands for.

    Raises:
        BackupError: ``backup.code_typed`` naming the group with the slip, ``backup.code_kind``.
    """
    data = groups.decode(text, size=1 + SECRET_BYTES)
    if data[0] != _KIND:
        raise BackupError("backup.code_kind")
    return new_words(lambda _size: data[1:])
