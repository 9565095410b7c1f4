"""Settings of wallets that ask by themselves: who they are, and where answers may go."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class WalletSettings(BaseSettings):
    """Which wallets are known, and what each has to prove (docs/patient-sign-in.md)."""

    wallet_clients: Path | None = Field(
        None,
        description="JSON file of the wallets that are known: an object of client_id to `name` and "
        "`redirect_uris`. Empty: none are.",
    )
    wallet_provider_keys: Path | None = Field(
        None,
        description="JWK set: the keys of wallet providers whose attestations count, each with its "
        "`kid`.",
    )
    wallet_provider_anchors: Path | None = Field(
        None,
        description="PEM file: the anchors of wallet providers' certificates, for attestations "
        "that bring their chain (`x5c`).",
    )
    wallet_attestation: Literal["optional", "sign_in", "always"] = Field(
        "sign_in",
        description="When a wallet needs an attestation of its provider: never, when the patient "
        "signs in (HAIP 1.0), or for every token. One that is sent is always checked.",
    )
    wallet_attestation_challenge: bool = Field(
        False,
        description="Whether the proof beside an attestation must answer a challenge of this "
        "server (`challenge_endpoint`).",
    )
    wallet_redirects: Literal["registered", "attested"] = Field(
        "registered",
        description="Where a wallet may have its answer sent: to an address that stands in "
        "PASSPORT_ISSUER_WALLET_CLIENTS, or, of a wallet with an attestation, to any https "
        "address, private scheme or loopback address.",
    )
    dpop_nonce: bool = Field(
        False,
        description="Whether each proof of possession must hold a nonce of this server (RFC 9449 "
        "section 8).",
    )
