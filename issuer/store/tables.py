"""The issuer's tables.

No column holds a clinical value: ``sealed`` is ciphertext whose key is not in the database
(``issuer.service.sealing``). Times are whole seconds since 1970.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

metadata: Final = MetaData()

# Random values that must survive a restart, such as the key of the nonces.
secrets: Final = Table(
    "secrets",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

offers: Final = Table(
    "offers",
    metadata,
    Column("id", String, primary_key=True),
    Column("address_hash", String, nullable=False, unique=True),
    Column("code_hash", String, nullable=False, unique=True),
    Column("pin_mac", String, nullable=False),
    Column("client", String, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("token_hash", String, unique=True),
    Column("token_expires_at", BigInteger),
    Column("key_thumbprint", String),
    Column("client_id", String),
    Column("by_identifier", Boolean, nullable=False, default=False),
    # Of which grant this is the first collection, or a later one; and where its records are read.
    Column("grant", String),
    Column("sealed_source", LargeBinary),
)
Index("offers_grant", offers.c.grant)
Index("offers_state", offers.c.state, offers.c.expires_at)

# What a wallet may go on asking for with its refresh token; no column tells whose it is.
grants: Final = Table(
    "grants",
    metadata,
    Column("id", String, primary_key=True),
    Column("root", String, nullable=False),
    Column("client", String, nullable=False),
    Column("state", String, nullable=False),
    Column("lasting_hash", String, nullable=False, unique=True),
    Column("current_hash", String, nullable=False),
    Column("previous_hash", String),
    Column("previous_until", BigInteger, nullable=False, default=0),
    Column("attempt_hash", String),
    Column("salt", LargeBinary, nullable=False),
    Column("key_thumbprint", String, nullable=False),
    Column("client_id", String),
    Column("sealed", LargeBinary),
    Column("moved_to", String),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("grants_root", grants.c.root)

# What patients say is wrong: ciphertext for the practice's own key, and for the wallet's.
reports: Final = Table(
    "reports",
    metadata,
    Column("id", String, primary_key=True),
    Column("root", String, nullable=False),
    Column("client", String, nullable=False),
    Column("record_type", String, nullable=False),
    Column("issuance", String),
    Column("state", String, nullable=False),
    Column("outcome", String),
    Column("made_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("sealed", String),
    Column("reply_key", String),
    Column("answer", String),
)
Index("reports_root", reports.c.root)

offer_records: Final = Table(
    "offer_records",
    metadata,
    Column("offer", String, ForeignKey("offers.id"), primary_key=True),
    Column("record_type", String, primary_key=True),
    Column("sealed", LargeBinary),
    # Whether another record says the same; keyed with what only the wallet's token unseals.
    Column("digest", String),
)

issuances: Final = Table(
    "issuances",
    metadata,
    Column("id", String, primary_key=True),
    Column("offer", String, ForeignKey("offers.id"), nullable=False),
    Column("client", String, nullable=False),
    Column("record_type", String, nullable=False),
    Column("turn", Integer, nullable=False, default=0, server_default="0"),
    Column("copies", Integer, nullable=False),
    Column("status", Integer, nullable=False, default=0),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("notification_hash", String, nullable=False, unique=True),
    Column("event", String),
)
Index("issuances_offer", issuances.c.offer, issuances.c.record_type, issuances.c.turn, unique=True)
Index("issuances_expiry", issuances.c.expires_at)

# The answer to one credential request, until the wallet says that it has it.
answers: Final = Table(
    "answers",
    metadata,
    Column("issuance", String, ForeignKey("issuances.id"), primary_key=True),
    Column("request_hash", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

# ``allocated`` places are leased to processes, in the order of ``seed``; from ``closed_at`` on no
# more are, and from ``retired_at`` on the list is no longer published.
status_lists: Final = Table(
    "status_lists",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("size", Integer, nullable=False),
    Column("allocated", Integer, nullable=False, default=0),
    Column("version", Integer, nullable=False, default=0),
    Column("created_at", BigInteger, nullable=False),
    Column("seed", LargeBinary),
    Column("closed_at", BigInteger),
    Column("retired_at", BigInteger),
)

# The primary key is the promise that no index is ever given twice (draft section 13.3).
status_entries: Final = Table(
    "status_entries",
    metadata,
    Column("list", Integer, ForeignKey("status_lists.number"), primary_key=True),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("issuance", String, ForeignKey("issuances.id"), nullable=False),
    Column("status", Integer, nullable=False, default=0),
)
Index("status_entries_issuance", status_entries.c.issuance)
# A list is built from the few entries that say something, without a look at all the others.
Index(
    "status_entries_marked",
    status_entries.c.list,
    status_entries.c.idx,
    sqlite_where=status_entries.c.status != 0,
    postgresql_where=status_entries.c.status != 0,
)

# Bitstring lists serve one purpose each; their numbers are shared by all purposes.
bitstring_lists: Final = Table(
    "bitstring_lists",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("purpose", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("allocated", Integer, nullable=False, default=0),
    Column("version", Integer, nullable=False, default=0),
    Column("created_at", BigInteger, nullable=False),
    Column("seed", LargeBinary),
    Column("closed_at", BigInteger),
    Column("retired_at", BigInteger),
)

# As with status_entries: an index is given once and never again.
bitstring_entries: Final = Table(
    "bitstring_entries",
    metadata,
    Column("list", Integer, ForeignKey("bitstring_lists.number"), primary_key=True),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("issuance", String, ForeignKey("issuances.id"), nullable=False),
    Column("marked", Boolean, nullable=False, default=False),
)
Index("bitstring_entries_issuance", bitstring_entries.c.issuance)
Index(
    "bitstring_entries_marked",
    bitstring_entries.c.list,
    bitstring_entries.c.idx,
    sqlite_where=bitstring_entries.c.marked.is_(True),
    postgresql_where=bitstring_entries.c.marked.is_(True),
)

# What may be used once: DPoP jti and nonces, as hashes.
spent: Final = Table(
    "spent",
    metadata,
    Column("value_hash", String, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
)
Index("spent_expiry", spent.c.expires_at)
