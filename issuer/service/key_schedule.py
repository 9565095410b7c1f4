"""Which key signs when: the present one, and the next one from its day on.

A key is chosen by the clock at each signature, so that a change needs no restart and several
processes change at the same moment. What is *not* here: making keys (``signing_keys``) and what the
trust list says of them (``key_list``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from healthpassport.errors import SettingsError
from healthpassport.keys import Signer, load_signer, public_key_from_certificate
from issuer.settings import Settings


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with its chain (DER, leaf first) and when all of that came into force.

    ``signs_from`` is when it takes over from the key before it, None for the first.
    """

    signer: Signer
    x5c: tuple[bytes, ...]
    certified_from: datetime
    signs_from: datetime | None = None


Keys: TypeAlias = tuple[SigningKey, ...]


def open_keys(settings: Settings) -> Keys:
    """The keys of ``settings``, in the order in which they sign.

    Raises:
        SettingsError: ``issuer.key_mismatch``, ``issuer.certificate``, ``issuer.settings``.
        KeyMaterialError: when a key cannot be loaded.
    """
    first = _opened(settings.key, settings.key_passphrase_file, settings.x5c, None)
    if settings.next_key is None or settings.next_x5c is None:
        return (first,)
    following = _opened(
        settings.next_key,
        settings.next_key_passphrase_file,
        settings.next_x5c,
        settings.next_key_from,
    )
    return (first, following)


def key_at(keys: Keys, now: datetime) -> SigningKey:
    """The one of ``keys`` that signs at ``now``: the last that has begun."""
    begun = [key for key in keys if key.signs_from is None or key.signs_from <= now]
    return begun[-1]


def first_line(path: Path) -> bytes | None:
    """The passphrase in the first line of the file ``path``, None where that is empty.

    Raises:
        SettingsError: ``issuer.settings``.
    """
    try:
        return path.read_bytes().split(b"\n", 1)[0].rstrip(b"\r") or None
    except OSError as error:
        raise SettingsError("issuer.settings", "the passphrase file cannot be read") from error


def chain_in(path: Path) -> tuple[bytes, ...]:
    """The DER certificates of the chain file ``path``, leaf first.

    Raises:
        SettingsError: ``issuer.certificate``.
    """
    from cryptography import x509  # noqa: PLC0415 - slow to load, and only opening needs it
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError("issuer.certificate", "the chain file cannot be read") from error
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates)


def _opened(
    uri: str, secret_file: Path | None, chain_file: Path, signs_from: datetime | None
) -> SigningKey:
    signer = load_signer(uri, None if secret_file is None else first_line(secret_file))
    chain = chain_in(chain_file)
    if public_key_from_certificate(chain[0]).raw != signer.public_key.raw:
        raise SettingsError("issuer.key_mismatch")
    return SigningKey(signer, chain, _certified_from(chain), signs_from)


def _certified_from(chain: tuple[bytes, ...]) -> datetime:
    from healthpassport.keys.x509 import read_certificate  # noqa: PLC0415 - as in chain_in

    return max(read_certificate(der).not_valid_before_utc for der in chain)
