"""Settings of the service at which patients sign in. The defaults are NHS login's.

What is *not* here: how staff sign in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

_CLAIM: Final = r"^[A-Za-z0-9_:/.#-]{1,128}$"


class PatientSettings(BaseSettings):
    """Where patients sign in, and how well (docs/patient-sign-in.md)."""

    patient_sign_in_issuer: str = Field(
        "",
        pattern=r"^(https://[!-~]{1,512})?$",
        description="The OpenID provider at which patients sign in, exactly as it names itself, "
        "for example `https://auth.login.nhs.uk`. Empty: records are given by offers with a PIN "
        "alone.",
    )
    patient_sign_in_name: str = Field(
        "NHS login", max_length=60, description="What patients call that service."
    )
    patient_sign_in_client_id: str = Field(
        "", max_length=256, description="This issuer's name there."
    )
    patient_sign_in_client_auth: Literal[
        "client_secret_basic", "client_secret_post", "private_key_jwt"
    ] = Field("private_key_jwt", description="How this issuer proves who it is there.")
    patient_sign_in_client_secret_file: Path | None = Field(
        None, description="File with the secret, for the two ways that have one."
    )
    patient_sign_in_client_key: Path | None = Field(
        None,
        description="PEM file with the private key for private_key_jwt, of RSA or P-256.",
    )
    patient_sign_in_client_algorithm: Literal["RS512", "RS256", "PS256", "ES256"] = Field(
        "RS512", description="How that key signs."
    )
    patient_sign_in_client_kid: str = Field(
        "", max_length=128, description="The key's name there. Empty: its thumbprint."
    )
    patient_sign_in_client_audience: Literal["issuer", "token_endpoint"] = Field(
        "token_endpoint", description="Whom private_key_jwt names as its audience."
    )
    patient_sign_in_scopes: tuple[str, ...] = Field(
        ("openid", "profile"), description="What is asked for (a JSON list)."
    )
    patient_sign_in_algorithms: tuple[
        Literal["RS512", "RS256", "PS256", "ES256", "ES384", "EdDSA"], ...
    ] = Field(
        ("RS512",),
        min_length=1,
        description="Which algorithms may have signed the ID token (a JSON list).",
    )
    patient_sign_in_pkce: Literal["required", "offered"] = Field(
        "offered",
        description="Whether a provider is refused that does not say that it knows PKCE. The nonce "
        "is checked either way.",
    )
    patient_sign_in_levels: tuple[str, ...] = Field(
        ("P9.Cp.Cd", "P9.Cp.Ck", "P9.Cm"),
        min_length=1,
        description="Which levels of sign-in are enough, as the provider writes them in the ID "
        "token (a JSON list).",
    )
    patient_sign_in_level_claim: str = Field(
        "vot", pattern=_CLAIM, description="The claim in which it writes that level."
    )
    patient_sign_in_level_parameter: Literal["vtr", "acr_values", "none"] = Field(
        "vtr", description="The parameter with which those levels are asked for."
    )
    patient_sign_in_proofing_claim: str = Field(
        "identity_proofing_level",
        pattern=_CLAIM,
        description="The claim that says how well the provider knows who the patient is.",
    )
    patient_sign_in_proofing_levels: tuple[str, ...] = Field(
        ("P9",),
        min_length=1,
        description="Which of its values are enough for records (a JSON list). Only `P9` is kept "
        "as the identity check of an issuance.",
    )
    patient_sign_in_nhs_number_claim: str = Field(
        "nhs_number", pattern=_CLAIM, description="The claim with the NHS number."
    )
    patient_sign_in_birth_date_claim: str = Field(
        "birthdate", pattern=_CLAIM, description="The claim with the date of birth."
    )
    patient_sign_in_family_name_claim: str = Field(
        "family_name", pattern=_CLAIM, description="The claim with the family name."
    )
    patient_sign_in_ca_file: Path | None = Field(
        None,
        description="PEM file of the only https authorities to believe towards that service. "
        "Empty: those of the system.",
    )
    patient_sign_in_private_hosts: tuple[str, ...] = Field(
        (), description="HOST:PORT entries of it that may have a private address (JSON list)."
    )
    patient_sign_in_offer_minutes: int = Field(
        60,
        description="Minutes until an offer expires for which the patient signs in.",
        ge=5,
        le=10_080,
    )

    @model_validator(mode="after")
    def _knows_who_it_is_there(self) -> Self:
        if self.patient_sign_in_issuer and not self.patient_sign_in_client_id:
            message = "patient_sign_in_client_id belongs to patient_sign_in_issuer"
            raise ValueError(message)
        return self

    @property
    def signs_in_patients(self) -> bool:
        """Whether patients can sign in here at all."""
        return bool(self.patient_sign_in_issuer)
