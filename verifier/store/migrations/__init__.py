"""Migrations of the store, run by Alembic; see ``store.engine``."""
