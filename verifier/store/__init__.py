"""Transactions and given receipts in SQLite or PostgreSQL: what is open, what was answered.

Rules: closing is one atomic statement, so that of two equal answers one wins; every statement
carries the organisation, and every look-up by a desk that desk's name; rows leave after a day. What
is *not* here: keys, records, results; the service holds those in memory, or seals them before they
come here. Nothing clinical stands here in clear.
"""

from verifier.settings import MAIN

from .audit import AuditEntries, Wanted
from .changes import Changes, Wake
from .engine import describe, open_store
from .held import HeldRows, SealedRow
from .key_uses import KeyUses
from .receipts import Note, ReceiptNotes
from .staff import StaffRows
from .transactions import Row, Store

__all__ = [
    "MAIN",
    "AuditEntries",
    "Changes",
    "HeldRows",
    "KeyUses",
    "Note",
    "ReceiptNotes",
    "Row",
    "SealedRow",
    "StaffRows",
    "Store",
    "Wake",
    "Wanted",
    "describe",
    "open_store",
]
