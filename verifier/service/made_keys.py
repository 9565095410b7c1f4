"""Keys that a desk makes for itself, told in the desk's words where they cannot be had.

What is *not* here: the making (``healthpassport.keys.made``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from healthpassport.errors import KeyMaterialError, SettingsError
from healthpassport.keys.made import made_key


def key_in(path: Path, random: Callable[[int], bytes]) -> bytes:
    """The key in ``path``, made there if there is none.

    Raises:
        SettingsError: ``verifier.setup`` where it cannot be read or made.
    """
    try:
        return made_key(path, random)
    except KeyMaterialError as error:
        raise SettingsError("verifier.setup", error.detail) from error
