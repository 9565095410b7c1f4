"""The vault: what a wallet keeps, readable with the passphrase alone.

One SQLite file whose values are sealed by us (docs/vault-format.md). ``Vault`` is the door; the
other modules hold one idea each: ``kdf`` (passphrase to keys), ``header`` (the wrapped data key),
``sealing`` (one row), ``manifest`` (all rows), ``anchor`` (the newest state seen on this computer),
``storage`` (SQLite), ``files`` (who may read). What is *not* here: what the values mean.
"""

from .kdf import KdfCost
from .opened import Randomness, Writer
from .vault import IDLE_LIMIT, Clock, Vault

__all__ = ["IDLE_LIMIT", "Clock", "KdfCost", "Randomness", "Vault", "Writer"]
