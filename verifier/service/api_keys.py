"""The digests of the desks' API keys and their roles, as a file holds them.

Rules: a key without a role is a clinician's, as before there were roles. The keys themselves are
nowhere. What is *not* here: what a role may do (``staff``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, SettingsError
from verifier.settings import VerifierSettings

from .staff import Role

MAX_FILE: Final = 1_048_576  # bytes, some 10,000 desks
MEMBERS: Final = frozenset({"sha256", "role"})
_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of one key."""

    sha256: str
    role: Role = Role.CLINICIAN

    def row(self) -> Json:
        """As the file holds it."""
        return {"sha256": self.sha256, "role": self.role.value}


def read_api_keys(settings: VerifierSettings) -> Mapping[str, ApiKey]:
    """Each desk's key by the desk's name; nobody may call without the file.

    Raises:
        SettingsError: ``verifier.setup`` for a file of another shape.
    """
    path = settings.api_keys_file
    if not path.exists():
        return {}
    try:
        rows = parse_json_object(path.read_bytes(), max_bytes=MAX_FILE)
    except (EncodingError, OSError) as error:
        raise SettingsError("verifier.setup", f"cannot read {path.name}") from error
    return {name: _key(value, path.name) for name, value in rows.items()}


def load_api_keys(settings: VerifierSettings) -> Mapping[str, str]:
    """The digest of each desk's key; see ``read_api_keys``."""
    return {name: key.sha256 for name, key in read_api_keys(settings).items()}


def load_key_roles(settings: VerifierSettings) -> Mapping[str, Role]:
    """The role of each desk's key; see ``read_api_keys``."""
    return {name: key.role for name, key in read_api_keys(settings).items()}


def _key(value: Json, file: str) -> ApiKey:
    row = value if isinstance(value, Mapping) else {"sha256": value}
    digest, role = row.get("sha256"), row.get("role", Role.CLINICIAN.value)
    if not isinstance(digest, str) or not _DIGEST.match(digest) or not row.keys() <= MEMBERS:
        raise SettingsError("verifier.setup", f"{file} maps names to SHA-256 digests in hex")
    if role not in {one.value for one in Role}:
        raise SettingsError("verifier.setup", f"{file} names a role that there is not")
    return ApiKey(digest, Role(role))
