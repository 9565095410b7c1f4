"""Which systems are told of which desk's requests: ``webhooks.json`` in the home folder.

Rules: https alone, hosts that the settings allow, a secret of its own for each desk; the secret is
in this file and nowhere else. What is *not* here: sending (``webhooks``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from healthpassport import webhooks
from healthpassport.encoding import dump_json, parse_json_object
from healthpassport.errors import EncodingError, SettingsError
from healthpassport.trust.cache import replace_file
from healthpassport.webhooks import MAX_URL, key_of, new_secret
from verifier.settings import VerifierSettings

from .identity import read_file
from .transactions import Random

SETTING: Final = "PASSPORT_VERIFIER_WEBHOOK_HOSTS"


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
                key_of(secret)
            except EncodingError as error:
                raise ValueError("a secret is whsec_ and base64 of 24 to 64 bytes") from error
        return value

    def keys(self) -> tuple[bytes, ...]:
        """The secrets as octets."""
        return tuple(key_of(secret) for secret in self.secrets)


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
    fresh = new_secret(random)
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
    webhooks.require_allowed(url, settings.webhook_hosts, setting=SETTING)
