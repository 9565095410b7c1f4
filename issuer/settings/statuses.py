"""Settings of the status lists: how large they are, how long they count, where changes are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field
from pydantic_settings import BaseSettings

MIN_LIST_SIZE: Final = 131_072  # 2^17 entries: a smaller list singles people out
LIST_SIZE: Final = 1_048_576  # 2^20 entries


class StatusSettings(BaseSettings):
    """How records are told to stand, or not."""

    status_list_size: int = Field(
        LIST_SIZE, description="Entries of a new status list.", ge=MIN_LIST_SIZE, le=2**22
    )
    status_ttl_seconds: int = Field(
        180,
        description="Seconds that a status list may be cached: with publication each minute, and "
        "a minute in shared caches, a withdrawal shows within five minutes.",
        ge=1,
        le=86_400,
    )
    status_hours: int = Field(
        72,
        description="Hours until a published status list expires: how long a desk without a "
        "network can still tell that a record was not withdrawn.",
        ge=1,
        le=720,
    )
    status_journal: Path | None = Field(
        None,
        description="File that keeps each change of a status outside the database, so that a "
        "database restored from a backup does not forget it (docs/status.md); one for each "
        "machine. Empty: beside the database file, or the API keys.",
    )
    status_folder: Path | None = Field(
        None,
        description="Folder in which the server keeps the published lists as files, for another "
        "web server or a CDN (docs/status.md). Empty: `status publish` alone writes them.",
    )
    status_retire_days: int = Field(
        30,
        description="Days after its last record has expired until a full status list is published "
        "no more.",
        ge=1,
        le=3_650,
    )
