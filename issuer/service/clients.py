"""API clients: who may make offers and change statuses, kept as hashes of their keys.

A key has 256 random bits, so a plain SHA-256 of it is enough. What is *not* here: people; an API
client is a practice's own system.
"""

from __future__ import annotations

import hmac
from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from healthpassport.encoding import b64url_encode, dump_json, parse_json_object
from healthpassport.errors import EncodingError, ServiceError, SettingsError

from .context import SECRET_BYTES, Randomness, digest

PREFIX: Final = "hpi_"  # so that a leaked key is recognised for what it is
# Names under which the issuer itself makes offers: whoever bore one would see and change these.
RESERVED: Final = frozenset(
    {"command-line", "console", "staff", "bulk", "wallet", "issuer", "patient-sign-in"}
)


class Role(StrEnum):
    """What a key may do."""

    OFFER = "offer"
    STATUS = "status"


class Client(BaseModel):
    """One API client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
    sha256: str
    roles: tuple[Role, ...]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=1)] = 1
    keys: tuple[Client, ...] = ()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is told once."""

    name: str
    key: str


def read_clients(path: Path) -> tuple[Client, ...]:
    """The clients in the file ``path``.

    Raises:
        SettingsError: ``issuer.api_keys``.
    """
    try:
        return _File.model_validate(parse_json_object(path.read_bytes())).keys
    except (OSError, EncodingError, ValidationError) as error:
        raise SettingsError("issuer.api_keys") from error


def authorise(clients: tuple[Client, ...], key: str, role: Role) -> Client:
    """The client whose key this is, if it has ``role``.

    Raises:
        ServiceError: ``http.unauthorized`` for no key or an unknown one, ``forbidden`` without the
            role.
    """
    found = find(clients, key)
    if role not in found.roles:
        raise ServiceError("forbidden")
    return found


def find(clients: tuple[Client, ...], key: str) -> Client:
    """The client whose key this is.

    Raises:
        ServiceError: ``http.unauthorized`` for no key or an unknown one.
    """
    wanted = digest(key)
    found = [client for client in clients if hmac.compare_digest(client.sha256, wanted)]
    if not found:
        raise ServiceError("http.unauthorized")
    return found[0]


def add_client(
    path: Path,
    *,
    name: str,
    random: Randomness,
    roles: tuple[Role, ...] = tuple(Role),
    systems: Container[str] = (),
) -> NewKey:
    """Make a key for ``name`` and keep its hash in the file ``path``.

    ``systems`` are the names of record systems (``api_clients``), which no key may bear.

    Raises:
        SettingsError: ``issuer.api_keys``.
        ServiceError: ``issuer.key_name`` when the name is taken, or the issuer's own;
            ``api.key_name_of_client``.
    """
    if name in systems:
        raise ServiceError("api.key_name_of_client")
    clients = read_clients(path) if path.exists() else ()
    if name in RESERVED or any(client.name == name for client in clients):
        raise ServiceError("issuer.key_name")
    key = PREFIX + b64url_encode(random(SECRET_BYTES))
    try:
        added = Client(name=name, sha256=digest(key), roles=roles)
    except ValidationError as error:
        raise SettingsError("issuer.api_keys", "a name is lower case letters and digits") from error
    file = _File(keys=(*clients, added))
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.touch(mode=0o600)
        partial.write_bytes(dump_json(file.model_dump(mode="json"), indent=2) + b"\n")
        partial.replace(path)
    except OSError as error:
        raise SettingsError("issuer.api_keys", "the file cannot be written") from error
    return NewKey(name, key)
