"""The keys of the adapter's issuers, all from one seed, made for a run or kept in a folder.

Each profile (a cryptosuite with a kind of key) has its own did:key. They are nobody's real keys.
What is *not* here: the keys of a real issuer; nothing here can read one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from healthpassport.errors import SettingsError
from healthpassport.formats.data_integrity.cryptosuites.values import ProofSigner
from healthpassport.keys.curves import BY_ALGORITHM
from healthpassport.keys.multikey import multikey
from healthpassport.keys.signer import signer_from_library
from healthpassport.suites import bbs

SEED_OCTETS: Final = 32
SEED_FILE: Final = "vc-api.seed"
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class Profile:
    """A cryptosuite and the algorithm of the key that it is used with."""

    cryptosuite: str
    algorithm: str


# The name in the address: that of the cryptosuite, with the curve where it takes two.
PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "eddsa-rdfc-2022": Profile("eddsa-rdfc-2022", "EdDSA"),
        "eddsa-jcs-2022": Profile("eddsa-jcs-2022", "EdDSA"),
        "ecdsa-rdfc-2019": Profile("ecdsa-rdfc-2019", "ES256"),
        "ecdsa-rdfc-2019-p384": Profile("ecdsa-rdfc-2019", "ES384"),
        "ecdsa-jcs-2019": Profile("ecdsa-jcs-2019", "ES256"),
        "ecdsa-jcs-2019-p384": Profile("ecdsa-jcs-2019", "ES384"),
        "ecdsa-sd-2023": Profile("ecdsa-sd-2023", "ES256"),
        "bbs-2023": Profile("bbs-2023", "BBS"),
    }
)


@dataclass(frozen=True, slots=True)
class OwnIssuer:
    """An issuer of the adapter: its DID, the URL of its key, and the key."""

    profile: Profile
    did: str
    verification_method: str
    signer: ProofSigner


def issuers(seed: bytes) -> dict[str, OwnIssuer]:
    """An issuer for each profile, always the same ones for one ``seed`` of 32 octets."""
    return {name: _issuer(seed, name, profile) for name, profile in PROFILES.items()}


def read_seed(folder: Path | None, *, random: Callable[[int], bytes]) -> bytes:
    """A new seed, or that of ``folder``, where a new one is written first if there is none.

    Raises:
        SettingsError: ``vcapi.keys`` when the folder cannot be used or holds something else.
    """
    if folder is None:
        return random(SEED_OCTETS)
    path = folder / SEED_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(descriptor, "wb") as file:
                file.write(random(SEED_OCTETS))
        seed = path.read_bytes()
    except OSError as error:
        raise SettingsError("vcapi.keys", f"{SEED_FILE} cannot be read or written") from error
    if len(seed) != SEED_OCTETS:
        raise SettingsError("vcapi.keys", f"{SEED_FILE} does not hold {SEED_OCTETS} octets")
    return seed


def _issuer(seed: bytes, name: str, profile: Profile) -> OwnIssuer:
    signer = _signer(seed, name, profile.algorithm)
    key = multikey(signer.public_key)
    return OwnIssuer(profile, f"did:key:{key}", f"did:key:{key}#{key}", signer)


def _signer(seed: bytes, name: str, algorithm: str) -> ProofSigner:
    secret = hmac.digest(seed, name.encode(), "sha512")
    if algorithm == "BBS":
        return bbs.bbs_signer(bbs.key_gen(secret))
    if algorithm == "EdDSA":
        return signer_from_library(ed25519.Ed25519PrivateKey.from_private_bytes(secret[:32]))
    curve = BY_ALGORITHM[algorithm]
    octets = secret[: curve.octets]
    while True:
        try:
            return signer_from_library(
                ec.derive_private_key(int.from_bytes(octets, "big"), curve.curve)
            )
        except ValueError:  # zero or beyond the order: once in some 2^32 keys of P-256
            octets = hashlib.sha512(octets).digest()[: curve.octets]
