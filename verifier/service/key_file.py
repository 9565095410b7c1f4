"""The file of API keys: a list of names and digests; the keys themselves are nowhere.

An earlier form, one JSON object that maps a name to a digest, is read as well and written no more;
its keys are clinicians', as before there were roles. What is *not* here: who may call
(``api_keys``), and what a role may do (``staff``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from healthpassport.encoding import Json, b64url_encode, dump_json, parse_json_object
from healthpassport.errors import EncodingError, SettingsError
from healthpassport.trust.cache import replace_file

from .staff import Role

MAX_FILE: Final = 1_048_576  # bytes, some 5,000 keys
KEY_BYTES: Final = 32
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
EARLY: Final = frozenset({"sha256", "role"})  # members of a key in the earlier form
_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. ``desk`` is the desk whose questions it sees; its last day is ``expires``."""

    name: str
    desk: str
    digest: str = field(repr=False)
    role: Role = Role.CLINICIAN
    created: date | None = None
    expires: date | None = None

    def is_valid(self, today: date) -> bool:
        """Whether it may be used on that day."""
        return self.expires is None or today <= self.expires


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    desk: Annotated[str, Field(min_length=1, max_length=200)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    role: Role
    created: date | None = None
    expires: date | None = None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[2]
    keys: tuple[_Row, ...]


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """The keys in ``path``; none where there is no file.

    Raises:
        SettingsError: ``verifier.setup`` for a file of another shape, or where two keys have one
            name or one digest.
    """
    try:
        if not path.exists():
            return ()
        with path.open("rb") as file:
            rows = parse_json_object(file.read(MAX_FILE + 1), max_bytes=MAX_FILE)
        keys = _present(rows) if isinstance(rows.get("version"), int) else _early(rows)
    except (EncodingError, OSError) as error:
        raise _wrong(path, "it cannot be read") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _wrong(path, ".".join(map(str, first["loc"]))) from error
    except ValueError as error:
        raise _wrong(path, "it maps names to SHA-256 digests in hex") from error
    for what in ([key.name for key in keys], [key.digest for key in keys]):
        if len(set(what)) != len(what):
            raise _wrong(path, "two keys have one name or one digest")
    return keys


def add_key(
    path: Path, key: ApiKey, *, random: Callable[[int], bytes], digest_of: Callable[[str], str]
) -> str:
    """Make a key with the name, desk, role and days of ``key``; returns it, the only time.

    Raises:
        SettingsError: ``verifier.setup`` where there is one of that name already, or where the
            name cannot be used.
    """
    known = read_keys(path)
    for name in (key.name, key.desk):
        if not NAME.match(name):
            raise SettingsError("verifier.setup", "a name has letters, digits, hyphens and dots")
    if any(one.name == key.name for one in known):
        raise SettingsError("verifier.setup", f"there is a key {key.name} already: remove it first")
    fresh = b64url_encode(random(KEY_BYTES))
    made = ApiKey(
        key.name, key.desk, digest_of(fresh), key.role, created=key.created, expires=key.expires
    )
    _write(path, (*known, made))
    return fresh


def remove_key(path: Path, name: str) -> None:
    """Take the key ``name`` out; it opens nothing from then on.

    Raises:
        SettingsError: ``verifier.setup`` where there is none of that name.
    """
    known = read_keys(path)
    left = tuple(key for key in known if key.name != name)
    if len(left) == len(known):
        raise SettingsError("verifier.setup", f"there is no key {name}")
    _write(path, left)


def _present(rows: Mapping[str, Json]) -> tuple[ApiKey, ...]:
    return tuple(
        ApiKey(row.name, row.desk, row.digest, row.role, row.created, row.expires)
        for row in _File.model_validate(rows).keys
    )


def _early(rows: Mapping[str, Json]) -> tuple[ApiKey, ...]:
    keys = []
    for name, value in rows.items():
        row = value if isinstance(value, Mapping) else {"sha256": value}
        digest, role = row.get("sha256"), row.get("role", Role.CLINICIAN.value)
        if not isinstance(digest, str) or not _DIGEST.match(digest) or not row.keys() <= EARLY:
            raise ValueError(name)
        keys.append(ApiKey(name, name, digest, Role(str(role))))
    return tuple(keys)


def _write(path: Path, keys: Sequence[ApiKey]) -> None:
    rows: list[Json] = [
        {
            "name": key.name,
            "desk": key.desk,
            "digest": key.digest,
            "role": key.role.value,
            "created": key.created.isoformat() if key.created else None,
            "expires": key.expires.isoformat() if key.expires else None,
        }
        for key in keys
    ]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(path, dump_json({"version": 2, "keys": rows}, indent=2))


def _wrong(path: Path, why: str) -> SettingsError:
    return SettingsError("verifier.setup", f"{path.name}: {why}")
