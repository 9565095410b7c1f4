"""Settings of the keys that sign: the present one, the next one, and the second signature's."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_settings import BaseSettings


class KeySettings(BaseSettings):
    """Which keys sign, with their certificates, and from when on."""

    key: str = Field(
        description="Address of the signing key, for example `file:///keys/issuer.pem`."
    )
    key_passphrase_file: Path | None = Field(
        None, description="File whose first line is the passphrase of the signing key."
    )
    second_key: str | None = Field(
        None,
        description="Address of an ML-DSA-44 key (`keys second`): each `dc+sd-jwt` record then "
        "bears a post-quantum signature too; `ldp_vc` carries none. Empty: no second signature.",
    )
    second_key_passphrase_file: Path | None = Field(
        None, description="File whose first line is the passphrase of the second key."
    )
    x5c: Path = Field(
        description="PEM file: the signing certificate and intermediates, leaf first."
    )
    next_key: str | None = Field(
        None,
        description="Address of the key that signs next (docs/keys.md). Empty: no change is due.",
    )
    next_key_passphrase_file: Path | None = Field(
        None, description="File whose first line is the passphrase of the next key."
    )
    next_x5c: Path | None = Field(
        None, description="PEM file: the next key's certificate and intermediates, leaf first."
    )
    next_key_from: AwareDatetime | None = Field(
        None, description="When the next key begins to sign, for example 2027-01-10T00:00:00Z."
    )

    @model_validator(mode="after")
    def _knows_all_of_the_next_key(self) -> Self:
        if len({value is None for value in (self.next_key, self.next_x5c, self.next_key_from)}) > 1:
            message = "next_key, next_x5c and next_key_from belong together"
            raise ValueError(message)
        return self
