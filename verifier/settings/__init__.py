"""The desk's settings: environment variables ``PASSPORT_VERIFIER_*``, nothing else.

What is *not* here: files' contents; those are read once, by the service.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import platformdirs
from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from .hospital import HospitalSettings
from .staff import StaffSettings

APP_FOLDER: Final = "health-passport"
MAIN: Final = "main"  # the organisation of a deployment that serves one
SD_JWT_VC: Final = "dc+sd-jwt"


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir(APP_FOLDER)) / "verifier"


class VerifierSettings(HospitalSettings, StaffSettings):
    """Where the desk keeps its files, under which names it serves, and how long things last."""

    model_config = SettingsConfigDict(env_prefix="PASSPORT_VERIFIER_", frozen=True, extra="forbid")

    home: Path = Field(
        default_factory=_default_home,
        description="Folder of the database and of every file whose own setting is not given.",
    )
    database_url: str = Field(
        default="",
        pattern=r"^(postgresql\+psycopg://\S+)?$",
        repr=False,
        description="PostgreSQL for several processes, postgresql+psycopg://USER@HOST/NAME; needs"
        " the extra postgresql. Empty: SQLite in the home folder, for one process.",
    )
    holding_key: Path | None = Field(
        default=None,
        description="With PostgreSQL: file of the key that seals what is held there until it is"
        " closed, the same for every process; made on first use. Empty: holding.key in the home"
        " folder.",
    )
    public_url: str = Field(
        default="https://localhost:8443",
        pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
        description="The https address under which wallets reach this desk. Its host must stand"
        " in the desk's certificate.",
    )
    api_host: str = Field(
        default="127.0.0.1", description="Address that the wallets' endpoints are served on."
    )
    api_port: int = Field(
        default=8443, ge=1, le=65535, description="Port of the wallets' endpoints."
    )
    tls_cert: Path | None = Field(
        default=None, description="PEM file with the certificate that https presents."
    )
    tls_key: Path | None = Field(default=None, description="PEM file with the key for https.")
    web_hosts: tuple[str, ...] = Field(
        default=("localhost",),
        description="Host names that the page for staff answers to (a JSON list).",
    )
    key: str = Field(
        default="",
        description="Where the request signing key is, as file:PATH. Empty: file verifier.key in"
        " the home folder.",
    )
    key_passphrase_file: Path | None = Field(
        default=None, description="File that holds the passphrase of the signing key."
    )
    certificate: Path | None = Field(
        default=None,
        description="PEM file with the signing certificate and its intermediates, leaf first,"
        " without the anchor. Empty: verifier.pem in the home folder.",
    )
    registrations: Path | None = Field(
        default=None,
        description="Folder with one registration for each purpose, PURPOSE.jwt. Empty:"
        " registrations in the home folder.",
    )
    api_keys: Path | None = Field(
        default=None,
        description="JSON file that maps the name of each desk to the SHA-256 (hex) of its API"
        " key, or to an object with sha256 and role. Empty: api-keys.json in the home folder.",
    )
    api_key_file: Path | None = Field(
        default=None,
        description="File with the API key that the request commands use to call a running desk.",
    )
    trust_folder: Path | None = Field(
        default=None,
        description="Folder of the trust list and the status lists as last updated. Empty: trust"
        " in the home folder.",
    )
    trust_url: str = Field(
        default="", description="https address that the trust list is published under."
    )
    trust_root: Path | None = Field(
        default=None,
        description="The root metadata that came with the set-up, the start of all trust. Empty:"
        " root.json in the home folder.",
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of the only https authorities to believe when updating."
    )
    allowed_private_hosts: tuple[str, ...] = Field(
        default=(),
        description="HOST:PORT entries that may have a private address when updating (JSON list).",
    )
    update_minutes: int = Field(
        default=2,
        ge=1,
        le=1440,
        description="Minutes between updates of trust and status lists; with more than 3 a"
        " withdrawal may be seen later than five minutes after it.",
    )
    request_minutes: int = Field(
        default=5, ge=1, le=5, description="Minutes that a patient has to answer a request."
    )
    result_minutes: int = Field(
        default=15, ge=1, le=240, description="Minutes until a result on the screen is forgotten."
    )
    receipt_days: int = Field(
        default=2922,
        ge=1,
        le=36_525,
        description="Days that this desk keeps the note of a receipt that it gave: an id, a time"
        " and keyed digests, nothing clinical. The default is eight years.",
    )
    audit_days: int = Field(
        default=2922,
        ge=0,
        le=36_525,
        description="Days that entries of the audit trail are kept; 0 keeps all of them. A signed"
        " head stands in the place of those that were let go. The default is eight years.",
    )
    confirm: bool = Field(
        default=False,
        description="Whether staff must type the code that the patient's wallet shows before a"
        " result is seen (against codes passed on to someone far away).",
    )
    request_uri_method: Literal["get", "post"] = Field(
        default="get",
        description="How wallets are asked to fetch requests. post adds a nonce of the wallet's"
        " own and makes the QR code larger.",
    )
    formats: tuple[Literal["dc+sd-jwt", "ldp_vc"], ...] = Field(
        default=("dc+sd-jwt", "ldp_vc"),
        min_length=1,
        description="The formats of records that are asked for, the preferred first (a JSON list).",
    )
    require_post_quantum: bool = Field(
        default=False,
        description="Whether each record must bear a post-quantum signature (ML-DSA-44) of its"
        " issuer beside the first. Only dc+sd-jwt carries one: nothing else is asked for then.",
    )
    freshness: Path | None = Field(
        default=None,
        description="JSON file that says how old records and lists may be at this hospital"
        " (docs/verifier.md). Empty: freshness.json in the home folder, where there is one.",
    )
    templates: Path | None = Field(
        default=None, description="Folder with more request templates of this hospital."
    )
    brand: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        default="Health Passport", description="The name at the top of the page for staff."
    )
    organisations: Path | None = Field(
        default=None,
        description="Folder with one folder for each organisation that this deployment serves"
        " (docs/organisations.md). Empty: one organisation, whose files are in the home folder.",
    )
    tenant: str = Field(
        default=MAIN,
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="The folder of the organisation that a command works for, where the deployment"
        " serves several.",
    )
    proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses of the hospital's own proxies, whose X-Forwarded-For header is"
        " believed when requests of one address are counted (a JSON list).",
    )
    requests_per_second: float = Field(
        default=50.0,
        gt=0,
        le=100_000,
        description="Requests that one address may make in the long run, of wallets' endpoints and"
        " of pages, each organisation by itself.",
    )
    request_burst: int = Field(
        default=1000, ge=1, le=1_000_000, description="How many of them it may make at once."
    )
    language: Literal["en", "cy"] = Field(
        default="en",
        description="Language of the page for staff until they choose one: en or cy.",
    )
    organisation: str = Field(
        default="This desk", description="The organisation's name at the top of the page for staff."
    )

    @field_validator(
        "web_hosts", "allowed_private_hosts", "hospital_private_hosts", "webhook_hosts"
    )
    @classmethod
    def _in_lower_case(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host.lower() for host in value)

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if not self.asked_formats:
            message = "a post-quantum signature is required, and no format asked for carries one"
            raise ValueError(message)
        return self

    @property
    def asked_formats(self) -> tuple[str, ...]:
        """The formats of records that are asked for; the required signature rules others out."""
        return tuple(
            name for name in self.formats if name == SD_JWT_VC or not self.require_post_quantum
        )

    @property
    def key_uri(self) -> str:
        """The URI of the signing key."""
        return self.key or f"file:{self.home / 'verifier.key'}"

    @property
    def certificate_file(self) -> Path:
        """The PEM file with the signing certificate and its intermediates."""
        return self.certificate or self.home / "verifier.pem"

    @property
    def registrations_folder(self) -> Path:
        """The folder with one registration for each purpose."""
        return self.registrations or self.home / "registrations"

    @property
    def freshness_file(self) -> Path:
        """The file that says how old records and lists may be."""
        return self.freshness or self.home / "freshness.json"

    @property
    def api_keys_file(self) -> Path:
        """The file with the digests of the desks' API keys."""
        return self.api_keys or self.home / "api-keys.json"

    @property
    def lists_folder(self) -> Path:
        """The folder of trust list and status lists."""
        return self.trust_folder or self.home / "trust"

    @property
    def root_file(self) -> Path:
        """The bootstrap root of the trust list."""
        return self.trust_root or self.home / "root.json"

    @property
    def database_file(self) -> Path:
        """The SQLite database of transactions."""
        return self.home / "verifier.sqlite"

    @property
    def holding_key_file(self) -> Path:
        """The key that seals what several processes hold in the database."""
        return self.holding_key or self.home / "holding.key"

    @property
    def receipt_key_file(self) -> Path:
        """The key of the digests in those notes; made on first use."""
        return self.home / "receipt-digests.key"

    @property
    def audit_key_file(self) -> Path:
        """The key of the digests in the audit trail; made on first use."""
        return self.home / "audit-digests.key"

    @property
    def audit_lifetime(self) -> timedelta | None:
        """How long entries of the audit trail are kept; None for ever."""
        return timedelta(days=self.audit_days) if self.audit_days else None

    @property
    def receipt_lifetime(self) -> timedelta:
        """How long the note of a receipt is kept."""
        return timedelta(days=self.receipt_days)

    @property
    def request_lifetime(self) -> timedelta:
        """How long a patient has to answer (security.md: at most five minutes)."""
        return timedelta(minutes=self.request_minutes)

    @property
    def result_lifetime(self) -> timedelta:
        """How long a result is kept in memory."""
        return timedelta(minutes=self.result_minutes)
