"""An invitation: a helper's public key, a name of their choice, and an end, as text for a QR code.

Rules: it holds nothing secret; it is good for one package and seven days; whoever alters it alters
its words. The key is X25519 (RFC 7748), for the sealing of RFC 9180. What is *not* here: storage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from healthpassport.encoding import (
    Json,
    b64url_decode,
    b64url_encode,
    dump_json,
    parse_json_object,
)
from healthpassport.errors import EncodingError, ServiceError

from .spoken import spoken

PREFIX: Final = "hp-helper-invitation:"
VERSION: Final = 1
LIFE: Final = timedelta(days=7)
ID_BYTES: Final = 16
KEY_BYTES: Final = 32  # RFC 7748 section 5
MAX_NAME: Final = 40  # characters
MAX_TEXT: Final = 600  # characters: fits a QR code that a screen shows well
_MEMBERS: Final = frozenset({"v", "id", "key", "name", "until"})


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as anybody may see it; ``words`` are compared aloud before it is answered."""

    text: str
    id: bytes
    key: bytes
    name: str
    until: datetime

    @property
    def words(self) -> tuple[str, ...]:
        """The six words for all of it."""
        return spoken("hp-helper-invite", self.text.encode())


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """A helper's own invitation, with the private key that opens its one package."""

    invitation: Invitation
    private_key: bytes = field(repr=False)


def invite(name: str, *, now: datetime, random: Callable[[int], bytes]) -> OpenInvitation:
    """A new invitation by somebody who calls themselves ``name``.

    Raises:
        ServiceError: ``helper.name``.
    """
    private = X25519PrivateKey.from_private_bytes(random(KEY_BYTES))
    called = " ".join(name.split())
    if not 0 < len(called) <= MAX_NAME or not called.isprintable():
        raise ServiceError("helper.name")
    until = (now + LIFE).replace(microsecond=0)
    content: dict[str, Json] = {
        "v": VERSION,
        "id": b64url_encode(random(ID_BYTES)),
        "key": b64url_encode(private.public_key().public_bytes_raw()),
        "name": called,
        "until": int(until.timestamp()),
    }
    text = PREFIX + b64url_encode(dump_json(content))
    return OpenInvitation(read_invitation(text), private.private_bytes_raw())


def read_invitation(text: str) -> Invitation:
    """The invitation in ``text``, whoever wrote it; its end is not judged here.

    Raises:
        ServiceError: ``helper.invitation``.
    """
    cleaned = "".join(text.split())
    if not cleaned.startswith(PREFIX) or len(cleaned) > MAX_TEXT:
        raise ServiceError("helper.invitation", "this is no invitation of a wallet")
    try:
        members = parse_json_object(b64url_decode(cleaned.removeprefix(PREFIX)))
        return _invitation(cleaned, members)
    except (EncodingError, ValueError, OverflowError, OSError) as error:
        raise ServiceError("helper.invitation", "the invitation is damaged") from error


def _invitation(text: str, members: Mapping[str, Json]) -> Invitation:
    name, until = members.get("name"), members.get("until")
    if members.keys() != _MEMBERS or members["v"] != VERSION:
        raise ServiceError("helper.invitation", "it is of a newer kind")
    identifier, key = (_octets(members[part]) for part in ("id", "key"))
    if len(identifier) != ID_BYTES or len(key) != KEY_BYTES:
        raise ValueError(text)
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise ValueError(text)
    if not isinstance(until, int) or isinstance(until, bool):
        raise ValueError(text)  # noqa: TRY004 - told in the same words as every other damage
    return Invitation(text, identifier, key, name, datetime.fromtimestamp(until, UTC))


def _octets(value: Json) -> bytes:
    return b64url_decode(value) if isinstance(value, str) else b""
