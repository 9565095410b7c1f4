"""The issuer's settings: environment variables ``PASSPORT_ISSUER_*`` over an optional TOML file.

This package alone reads the environment; a module each for what belongs together. What is *not*
here: reading keys and certificates.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from healthpassport.errors import DidError, SettingsError
from healthpassport.summary import issued_types
from schemas.cards import CARD, table

from .api import ApiSettings
from .audit import KEY_NAME, AuditSettings
from .console import ConsoleSettings
from .database import DatabaseSettings
from .jobs import JobSettings
from .keeping import KeepingSettings
from .keys import KeySettings
from .patients import PatientSettings
from .protocol import ProtocolSettings
from .sources import SourceSettings
from .statuses import StatusSettings
from .wallets import WalletSettings
from .watching import WatchingSettings

# Days until a record says "out of date". Longer than clinical.md rule 14's freshness defaults
# (medicines 7, allergies 30): within them it is fresh, up to here it is shown as old.
VALIDITY_DAYS: Final[dict[str, int]] = {
    "PatientIdentity": 365,
    "AllergySummary": 90,
    "MedicationSummary": 28,
    "ProblemSummary": 365,
    "ImmunisationSummary": 365,
    "ProcedureSummary": 365,
    "DeviceImplant": 365,
    "PregnancyStatus": 28,
    "ProxyAuthority": 28,
    CARD: int(table().limits["validityDays"]),
}
DEFAULT_VALIDITY_DAYS: Final = 90  # for a record type that is not named above
Format: TypeAlias = Literal["dc+sd-jwt", "ldp_vc"]
SD_JWT_VC: Final = "dc+sd-jwt"
LDP_VC: Final = "ldp_vc"
SECOND_REVIEW_AGE: Final = 16  # clinical.md rule 13


def _issuer_url(value: str) -> str:
    parts = urlsplit(value)
    plain = not (parts.query or parts.fragment or parts.username or value.endswith("/"))
    if parts.scheme != "https" or not parts.hostname or not plain:
        message = "an https URL without query, fragment or trailing slash is needed"
        raise ValueError(message)
    return value


def _each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(value)) != len(value):
        message = "each format stands once"
        raise ValueError(message)
    return value


class Settings(
    ProtocolSettings,
    KeySettings,
    AuditSettings,
    ConsoleSettings,
    DatabaseSettings,
    JobSettings,
    SourceSettings,
    ApiSettings,
    PatientSettings,
    WalletSettings,
    WatchingSettings,
    StatusSettings,
    KeepingSettings,
):
    """Settings of `passport-issuer`; a TOML file (`--config`) may hold them in lower case."""

    model_config = SettingsConfigDict(
        env_prefix="PASSPORT_ISSUER_", frozen=True, extra="forbid", env_nested_delimiter="__"
    )

    iss: Annotated[str, AfterValidator(_issuer_url)] = Field(
        description="The https address of this issuer: `iss` of every record it signs."
    )
    ods: str = Field(description="ODS code of the organisation.", pattern=r"^[A-Z0-9]{3,12}$")
    name: str = Field(description="Name of the organisation, as people know it.", max_length=200)
    system: str = Field("health-passport", description="Name of the source system.")
    trust_folder: Path | None = Field(
        None,
        description="Copy of the trust list (`passport-trust update`): `keys list` and `doctor` "
        "then say what it makes of each key.",
    )
    trust_root: Path | None = Field(None, description="The root that this copy starts from.")
    api_keys: Path = Field(description="JSON file with the hashes of the API keys (`keys add`).")
    tls_cert: Path | None = Field(None, description="PEM file with the server's certificate chain.")
    tls_key: Path | None = Field(None, description="PEM file with the server's private key.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8443, description="Port to listen on.", ge=0, le=65_535)
    refresh_days: int = Field(
        180, description="Days without use until a wallet's refresh token ends.", ge=1, le=730
    )
    refresh_grace_seconds: int = Field(
        120,
        description="Seconds in which the last refresh token is taken once more, when an answer "
        "was lost.",
        ge=0,
        le=3_600,
    )
    reports_jwk: Path | None = Field(
        None,
        description="JWK file: the public key that patients seal reports of errors for "
        "(`keys reports`). Empty: none are taken.",
    )
    reports_key: str | None = Field(
        None,
        description="Address of the private key of the reports, for `reports show` at the "
        "practice's console; the server needs it not.",
    )
    reports_key_passphrase_file: Path | None = Field(
        None, description="File whose first line is the passphrase of that key."
    )
    batch_size: int = Field(
        5, description="Copies of one record in one go, each with its own key.", ge=2, le=50
    )
    formats: Annotated[tuple[Format, ...], AfterValidator(_each_once)] = Field(
        (SD_JWT_VC,),
        min_length=1,
        description="The formats in which each record is offered (a JSON list): `dc+sd-jwt`, "
        "and `ldp_vc` for W3C credentials; a wallet takes one of them.",
    )
    offer_minutes: int = Field(5, description="Minutes until an offer expires.", ge=1, le=60)
    token_minutes: int = Field(
        10, description="Minutes to collect the records after the PIN was given.", ge=1, le=60
    )
    validity_days: dict[str, Annotated[int, Field(ge=1, le=3_650)]] = Field(
        default_factory=dict,
        description="Days until a record is out of date, the last of them to its end (UTC), by "
        "record type, as JSON; the rest keeps its default (identity, problems, "
        "procedures, implants, immunisations 365, medicines, pregnancy, proxies 28, others 90).",
    )
    dpop_required: bool = Field(
        True, description="Refuse tokens that are not bound to a key (RFC 9449)."
    )
    requests_per_second: float = Field(
        50.0, description="Token and nonce requests that one address may make.", gt=0
    )
    request_burst: int = Field(200, description="How many of them at once.", ge=1)
    laboratory: bool = Field(
        False, description="Whether this organisation is a laboratory: it alone tells blood groups."
    )
    proxy_review_age: int = Field(
        11,
        description="Age at which those who act for a child are looked at anew, before records "
        "name them again; 16 is always one more [confirm].",
        ge=0,
        le=13,
    )
    sensitive_codes: Path | None = Field(
        None,
        description="Signed list of sensitive codes that are left out before issue; without it the "
        "list of this package is used, which is empty.",
    )
    sensitive_codes_key: Path | None = Field(
        None, description="JWK file: the public key of whoever signs that list."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much the server writes to stderr."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def validity(self, record_type: str) -> int:
        """Days until a record of ``record_type`` is out of date."""
        default = VALIDITY_DAYS.get(record_type, DEFAULT_VALIDITY_DAYS)
        return self.validity_days.get(record_type, default)

    @property
    def audit_key_file(self) -> Path:
        """The key of the digests in the audit trail."""
        return self.audit_key or (self.database or self.api_keys).with_name(KEY_NAME)

    @property
    def review_ages(self) -> tuple[int, ...]:
        """The ages at which authorities to act stop until they are looked at anew."""
        return (self.proxy_review_age, SECOND_REVIEW_AGE)

    @property
    def path(self) -> str:
        """The path of ``iss``, which stands before every route but the well-known ones."""
        return urlsplit(self.iss).path


def load(config: Path | None = None) -> Settings:
    """The settings of the environment and the TOML file ``config``.

    Raises:
        SettingsError: ``issuer.settings`` with the first thing that is missing or wrong.
    """
    if config is not None and not config.is_file():
        raise SettingsError("issuer.settings", f"there is no file {config.name}")

    class Configured(Settings):
        """The settings with one TOML file beneath."""

        model_config = SettingsConfigDict(toml_file=config)

    try:
        found = Configured()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError("issuer.settings", f"{place}: {first['msg']}") from error
    except ValueError as error:
        raise SettingsError("issuer.settings", "the file is not valid TOML") from error
    if LDP_VC in found.formats and not _has_did(found.iss):
        raise SettingsError("issuer.settings", "formats: no did:web stands for this iss")
    unknown = found.validity_days.keys() - {*issued_types(), CARD}
    if unknown:
        raise SettingsError("issuer.settings", f"validity_days: {min(unknown)} is no record type")
    return found


def _has_did(iss: str) -> bool:
    from healthpassport.dids.web import did_web  # noqa: PLC0415 - cold start

    try:
        did_web(iss)
    except DidError:
        return False
    return True


def tls_problem(settings: Settings) -> str | None:
    """What is wrong with the TLS files, or None; both or neither must be given."""
    if settings.tls_cert is None and settings.tls_key is None:
        return "PASSPORT_ISSUER_TLS_CERT and PASSPORT_ISSUER_TLS_KEY are not set"
    if settings.tls_cert is None or settings.tls_key is None:
        return "the TLS certificate and its key belong together"
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            settings.tls_cert, settings.tls_key
        )
    except (OSError, ssl.SSLError):
        return "the TLS certificate and key cannot be read, or do not fit together"
    return None
