"""Settings of what is kept: for how long what has ended can be looked up (docs/keeping.md)."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class KeepingSettings(BaseSettings):
    """How long rows stay after their use."""

    kept_days: int = Field(
        90,
        description="Days that offers, grants and bulk runs are kept after they ended, and jobs "
        "that failed for good (docs/keeping.md). What was issued goes `status_retire_days` "
        "after it expired.",
        ge=1,
        le=3_650,
    )
    clock_leap_days: int = Field(
        14,
        description="Days by which the clock may differ from when it was last seen, also while "
        "nothing ran. Beyond, nothing is ended for a day, or until `passport-issuer clock "
        "--is-right` (docs/keeping.md).",
        ge=1,
        le=3_650,
    )
