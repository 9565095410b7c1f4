"""Opening a key by its address: one immutable table of schemes, and nothing is discovered.

A new place for keys (a cloud's key service) is one file with a ``Signer`` and one line here
(docs/keys.md); an installed package can never add one. What is *not* here: the signers themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from healthpassport.errors import KeyMaterialError
from healthpassport.keys.files import load_file_signer
from healthpassport.keys.pkcs11.address import parse
from healthpassport.keys.signer import Signer


class Opener(Protocol):
    """Opens the key at one address: what the table holds for each scheme."""

    def __call__(self, uri: str, secret: bytes | None, /) -> Signer:
        """The signer at ``uri``; ``secret`` is the passphrase or PIN where the URI names none."""
        ...


def _open_token(uri: str, secret: bytes | None, /) -> Signer:
    address = parse(uri)
    try:
        from healthpassport.keys.pkcs11.opening import open_signer  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name != "pkcs11":
            raise
        raise KeyMaterialError("key.pkcs11_extra") from error
    return open_signer(address, secret)


SCHEMES: Final[Mapping[str, Opener]] = MappingProxyType(
    {"file": load_file_signer, "pkcs11": _open_token}
)


def load_signer(uri: str, secret: bytes | None = None) -> Signer:
    """The signer whose key stands at ``uri``.

    Args:
        uri: ``file:`` and a path, or ``pkcs11:`` and attributes (RFC 7512).
        secret: the passphrase of a file, or the PIN of a token whose URI has no ``pin-source``.

    Raises:
        KeyMaterialError: ``key.uri`` for another scheme, and the codes ``key.`` of the scheme.
    """
    opener = SCHEMES.get(uri.partition(":")[0].lower())
    if opener is None:
        raise KeyMaterialError("key.uri", f"the schemes are {', '.join(sorted(SCHEMES))}")
    return opener(uri, secret)
