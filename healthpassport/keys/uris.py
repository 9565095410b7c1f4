"""Opening a key by its address: one immutable table of schemes, and nothing is discovered.

A new place for keys (a cloud's key service) is one file with a ``Signer`` and one line here
(docs/keys.md); an installed package can never add one. What is *not* here: the signers themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


@contextmanager
def _extra() -> Iterator[None]:
    """Loading what stands on the library of tokens, which may not be installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "pkcs11":
            raise
        raise KeyMaterialError("key.pkcs11_extra") from error


def _open_token(uri: str, secret: bytes | None, /) -> Signer:
    address = parse(uri)
    with _extra():
        from healthpassport.keys.pkcs11.opening import open_signer  # noqa: PLC0415 - an extra
    return open_signer(address, secret)


def make_key(uri: str, secret: bytes | None = None, *, algorithm: str) -> Signer:
    """A new key for ``algorithm`` on the token at the ``pkcs11:`` address ``uri``.

    Raises:
        KeyMaterialError: ``key.exists``, ``key.mechanism``, and those of ``load_signer``.
    """
    address = parse(uri)
    with _extra():
        from healthpassport.keys.pkcs11.making import make_signer  # noqa: PLC0415 - an extra
    return make_signer(address, secret, algorithm=algorithm)


def try_pin(uri: str, secret: bytes | None = None) -> Signer:
    """The signer at the ``pkcs11:`` address ``uri``, also after a wrong PIN: for people, by hand.

    Raises:
        KeyMaterialError: as ``load_signer``.
    """
    address = parse(uri)
    with _extra():
        from healthpassport.keys.pkcs11.opening import open_signer  # noqa: PLC0415 - an extra
    return open_signer(address, secret, after_wrong_pin=True)


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
