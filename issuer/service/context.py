"""What every service of the issuer needs: settings, database, key, chain, clock, randomness."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from healthpassport.encoding import b64url_encode
from healthpassport.errors import SettingsError
from healthpassport.keys import Signer, load_signer, public_key_from_certificate
from healthpassport.status.bitstring import PURPOSES
from healthpassport.suites import POST_QUANTUM
from issuer.settings import SD_JWT_VC, Settings
from issuer.store import Store, bitstrings, open_store, spent, statuses

if TYPE_CHECKING:
    from .publication import PublishedList

Clock: TypeAlias = Callable[[], datetime]
Randomness: TypeAlias = Callable[[int], bytes]

NONCE_KEY: Final = "nonce-key"
SECRET_BYTES: Final = 32  # 256 random bits for everything that must not be guessed


@dataclass(frozen=True, slots=True)
class IssuerContext:
    """One issuer at work.

    ``x5c`` is the chain in DER, leaf first, and ``certified_from`` when all of it came into force.
    ``second_signer`` makes the signature beside the first (docs/adr/0025), where the issuer has
    one. ``published`` and ``published_bitstrings`` remember the signed status lists of either kind
    by their numbers.
    """

    settings: Settings
    store: Store
    signer: Signer
    x5c: tuple[bytes, ...]
    certified_from: datetime
    nonce_key: bytes = field(repr=False)
    clock: Clock
    random: Randomness
    second_signer: Signer | None = None
    published: dict[int, PublishedList] = field(default_factory=dict)
    published_bitstrings: dict[int, PublishedList] = field(default_factory=dict)

    def now(self) -> int:
        """Whole seconds since 1970."""
        return int(self.clock().timestamp())

    def secret(self) -> str:
        """A new unguessable text."""
        return b64url_encode(self.random(SECRET_BYTES))

    def url(self, path: str) -> str:
        """The public address of ``path`` of this issuer."""
        return f"{self.settings.iss}{path}"


def open_issuer(settings: Settings, *, clock: Clock, random: Randomness) -> IssuerContext:
    """The issuer that ``settings`` describe, with its database at the present schema.

    Raises:
        SettingsError: ``issuer.key_mismatch``, ``issuer.certificate``, ``issuer.second_key``.
        KeyMaterialError: when a key cannot be loaded.
        ServiceError: ``issuer.database``.
    """
    signer = load_signer(settings.key, passphrase(settings))
    chain = read_chain(settings)
    if public_key_from_certificate(chain[0]).raw != signer.public_key.raw:
        raise SettingsError("issuer.key_mismatch")
    second_signer = load_second_signer(settings)
    store = open_store(settings.database)
    with store.writing() as tx:
        nonce_key = spent.secret(tx, NONCE_KEY, lambda: random(SECRET_BYTES))
        now = int(clock().timestamp())
        statuses.ensure_first(tx, list_size=settings.status_list_size, now=now)
        bitstrings.ensure_first(tx, purposes=PURPOSES, list_size=bitstring_size(settings), now=now)
    return IssuerContext(
        settings=settings,
        store=store,
        signer=signer,
        x5c=chain,
        certified_from=_certified_from(chain),
        nonce_key=nonce_key,
        clock=clock,
        random=random,
        second_signer=second_signer,
    )


def bitstring_size(settings: Settings) -> int:
    """Entries of a new bitstring list: as many as a token status list has, in whole bytes."""
    return -(-settings.status_list_size // 8) * 8


def load_second_signer(settings: Settings) -> Signer | None:
    """The signer of the second signature, None where the settings name no second key.

    Raises:
        SettingsError: ``issuer.second_key`` where it is no ML-DSA-44 key, or no record could bear
            its signature.
        KeyMaterialError: when the key cannot be loaded.
    """
    if not settings.second_key:
        return None
    path = settings.second_key_passphrase_file
    signer = load_signer(settings.second_key, None if path is None else first_line(path))
    if signer.algorithm not in POST_QUANTUM:
        raise SettingsError("issuer.second_key", f"it is a key for {signer.algorithm}")
    if SD_JWT_VC not in settings.formats:
        raise SettingsError("issuer.second_key", "no format that is offered carries its signature")
    return signer


def passphrase(settings: Settings) -> bytes | None:
    """The passphrase of the signing key: the first line of its file."""
    path = settings.key_passphrase_file
    return None if path is None else first_line(path)


def first_line(path: Path) -> bytes | None:
    """The passphrase in the first line of the file ``path``, None where that is empty.

    Raises:
        SettingsError: ``issuer.settings``.
    """
    try:
        return path.read_bytes().split(b"\n", 1)[0].rstrip(b"\r") or None
    except OSError as error:
        raise SettingsError("issuer.settings", "the passphrase file cannot be read") from error


def read_chain(settings: Settings) -> tuple[bytes, ...]:
    """The DER certificates of the chain file, leaf first.

    Raises:
        SettingsError: ``issuer.certificate``.
    """
    from cryptography import x509  # noqa: PLC0415 - slow to load, and only opening needs it
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    try:
        certificates = x509.load_pem_x509_certificates(settings.x5c.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError("issuer.certificate", "the chain file cannot be read") from error
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates)


def _certified_from(chain: tuple[bytes, ...]) -> datetime:
    from healthpassport.keys.x509 import read_certificate  # noqa: PLC0415 - as in read_chain

    return max(read_certificate(der).not_valid_before_utc for der in chain)


def digest(text: str) -> str:
    """What the database keeps of an unguessable text."""
    return b64url_encode(hashlib.sha256(text.encode()).digest())


def utc(seconds: int) -> datetime:
    """The moment ``seconds`` after 1970."""
    return datetime.fromtimestamp(seconds, UTC)
