"""The vault: what a wallet keeps, readable with any one of its ways in.

One SQLite file whose values are sealed by us (docs/vault-format.md). ``Vault`` is what is inside,
``door`` who gets in; the other modules hold one idea each: ``ways`` and ``slots`` (passphrase,
recovery words, passkey), ``kdf`` (passphrase to keys), ``header``, ``sealing`` and ``rowkeys`` (one
row), ``words`` (searching), ``manifest`` (all rows), ``anchor`` (the newest state seen on this
computer), ``ledger`` (whether a file is as we left it), ``copying`` (all rows, for a backup),
``travelling`` (put away in one file), ``storage`` (SQLite), ``files`` (who may read). What is *not*
here: what the values mean.
"""

from .copying import CopiedRow, Snapshot
from .door import IDLE_LIMIT, PRIVATE_LIMIT, Clock
from .kdf import KdfCost
from .opened import Randomness, Writer
from .recovery import new_words, read_words
from .schema import PRIVATE_TABLES
from .travelling import bring_back, wipe
from .vault import Vault
from .ways import Passkey, Passphrase, RecoveryWords, Way, WayInfo, WayKind

__all__ = [
    "IDLE_LIMIT",
    "PRIVATE_LIMIT",
    "PRIVATE_TABLES",
    "Clock",
    "CopiedRow",
    "KdfCost",
    "Passkey",
    "Passphrase",
    "Randomness",
    "RecoveryWords",
    "Snapshot",
    "Vault",
    "Way",
    "WayInfo",
    "WayKind",
    "Writer",
    "bring_back",
    "new_words",
    "read_words",
    "wipe",
]
