"""Settings of the audit trail: where the key of its digests lies, and how long entries are kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import Field
from pydantic_settings import BaseSettings

KEY_NAME: Final = "audit-digests.key"


class AuditSettings(BaseSettings):
    """How the audit trail is kept (docs/audit.md)."""

    audit_key: Path | None = Field(
        None,
        description="File with the key of the digests in the audit trail, made on first use; every "
        "process of this issuer needs the same. Empty: `audit-digests.key` beside the "
        "SQLite file, or beside the file of the API keys.",
    )
    audit_days: int = Field(
        2_922,
        description="Days that entries of the audit trail are kept; 0 keeps all of them. A signed "
        "head then stands for what was let go.",
        ge=0,
        le=36_525,
    )

    @property
    def audit_lifetime(self) -> timedelta | None:
        """How long entries of the audit trail are kept; None for ever."""
        return timedelta(days=self.audit_days) if self.audit_days else None
