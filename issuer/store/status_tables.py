"""Tables beside the status lists: marks that outlive their entries, journals, and the lineage.

What is *not* here: the lists and their entries (``tables``).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, String, Table

from .tables import metadata

# A mark without an entry: its record has expired and was forgotten, or was issued after the backup
# that this database was restored from. ``kind`` is "token" or "bitstring".
status_marks: Final = Table(
    "status_marks",
    metadata,
    Column("kind", String, primary_key=True),
    Column("list", Integer, primary_key=True, autoincrement=False),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("status", Integer, nullable=False),
)

# Up to which byte the journal of this name is in the database.
status_journals: Final = Table(
    "status_journals",
    metadata,
    Column("name", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

# One row: the database that the open lists belong to, and how often they were begun anew.
status_lineage: Final = Table(
    "status_lineage",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("origin", String, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
)
