"""The authority's keys, opened when they are first needed and no sooner.

What is *not* here: how they are sealed (``authority.store``) and what they sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from securesystemslib.signer import CryptoSigner

from authority.store import KEY_NAMES, ROLE_NAMES, ROOT_NAMES, AuthorityStore, Passphrases
from healthpassport.errors import ServiceError
from healthpassport.keys.signer import SoftwareSigner, signer_from_library

from .certificates import generate_ca_key
from .repository import generate_tuf_key, tuf_signer


@dataclass(slots=True)
class Keyring:
    """The keys of one authority; a key that was opened or made stays open in this process."""

    store: AuthorityStore
    passphrases: Passphrases
    kdf_cost: int
    _opened: dict[str, bytes] = field(default_factory=dict, repr=False)

    def make_all(self) -> None:
        """Make and seal every key of a new authority."""
        for name in (*ROOT_NAMES, *ROLE_NAMES):
            self._opened[name] = generate_tuf_key()
        for name in ("ca", "registrar"):
            key = generate_ca_key()
            self._opened[name] = key.private_bytes(
                Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
            )
        for name in KEY_NAMES:
            passphrase = self.passphrases.for_key(name)
            self.store.seal(name, self._opened[name], passphrase=passphrase, cost=self.kdf_cost)

    def replace(self, secrets: Mapping[str, bytes], *, root_version: int) -> None:
        """Seal successors; the old key files stay beside them, named after the root they end."""
        for name, secret in secrets.items():
            path = self.store.key_path(name)
            if path.exists():
                path.rename(path.with_name(f"{path.name}.until-root-{root_version}"))
            passphrase = self.passphrases.for_key(name)
            self.store.seal(name, secret, passphrase=passphrase, cost=self.kdf_cost)
            self._opened[name] = secret

    def tuf(self, name: str) -> CryptoSigner:
        """The signer of a TUF role or root key."""
        return tuf_signer(self._open(name))

    def roots_at_hand(self) -> dict[str, CryptoSigner]:
        """The root keys whose file and passphrase are here."""
        names = ROOT_NAMES[: len(self.passphrases.roots)]
        return {name: self.tuf(name) for name in names if self._at_hand(name)}

    def _at_hand(self, name: str) -> bool:
        return bool(self.passphrases.for_key(name)) and self.store.key_path(name).exists()

    def ca(self) -> EllipticCurvePrivateKey:
        """The key that issues certificates."""
        key = load_der_private_key(self._open("ca"), None)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise ServiceError("authority.key_damaged", "the key ca")
        return key

    def registrar(self) -> SoftwareSigner:
        """The key that signs registrations."""
        return signer_from_library(load_der_private_key(self._open("registrar"), None))

    def _open(self, name: str) -> bytes:
        if name not in self._opened:
            passphrase = self.passphrases.for_key(name)
            self._opened[name] = self.store.unseal(name, passphrase=passphrase)
        return self._opened[name]
