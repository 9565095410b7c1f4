"""The authority's folder: the list as it stands, roots, certificates and sealed keys.

Keys are sealed one by one under a passphrase: scrypt (RFC 7914) and ChaCha20-Poly1305 (RFC 8439),
with the header as associated data, so that its cost cannot be lowered unseen. The root keys and the
CA's key stand in ``offline/``, to be taken away on separate media. What is *not* here: signing.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from healthpassport.encoding import (
    Json,
    b64url_decode,
    b64url_encode,
    dump_json,
    parse_json_object,
)
from healthpassport.errors import EncodingError, KeyMaterialError, ServiceError, TrustError
from healthpassport.trust.cache import replace_file
from healthpassport.trust.model import (
    MAX_LIST_BYTES,
    Registrar,
    TrustedIssuer,
    TrustedVerifier,
)

from .settings import KDF_DEFAULT, KDF_FLOOR

STATE_FILE: Final = "authority.json"
ANCHOR_FILE: Final = "ca.pem"
ROOT_NAMES: Final = ("root-1", "root-2", "root-3")
ROLE_NAMES: Final = ("targets", "snapshot", "timestamp")
OFFLINE: Final = frozenset({*ROOT_NAMES, "ca"})
KEY_NAMES: Final = (*ROOT_NAMES, "ca", *ROLE_NAMES, "registrar")
PASSPHRASE_BYTES: Final = 12
OWNER_ONLY: Final = 0o600
_KDF_CEILING: Final = 1_048_576  # scrypt N of 1 GiB: more in a file is an attack on memory
_BLOCK: Final = 8  # scrypt r
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12


class Change(BaseModel):
    """One line of the public changelog."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    action: Literal["added", "removed", "renewed"]
    kind: Literal["issuer", "verifier", "root"]
    name: str
    ods: str
    what: str


