"""Settings of what the desk calls in the hospital: its FHIR server, who is told of requests.

They stand with the others as ``PASSPORT_VERIFIER_*``. What is *not* here: the calls (``client``,
``service``).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class HospitalSettings(BaseSettings):
    """A part of the desk's settings; ``home`` is that of the whole."""

    home: Path

    hospital_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the only https authorities to believe when calling the"
        " hospital's own systems.",
    )
    hospital_private_hosts: tuple[str, ...] = Field(
        default=(),
        description="HOST:PORT entries of the hospital's own systems that may have a private"
        " address (JSON list).",
    )
    fhir_url: str = Field(
        default="",
        pattern=r"^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?)?$",
        description="https address of the hospital's FHIR R4 server (docs/hospital.md). Empty:"
        " nothing is read of one or written to it.",
    )
    fhir_client_id: str = Field(
        default="",
        max_length=255,
        description="The client id under which that server knows this desk. Empty: it asks for"
        " no sign-in.",
    )
    fhir_key: str = Field(
        default="",
        description="Where the key for that sign-in is, as file:PATH or pkcs11:...: P-384 or RSA."
        " Empty: file fhir.key in the home folder.",
    )
    fhir_scope: str = Field(
        default="system/Patient.rs system/DocumentReference.crs system/Provenance.crs"
        " system/AllergyIntolerance.crs system/MedicationStatement.crs system/Condition.crs"
        " system/Immunization.crs system/Procedure.crs",
        max_length=2000,
        description="The scopes that are asked of that server.",
    )
    fhir_number_system: str = Field(
        default="",
        max_length=255,
        description="The identifier system of the hospital's own patient numbers on that server.",
    )
    fhir_match: bool = Field(
        default=False,
        description="Whether that server has Patient/$match, asked where a search finds nobody.",
    )
    webhook_hosts: tuple[str, ...] = Field(
        default=(),
        description="HOST:PORT entries that may be told how far a request is (JSON list;"
        " docs/webhooks.md).",
    )

    @property
    def fhir_key_uri(self) -> str:
        """The URI of the key for the hospital's FHIR server."""
        return self.fhir_key or f"file:{self.home / 'fhir.key'}"

    @property
    def webhooks_file(self) -> Path:
        """The file of the systems that are told of requests, with their secrets."""
        return self.home / "webhooks.json"
