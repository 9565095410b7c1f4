"""The organisations that one deployment serves: a folder each, read into settings of its own.

Rules: what is the deployment's (ports, https, lists, database) an organisation cannot set; all
else stands in its own folder and ``organisation.toml`` and is never taken from the deployment, so
that no key, name or sign-in of one is another's by default. What is *not* here: the desks
(``tenants``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from healthpassport.errors import SettingsError
from verifier.settings import VerifierSettings

from .identity import DeskIdentity, read_file

FILE: Final = "organisation.toml"
MAX_ORGANISATIONS: Final = 200  # each holds a key and up to 50 MB of questions and results
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")

# What belongs to the deployment: every organisation has these as the deployment has them.
SHARED: Final = frozenset(
    {
        "allowed_private_hosts",
        "api_host",
        "api_port",
        "ca_file",
        "database_url",
        "proxies",
        "request_burst",
        "requests_per_second",
        "tls_cert",
        "tls_key",
        "trust_folder",
        "trust_root",
        "trust_url",
        "update_minutes",
        "web_port",
    }
)
# What an organisation's file may not say either: where its folder is, and who it is.
GIVEN: Final = frozenset({"home", "organisations", "tenant", "organisation", "deployment"})


class OrganisationSettings(VerifierSettings):
    """The settings of one organisation. The environment has no part in them."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    deployment: Path
    ods: str = ""

    @property
    def database_file(self) -> Path:
        """The deployment's database, in which each row names its organisation."""
        return self.deployment / "verifier.sqlite"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the names are pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is handed over, and nothing else."""
        return (init_settings,)


def organisation_names(shared: VerifierSettings) -> tuple[str, ...]:
    """The folders of the deployment's organisations, in order; none where it serves one.

    Raises:
        SettingsError: ``verifier.organisation`` for a folder that cannot be listed, that holds no
            organisation or too many, or one whose name cannot be used.
    """
    if shared.organisations is None:
        return ()
    try:
        found = sorted(path.name for path in shared.organisations.iterdir() if path.is_dir())
    except OSError as error:
        raise _wrong(shared.organisations.name, "the folder cannot be read") from error
    names = [name for name in found if not name.startswith(".")]
    for name in names:
        if not NAME.match(name):
            raise _wrong(name, "a folder's name has small letters, digits and hyphens")
    if not 0 < len(names) <= MAX_ORGANISATIONS:
        raise _wrong(shared.organisations.name, f"{len(names)} organisations in it")
    return tuple(names)


def organisation_settings(shared: VerifierSettings, name: str) -> OrganisationSettings:
    """The settings of the organisation ``name``.

    Raises:
        SettingsError: ``verifier.organisation`` with the first thing that is wrong in its file.
    """
    if shared.organisations is None or name not in organisation_names(shared):
        raise _wrong(name, "there is no such folder")
    folder = shared.organisations / name
    said = _read(folder, name)
    given: dict[str, Any] = {member: getattr(shared, member) for member in SHARED}
    given |= {
        "trust_folder": shared.lists_folder,
        "trust_root": shared.root_file,
        "deployment": shared.home,
        "home": folder,
        "tenant": name,
    }
    try:
        return OrganisationSettings(**(_own(said, folder, name) | given))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _wrong(name, f"{place} {first['msg']}".strip()) from error


def refuse_other_code(own: OrganisationSettings, identity: DeskIdentity) -> None:
    """Refuse registrations that are of another organisation than its file says.

    Raises:
        SettingsError: ``verifier.organisation`` with both ODS codes.
    """
    if own.ods and identity.ods and own.ods.upper() != identity.ods.upper():
        raise _wrong(own.tenant, f"registered as {identity.ods}, its file says {own.ods}")


def _read(folder: Path, name: str) -> Mapping[str, Any]:
    try:
        said = tomllib.loads(read_file(folder / FILE).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(name, f"{FILE} is no TOML: {error}") from error
    except SettingsError as error:
        raise _wrong(name, f"{FILE} cannot be read") from error
    for needed in ("name", "public_url", "web_hosts"):
        if needed not in said:
            raise _wrong(name, f"{FILE} does not say {needed}")
    for member in said:
        if member in SHARED or member in GIVEN:
            raise _wrong(name, f"{member} is not an organisation's to set")
    return said


def _own(said: Mapping[str, Any], folder: Path, name: str) -> dict[str, Any]:
    """``name`` under its name in the settings, and paths from the organisation's folder on."""
    own = {member: value for member, value in said.items() if member != "name"}
    for member, value in own.items():
        field = OrganisationSettings.model_fields.get(member)
        if field is not None and "Path" in str(field.annotation) and isinstance(value, str):
            own[member] = folder / value
    if isinstance(own.get("key"), str) and own["key"].startswith("file:"):
        own["key"] = f"file:{folder / own['key'].removeprefix('file:')}"
    if not said["web_hosts"]:
        raise _wrong(name, "web_hosts names no host")
    return own | {"organisation": said["name"]}


def _wrong(name: str, why: str) -> SettingsError:
    return SettingsError("verifier.organisation", f"{name}: {why}")
