"""Settings of OpenID4VCI: encryption, key attestations, and records that are given later."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings


class ProtocolSettings(BaseSettings):
    """What the credential endpoints ask of wallets beyond what all of them do."""

    encryption: Literal["off", "offered", "required"] = Field(
        "offered",
        description="Encryption of credential requests and responses beneath TLS, for an issuer "
        "whose TLS ends at somebody else's server: `required` refuses wallets without it.",
    )
    key_attesters: Path | None = Field(
        None,
        description="PEM file: the certificates below which wallets' key attestations are signed. "
        "Empty: attestations are not looked at.",
    )
    key_attestation_required: bool = Field(
        False, description="Refuse holder keys that no key attestation vouches for."
    )
    key_storage: tuple[str, ...] = Field(
        (),
        description="Levels of key storage that do, as a JSON list (`iso_18045_high` and others). "
        "Empty: any.",
    )
    key_user_authentication: tuple[str, ...] = Field(
        (), description="Levels of user authentication that do, likewise. Empty: any."
    )
    sign_off: Literal["none", "returning", "all"] = Field(
        "none",
        description="Which records staff release (`deferred release`) before a wallet gets them: "
        "those that it asks for by itself, coming back or by sign-in, or all.",
    )
    deferred_interval_seconds: int = Field(
        300, description="Seconds that a wallet is told to wait before it asks again.", ge=1
    )
    deferred_days: int = Field(
        14, description="Days that a record waits to be released or read.", ge=1, le=90
    )
    deferred_notification: bool = Field(
        False,
        description="Send `notification_id` with records that are given later, so that older "
        "copies are replaced once the wallet says that it has the newer one; without it they are "
        "at once. Wallets made with @openid4vc up to 0.4.6 refuse such an answer.",
    )
    nonce_with_records: bool = Field(
        True,
        description="Send `c_nonce` with records, as drafts did. Wallets made with credo-ts up to "
        "0.6.3 that ask for several records in a row take the next nonce from there alone.",
    )
    collect_again: bool = Field(
        False,
        description="Give a record again for new keys while the access token lasts: it then waits, "
        "encrypted, until the token ends instead of being erased at once.",
    )

    @model_validator(mode="after")
    def _knows_whom_to_believe(self) -> Self:
        asked = self.key_attestation_required or self.key_storage or self.key_user_authentication
        if asked and self.key_attesters is None:
            message = "key attestations are asked for, and key_attesters is not set"
            raise ValueError(message)
        return self
