"""Settings of the sources: where the issuer itself reads patients' notes (docs/sources.md).

What is *not* here: the sources (``issuer.client``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

SourceKind: TypeAlias = Literal["folder", "fhir", "gp-connect"]
_BASE: Final = r"^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~:/-]*)?)?$"
_KIND: Final = r"^[A-Z][A-Za-z]{2,63}$"
_HOST: Final = r"^[A-Za-z0-9.-]+:[0-9]{1,5}$"
_ASID: Final = r"^[0-9]{0,12}$"


class SourceSettings(BaseSettings):
    """Which sources there are, which of them is meant where nobody says, and how they are read."""

    source_default: SourceKind | None = Field(
        None,
        description="The source that is meant where none is named: `folder`, `fhir` or "
        "`gp-connect`. Empty: the first of these that is set up.",
    )
    verified_numbers_only: bool = Field(
        False,
        description="Whether record systems and bulk runs get offers and cards of people alone "
        "whose NHS number the source calls verified. Off: who is found by a number that the source "
        "says is not verified is refused all the same, and where it says nothing they are warned.",
    )
    source_folder: Path | None = Field(
        None,
        description="Folder of FHIR bundles that offers may name (`offers create --source NAME`): "
        "wallets have them read again when they refresh. Empty: each refresh needs a new offer.",
    )
    source_fhir_url: str = Field(
        "",
        pattern=_BASE,
        description="https address of the record system's FHIR R4 server. Empty: there is none.",
    )
    source_fhir_client_id: str = Field(
        "",
        max_length=255,
        description="The client id under which that server knows this issuer. Empty: it asks for "
        "no sign-in.",
    )
    source_fhir_key: str = Field(
        "",
        description="Address of the key for that sign-in: P-384 or RSA, for example "
        "`file:///keys/source.pem` (`sources key` makes one).",
    )
    source_fhir_key_passphrase_file: Path | None = Field(
        None, description="File whose first line is the passphrase of that key."
    )
    source_fhir_scope: str = Field(
        "system/*.rs", max_length=2_000, description="The scopes that are asked of that server."
    )
    source_fhir_way: Literal["auto", "summary", "everything", "search"] = Field(
        "auto",
        description="How notes are read: the server's `$summary`, its `$everything`, or searches "
        "type by type. `auto`: the first that the server says it can.",
    )
    source_fhir_without: tuple[Annotated[str, Field(pattern=_KIND)], ...] = Field(
        (),
        description="Resource types that searches leave out (a JSON list), for example "
        '`["Observation"]`; what they would tell is told as missing.',
    )
    source_gp_connect_url: str = Field(
        "",
        pattern=_BASE,
        description="https address of a GP Connect Access Record: Structured endpoint, behind the "
        "Spine Secure Proxy where there is one. Empty: there is none.",
    )
    source_gp_connect_audience: str = Field(
        "",
        max_length=2_000,
        description="The endpoint's own service root, which its token names. Empty: the address.",
    )
    source_gp_connect_from: str = Field(
        "", pattern=_ASID, description="ASID of this system (`Ssp-From`)."
    )
    source_gp_connect_to: str = Field(
        "", pattern=_ASID, description="ASID of the practice's system (`Ssp-To`)."
    )
    source_gp_connect_user: str = Field(
        "",
        max_length=64,
        description="Id of the member of staff in whose name notes are read: the token names them.",
    )
    source_gp_connect_user_name: tuple[str, ...] = Field(
        (), description='Their name as `["FAMILY", "Given", "Title"]` (a JSON list).'
    )
    source_gp_connect_sds_user: str = Field(
        "UNK", max_length=64, description="Their SDS user id, `UNK` without a smartcard."
    )
    source_gp_connect_sds_role: str = Field(
        "UNK", max_length=64, description="Their SDS role profile id, `UNK` without a smartcard."
    )
    source_ca_file: Path | None = Field(
        None, description="PEM file of the only https authorities to believe at record systems."
    )
    source_certificate: Path | None = Field(
        None,
        description="PEM file with the certificate that record systems are shown (mutual TLS).",
    )
    source_certificate_key: Path | None = Field(None, description="PEM file with its private key.")
    source_private_hosts: tuple[Annotated[str, Field(pattern=_HOST)], ...] = Field(
        (),
        description="HOST:PORT entries of record systems that may have a private address (a JSON "
        "list).",
    )
    source_call_seconds: float = Field(
        15.0, description="Seconds for one call of a record system.", gt=0, le=120
    )
    source_seconds: float = Field(
        60.0, description="Seconds for reading one person, with all tries.", gt=0, le=600
    )
    source_answers: int = Field(
        200, description="Answers of a record system for one person.", ge=20, le=10_000
    )

    @field_validator("source_private_hosts")
    @classmethod
    def _in_lower_case(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host.lower() for host in value)

    @model_validator(mode="after")
    def _knows_all_of_its_sources(self) -> Self:
        if self.source_fhir_client_id and not self.source_fhir_key:
            message = "source_fhir_client_id and source_fhir_key belong together"
            raise ValueError(message)
        named = (self.source_gp_connect_from, self.source_gp_connect_to)
        if self.source_gp_connect_url and not (all(named) and self.source_gp_connect_user):
            message = "source_gp_connect_url needs source_gp_connect_from, _to and _user"
            raise ValueError(message)
        return self
