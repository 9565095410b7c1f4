"""The tables of the API for record systems: clients, tokens, answers kept, messages to be sent.

No column holds a clinical value or a name of a patient. Secrets and tokens are kept as hashes;
answers are ciphertext whose key is not in the database. Times are whole seconds since 1970.
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
    String,
    Table,
    Text,
)

from .tables import issuances, metadata, offers

# Lists of one client, newest first.
Index("offers_client", offers.c.client, offers.c.created_at)
Index("issuances_client", issuances.c.client, issuances.c.issued_at)

api_clients: Final = Table(
    "api_clients",
    metadata,
    Column("name", String, primary_key=True),
    Column("scopes", String, nullable=False),
    Column("dpop", Boolean, nullable=False, default=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)

# The hash of a secret, or a public key as JWK; two stand side by side while one replaces the other.
api_credentials: Final = Table(
    "api_credentials",
    metadata,
    Column("id", String, primary_key=True),
    Column("client", String, ForeignKey("api_clients.name"), nullable=False),
    Column("secret_hash", String, unique=True),
    Column("jwk", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
)
Index("api_credentials_client", api_credentials.c.client)

# ``sealed`` is what answers are sealed with besides the caller's own key, sealed for the token.
api_tokens: Final = Table(
    "api_tokens",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("client", String, ForeignKey("api_clients.name"), nullable=False),
    Column("scopes", String, nullable=False),
    Column("key_thumbprint", String),
    Column("sealed", LargeBinary),
    Column("expires_at", BigInteger, nullable=False),
)
Index("api_tokens_expiry", api_tokens.c.expires_at)

# What a client asked for under an Idempotency-Key, and the answer once there is one.
api_answers: Final = Table(
    "api_answers",
    metadata,
    Column("client", String, primary_key=True),
    Column("key_hash", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("claim", String, nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
    Column("status", Integer),
    Column("sealed", LargeBinary),
    Column("expires_at", BigInteger, nullable=False),
)
Index("api_answers_expiry", api_answers.c.expires_at)

webhook_receivers: Final = Table(
    "webhook_receivers",
    metadata,
    Column("id", String, primary_key=True),
    Column("client", String, nullable=False),
    Column("url", String, nullable=False),
    Column("events", String, nullable=False),
    Column("secrets", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
Index("webhook_receivers_client", webhook_receivers.c.client)

# Ciphertext whose key is in a file; ``secrets`` above is empty once these stand (docs/adr/0081).
webhook_secrets: Final = Table(
    "webhook_secrets",
    metadata,
    Column("id", String, primary_key=True),
    Column("receiver", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
)
Index("webhook_secrets_receiver", webhook_secrets.c.receiver)

# What happened, noted in the transaction in which it did; a moment later it is messages.
webhook_events: Final = Table(
    "webhook_events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("client", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
)

webhook_messages: Final = Table(
    "webhook_messages",
    metadata,
    Column("id", String, primary_key=True),
    Column("client", String, nullable=False),
    Column("receiver", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("since", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("claimed_until", BigInteger),
    Column("problem", String),
)
Index("webhook_messages_due", webhook_messages.c.state, webhook_messages.c.due_at)