class AuthorityState(BaseModel):
    """All that the authority has decided; keys stand in files of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: Annotated[int, Field(ge=0)] = 0
    root_version: Annotated[int, Field(ge=1)] = 1
    pending: bool = True
    issuers: tuple[TrustedIssuer, ...] = ()
    verifiers: tuple[TrustedVerifier, ...] = ()
    registrar: Registrar
    key_ids: Mapping[str, str]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Passphrases:
    """Who opens what: ``daily`` the publishing keys and registrar, ``ca``, and each root key."""

    daily: bytes
    ca: bytes
    roots: tuple[bytes, ...]

    @classmethod
    def same(cls, passphrase: bytes) -> Self:
        """One passphrase for everything: for a demonstration and tests."""
        return cls(passphrase, passphrase, (passphrase,) * len(ROOT_NAMES))

    def for_key(self, name: str) -> bytes:
        """The passphrase of the key ``name``."""
        if name in ROOT_NAMES:
            position = ROOT_NAMES.index(name)
            if position >= len(self.roots):
                raise ServiceError("authority.passphrase", f"none was given for {name}")
            return self.roots[position]
        return self.ca if name == "ca" else self.daily


@dataclass(frozen=True, slots=True)
class AuthorityStore:
    """The files of one authority below ``folder``; root keys may stand in ``offline`` elsewhere."""

    folder: Path
    offline: Path | None = None

    def exists(self) -> bool:
        """Whether an authority was made here."""
        return (self.folder / STATE_FILE).exists()

    def load(self) -> AuthorityState:
        """What the authority has decided so far."""
        try:
            data = (self.folder / STATE_FILE).read_bytes()
        except FileNotFoundError as error:
            raise ServiceError("authority.missing") from error
        try:
            return AuthorityState.model_validate(
                parse_json_object(data, max_bytes=2 * MAX_LIST_BYTES)
            )
        except (ValidationError, EncodingError, TrustError, KeyMaterialError) as error:
            raise ServiceError("authority.damaged", str(error)[:200]) from error

    def save(self, state: AuthorityState) -> None:
        """Replace what stands in the folder, as a whole."""
        data = dump_json(state.model_dump(mode="json", by_alias=True), indent=1)
        replace_file(self.folder / STATE_FILE, data)

    def root_path(self, version: int) -> Path:
        """Where the signed root of that version stands; version 1 is the one to pin."""
        return self.folder / "roots" / f"{version}.root.json"

    def key_path(self, name: str) -> Path:
        """Where the sealed key ``name`` stands."""
        if name in OFFLINE:
            return (self.offline or self.folder / "offline") / f"{name}.key"
        return self.folder / "keys" / f"{name}.key"

    def seal(self, name: str, secret: bytes, *, passphrase: bytes, cost: int = KDF_DEFAULT) -> None:
        """Write the new key ``name``; one that is there already is never overwritten."""
        path = self.key_path(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            raise ServiceError("authority.exists", f"the key file {path.name}")
        replace_file(path, sealed(secret, passphrase=passphrase, cost=cost), mode=OWNER_ONLY)

    def unseal(self, name: str, *, passphrase: bytes) -> bytes:
        """The secret of the key ``name`` (PKCS #8 DER)."""
        try:
            data = self.key_path(name).read_bytes()
        except FileNotFoundError as error:
            raise ServiceError("authority.key_missing", f"the key {name}") from error
        try:
            return unsealed(data, passphrase=passphrase)
        except ServiceError as error:
            raise ServiceError(error.code, f"the key {name}") from error

    def left_online(self) -> tuple[str, ...]:
        """The offline keys that still stand in the authority's own folder."""
        names = sorted(OFFLINE)
        return tuple(n for n in names if (self.folder / "offline" / f"{n}.key").exists())


def sealed(secret: bytes, *, passphrase: bytes, cost: int) -> bytes:
    """A key file: ``secret`` under ``passphrase``.

    Raises:
        ServiceError: ``authority.kdf_floor`` or ``authority.passphrase_short``.
    """
    if cost < KDF_FLOOR or cost > _KDF_CEILING or cost & (cost - 1):
        raise ServiceError("authority.kdf_floor")
    if len(passphrase) < PASSPHRASE_BYTES:
        raise ServiceError("authority.passphrase_short")
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    opened: dict[str, Json] = {
        "type": "hp-sealed-key",
        "version": 1,
        "kdf": "scrypt",
        "n": cost,
        "r": _BLOCK,
        "p": 1,
        "salt": b64url_encode(salt),
        "nonce": b64url_encode(nonce),
    }
    box = ChaCha20Poly1305(_derive(passphrase, salt, cost))
    hidden = box.encrypt(nonce, secret, dump_json(opened))
    return dump_json({**opened, "sealed": b64url_encode(hidden)}, indent=1)


def unsealed(data: bytes, *, passphrase: bytes) -> bytes:
    """The secret in a key file.

    Raises:
        ServiceError: ``authority.key_damaged``, ``authority.kdf_floor`` or
            ``authority.passphrase`` (also for a file whose header was altered).
    """
    try:
        found = parse_json_object(data)
        cost, hidden = found["n"], b64url_decode(str(found["sealed"]))
        salt, nonce = b64url_decode(str(found["salt"])), b64url_decode(str(found["nonce"]))
    except (EncodingError, KeyError) as error:
        raise ServiceError("authority.key_damaged") from error
    if not isinstance(cost, int) or len(nonce) != _NONCE_BYTES:
        raise ServiceError("authority.key_damaged")
    if not KDF_FLOOR <= cost <= _KDF_CEILING or cost & (cost - 1):
        raise ServiceError("authority.kdf_floor")
    opened = {name: value for name, value in found.items() if name != "sealed"}
    box = ChaCha20Poly1305(_derive(passphrase, salt, cost))
    try:
        return box.decrypt(nonce, hidden, dump_json(opened))
    except InvalidTag as error:
        raise ServiceError("authority.passphrase") from error


def _derive(passphrase: bytes, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=_BLOCK, p=1).derive(passphrase)


def owner_only(path: Path) -> bool:
    """Whether nobody but its owner can read ``path``."""
    return not path.stat().st_mode & 0o077 or os.name == "nt"
