"""Settings of the database: a file of SQLite, or PostgreSQL by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings


class DatabaseSettings(BaseSettings):
    """Where the issuer keeps what it must not forget."""

    database: Path | None = Field(None, description="SQLite file; made when it is not there.")
    database_url: SecretStr = Field(
        SecretStr(""),
        description="PostgreSQL 16 or later in place of SQLite, for an issuer of several "
        "processes: `postgresql+psycopg://issuer@host/issuer`. Empty: SQLite. See "
        "docs/database.md.",
    )

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if self.database is None and not self.database_url.get_secret_value():
            message = "database, a file, or database_url is needed"
            raise ValueError(message)
        return self
