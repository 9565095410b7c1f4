"""FORMATS: every credential format that this project reads and writes, by its identifier.

A format is a pure function of bytes and keys: which issuer to trust, which status an entry has and
what a record means are decided elsewhere. A format is loaded on first use, and the table cannot be
extended from outside: an installed package must never widen what a hospital accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.errors import CredentialError
from healthpassport.formats.values import (
    CredentialFormat,
    DisclosedCredential,
    HeldCredential,
    ParsedCredential,
    Place,
)

__all__ = [
    "FORMATS",
    "CredentialFormat",
    "DisclosedCredential",
    "HeldCredential",
    "ParsedCredential",
    "Place",
    "format_named",
]


def _sd_jwt_vc() -> CredentialFormat:
    from healthpassport.formats import sd_jwt_vc  # noqa: PLC0415 - loaded on first use

    return sd_jwt_vc


def _ldp_vc() -> CredentialFormat:
    from healthpassport.formats import ldp_vc  # noqa: PLC0415 - loaded on first use

    return ldp_vc


_LOADERS: Final[Mapping[str, Callable[[], CredentialFormat]]] = MappingProxyType(
    {
        "dc+sd-jwt": _sd_jwt_vc,  # draft-ietf-oauth-sd-jwt-vc-19; HAIP 1.0 section 6.1
        "ldp_vc": _ldp_vc,  # OpenID4VCI 1.0 appendix A.1.2, OpenID4VP 1.0 appendix B.1
    }
)


class _Formats(Mapping[str, CredentialFormat]):
    """The table as a mapping whose values are loaded when they are asked for."""

    def __getitem__(self, identifier: str) -> CredentialFormat:
        return _LOADERS[identifier]()

    def __iter__(self) -> Iterator[str]:
        return iter(_LOADERS)

    def __len__(self) -> int:
        return len(_LOADERS)


FORMATS: Final[Mapping[str, CredentialFormat]] = _Formats()


def format_named(identifier: str) -> CredentialFormat:
    """The format called ``identifier``.

    Raises:
        CredentialError: ``cred.format_unknown``.
    """
    if identifier not in FORMATS:
        raise CredentialError("cred.format_unknown")
    return FORMATS[identifier]
