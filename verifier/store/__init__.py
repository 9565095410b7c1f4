"""Transactions and given receipts in SQLite: which request is open, which was answered.

Rules: closing is one atomic statement, so that of two equal answers one wins; every statement
carries the organisation, and every look-up by a desk that desk's name; rows leave after a day. What
is *not* here: keys, records, results (the service holds those in memory alone). Nothing clinical
stands here.
"""

from verifier.settings import MAIN

from .audit import AuditEntries, KeptHead, Place, Sealed, Wanted
from .engine import open_store
from .key_uses import KeyUses
from .receipts import Note, ReceiptNotes
from .staff import SessionRow, SignInRow, StaffRows
from .transactions import Row, Store

__all__ = [
    "MAIN",
    "AuditEntries",
    "KeptHead",
    "KeyUses",
    "Note",
    "Place",
    "ReceiptNotes",
    "Row",
    "Sealed",
    "SessionRow",
    "SignInRow",
    "StaffRows",
    "Store",
    "Wanted",
    "open_store",
]
