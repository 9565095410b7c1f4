"""The tables of patients' sign-ins, beside those of ``tables``.

No column tells who somebody is: what a sign-in holds is sealed under what the wallet, the browser
or the code carries, and of each of these there is a digest alone. Times are whole seconds since
1970.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, Table

from .tables import metadata

# From the pushed request to the redeemed code; of a redeemed one the offer's name is left.
authorizations: Final = Table(
    "authorizations",
    metadata,
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("request_hash", String, unique=True),
    Column("browser_hash", String, unique=True),
    Column("upstream_hash", String, unique=True),
    Column("code_hash", String, unique=True),
    Column("sealed", LargeBinary),
    Column("offer", String),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("authorizations_expiry", authorizations.c.expires_at)

# How it was made sure that the records of an offer go to the right person.
identity_checks: Final = Table(
    "identity_checks",
    metadata,
    Column("offer", String, ForeignKey("offers.id"), primary_key=True),
    Column("kind", String, nullable=False),
)

# Grants whose wallet proved with an attestation who it is, and so has to each time.
attested_grants: Final = Table(
    "attested_grants",
    metadata,
    Column("root", String, primary_key=True),
)
