"""Which systems are told of which desk's requests: ``webhooks.json`` in the home folder.

Rules: https alone, hosts that the settings allow, a secret of its own for each desk; the secret is
in this file and nowhere else. What is *not* here: sending (``webhooks``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from healthpassport.encoding import b64_decode, b64_encode, dump_json, parse_json_object
from healthpassport.errors import EncodingError, ServiceError, SettingsError
from healthpassport.trust.cache import replace_file
from verifier.settings import VerifierSettings

from .identity import read_file
from .transactions import Random

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how every secret of the standard begins
SECRET_BYTES: Final = 32
LEAST_SECRET: Final = 24  # bytes, Standard Webhooks 1.0.0 "Signature scheme"
MOST_SECRET: Final = 64
MAX_URL: Final = 1024
HTTPS_PORT: Final = 443


class Receiver(BaseModel):
    """Where a desk's system listens, and the secrets that its messages are signed with.

    The first secret is the newest; while two stand, each message bears both signatures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    url: Annotated[str, Field(max_length=MAX_URL)]
    secrets: Annotated[list[str], Field(min_length=1, max_length=2)] = Field(repr=False)

    @field_validator("secrets")
    @classmethod
    def _long_enough(cls, value: list[str]) -> list[str]:
        for secret in value:
            try:
                length = len(_octets(secret))
            except EncodingError as error:
                raise ValueError("a secret is not base64") from error
            if not secret.startswith(SECRET_PREFIX) or not LEAST_SECRET <= length <= MOST_SECRET:
                raise ValueError("a secret is whsec_ and base64 of 24 to 64 bytes")
        return value

    def keys(self) -> tuple[bytes, ...]:
        """The secrets as octets."""
        return tuple(_octets(secret) for secret in self.secrets)


class ReceiversFile(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1]
    receivers: dict[str, Receiver]


def load_receivers(settings: VerifierSettings) -> Mapping[str, Receiver]:
    """The receiver of each desk, by the desk's name; none without the file.

    Raises:
        SettingsError: ``webhook.setup`` for a file of another shape.
    """
    path = settings.webhooks_file
    if not path.exists():
        return {}
    try:
        return ReceiversFile.model_validate(parse_json_object(read_file(path))).receivers
    except (EncodingError, ValidationError) as error:
        raise SettingsError("webhook.setup", f"cannot read {path.name}") from error


def add_receiver(settings: VerifierSettings, desk: str, url: str, *, random: Random) -> str:
    """Keep a receiver, or give the one that stands a second secret; returns the new secret.

    Raises:
        ServiceError: ``webhook.host``.
        SettingsError: ``webhook.setup``.
    """
    require_allowed(url, settings)
    known = dict(load_receivers(settings))
    fresh = SECRET_PREFIX + b64_encode(random(SECRET_BYTES))
    older = known[desk].secrets[:1] if desk in known else []
    known[desk] = Receiver(url=url, secrets=[fresh, *older])
    path = settings.webhooks_file
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    made = ReceiversFile(version=1, receivers=known)
    replace_file(path, dump_json(made.model_dump(), indent=2))
    path.chmod(0o600)
    return fresh


def require_allowed(url: str, settings: VerifierSettings) -> None:
    """Return only where the settings let messages go to ``url``.

    Raises:
        ServiceError: ``webhook.host``.
    """
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}:{parts.port or HTTPS_PORT}"
    except ValueError as error:
        raise ServiceError("webhook.host", "the address cannot be read") from error
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= MAX_URL
    if not plain or parts.scheme != "https" or "@" in parts.netloc or parts.fragment:
        raise ServiceError("webhook.host", "only https without user name or fragment")
    if host.lower() not in settings.webhook_hosts:
        raise ServiceError("webhook.host", "PASSPORT_VERIFIER_WEBHOOK_HOSTS does not name the host")


def _octets(secret: str) -> bytes:
    return b64_decode(secret.removeprefix(SECRET_PREFIX))
