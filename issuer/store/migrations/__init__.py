"""The history of the issuer's tables, for Alembic."""
