"""Audit trails: entries bound each to the one before, and signed heads over them (docs/audit.md).

Pure: an app keeps the entries, says which events there are, and when a head is signed. What is
*not* here: storage, clocks, and the lists of events, which each app has for itself.
"""

from __future__ import annotations

from .check import Finding, Report
from .entries import Actor, Happened, Place, Sealed, first_hash, plain_actor, seal
from .export import export_lines
from .facts import LATE, Fact, checked_facts, keyed_digest
from .heads import Head, KeptHead, read_head, sign_head
from .reports import KeptEntries, check_database, check_file, whole_until

__all__ = [
    "LATE",
    "Actor",
    "Fact",
    "Finding",
    "Happened",
    "Head",
    "KeptEntries",
    "KeptHead",
    "Place",
    "Report",
    "Sealed",
    "check_database",
    "check_file",
    "checked_facts",
    "export_lines",
    "first_hash",
    "keyed_digest",
    "plain_actor",
    "read_head",
    "seal",
    "sign_head",
    "whole_until",
]
