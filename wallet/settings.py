"""The wallet's settings: environment variables ``PASSPORT_WALLET_*``, nothing else.

What is *not* here: the passphrase; it comes by prompt or from a file that a command names.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

import platformdirs
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

APP_FOLDER: Final = "health-passport"
DEFAULT_CLIENT_ID: Final = "health-passport-wallet"
WEB_PORT: Final = 8470
MIN_CONTRAST: Final = 4.5  # WCAG 2.2 section 1.4.3


def _default_folder() -> Path:
    return Path(platformdirs.user_data_dir(APP_FOLDER)) / "wallet"


def _contrast_with_white(colour: str) -> float:
    """The contrast ratio of white on ``#rrggbb`` (WCAG 2.2, relative luminance)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)  # noqa: PLR2004 - sRGB
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


class WalletSettings(BaseSettings):
    """Where the wallet keeps its files, whom it trusts, and which language it speaks."""

    model_config = SettingsConfigDict(env_prefix="PASSPORT_WALLET_", frozen=True, extra="forbid")

    folder: Path = Field(
        default_factory=_default_folder,
        description="Folder of the vault and of every file whose own setting is not given.",
    )
    anchor_folder: Path | None = Field(
        default=None,
        description="Folder that remembers the newest state of the vault, so that an older copy of"
        " the vault is noticed. Best kept out of the backups that hold the vault. Empty: the"
        " user's state folder, or anchors beside a vault that stands elsewhere.",
    )
    trust_folder: Path | None = Field(
        default=None,
        description="Folder of the trust list as last updated. Empty: trust in the wallet's own"
        " folder.",
    )
    trust_url: str = Field(
        default="", description="https address that the trust list is published under."
    )
    trust_root: Path | None = Field(
        default=None,
        description="The root metadata that came with the set-up, the start of all trust. Empty:"
        " root.json in the wallet's folder.",
    )
    trust_days: int = Field(
        default=7,
        ge=1,
        le=90,
        description="Days after which a trust list that was not updated vouches for nobody.",
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of the only https authorities to believe."
    )
    allowed_private_hosts: tuple[str, ...] = Field(
        default=(),
        description="HOST:PORT entries that may have a private address (a JSON list). For a"
        " demonstration on one machine.",
    )
    copies: int = Field(
        default=5,
        ge=1,
        le=50,
        description="How many copies of each record to ask for. Each is shown to one asker.",
    )
    review_age: int = Field(
        default=11,
        ge=0,
        le=13,
        description="Age in years at which records of a young person must be issued again before"
        " somebody who acts for them may show them; at 16 once more.",
    )
    client_id: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[!-~]+$")] = Field(
        default=DEFAULT_CLIENT_ID,
        description="The name by which surgeries know this kind of wallet, where a patient signs"
        " in for their records.",
    )
    provider_url: Annotated[str, Field(max_length=2048, pattern=r"^(https://[^\s#]+)?$")] = Field(
        default="",
        description="https address of the wallet provider that vouches for this wallet, for"
        " surgeries that want it. Empty: nobody does.",
    )
    language: Literal["en", "cy"] = Field(
        default="en", description="Language of the questions: en (English) or cy (Welsh)."
    )

    web_port: int = Field(
        default=WEB_PORT,
        ge=0,
        le=65535,
        description="Port of the wallet's pages, on this machine only (http://localhost). 0: any"
        " that is free.",
    )
    brand: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        default="Health Passport", description="The name at the top of the pages."
    )
    brand_colour: str = Field(
        default="#003087",
        pattern=r"^#[0-9a-f]{6}$",
        description="Colour of the bar at the top, dark enough for white words.",
    )
    brand_font: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9 -]{0,60}$",
        description="Font of the pages, one that this machine has. Empty: its usual one.",
    )
    brand_logo: Path | None = Field(
        default=None, description="A logo for the top of the pages (an SVG or PNG file)."
    )

    @field_validator("brand_colour")
    @classmethod
    def _dark_enough(cls, value: str) -> str:
        if _contrast_with_white(value) < MIN_CONTRAST:
            message = "white words cannot be read on this colour"
            raise ValueError(message)
        return value

    @field_validator("allowed_private_hosts")
    @classmethod
    def _in_lower_case(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host.lower() for host in value)

    @property
    def vault_file(self) -> Path:
        """The encrypted vault."""
        return self.folder / "vault.db"

    @property
    def anchors(self) -> Path:
        """The folder of the anchor."""
        if self.anchor_folder is not None:
            return self.anchor_folder
        if self.folder == _default_folder():
            return Path(platformdirs.user_state_dir(APP_FOLDER)) / "wallet-anchors"
        return self.folder.parent / f"{self.folder.name}-anchors"

    @property
    def lists_folder(self) -> Path:
        """The folder of the trust list."""
        return self.trust_folder or self.folder / "trust"

    @property
    def root_file(self) -> Path:
        """The bootstrap root of the trust list."""
        return self.trust_root or self.folder / "root.json"

    @property
    def trust_max_age(self) -> timedelta:
        """The greatest age of the trust list."""
        return timedelta(days=self.trust_days)
