"""The authority's settings: environment variables ``PASSPORT_AUTHORITY_*``, nothing else.

What is *not* here: passphrases; those come from files that a command names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

APP_FOLDER: Final = "health-passport"
KDF_FLOOR: Final = 16_384  # scrypt N: 16 MiB with r = 8 (RFC 7914 section 2)
KDF_DEFAULT: Final = 131_072  # scrypt N: 128 MiB with r = 8


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir(APP_FOLDER)) / "authority"


def _default_copy() -> Path:
    return Path(platformdirs.user_data_dir(APP_FOLDER)) / "trust"


class AuthoritySettings(BaseSettings):
    """Where the authority keeps its files, and how long what it signs lasts."""

    model_config = SettingsConfigDict(env_prefix="PASSPORT_AUTHORITY_", frozen=True, extra="forbid")

    home: Path = Field(
        default_factory=_default_home, description="Folder of the authority: list, keys, roots."
    )
    copy_folder: Path = Field(
        default_factory=_default_copy,
        description="Folder in which `passport-trust update` keeps a copy of the trust list.",
    )
    kdf_cost: int = Field(
        default=KDF_DEFAULT,
        ge=KDF_FLOOR,
        description="scrypt cost N of key files, a power of two.",
    )
    root_days: int = Field(
        default=365, ge=1, le=1825, description="Days for which signed root keys are good."
    )
    targets_days: int = Field(
        default=30, ge=1, le=365, description="Days until the list must be published again."
    )
    timestamp_days: int = Field(
        default=7, ge=1, le=30, description="Days within which a desk must see a new timestamp."
    )
    ca_days: int = Field(
        default=3650, ge=365, le=7300, description="Days for which the anchor certificate is good."
    )
    certificate_days: int = Field(
        default=365, ge=1, le=825, description="Days for which an issued certificate is good."
    )
    max_age_days: int = Field(
        default=7, ge=1, le=30, description="Greatest age of a copy before `check` calls it stale."
    )
