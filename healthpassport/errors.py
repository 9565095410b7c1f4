"""One error tree: a stable code, whose side it is on, and the next step.

A code is written ``area.reason`` and stands once in ``schemas/errors/*.json`` with its party, its
HTTP status, what happened and what to do next. An error raised with a code that stands nowhere is a
programming fault and fails at once. What is *not* here: catching. Only an edge (command or route)
catches ``PassportError``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import schemas

PROBLEM_TYPE_BASE: Final = "https://passport.example/errors/"


class Party(StrEnum):
    """Whose side an error is on."""

    ISSUER = "issuer"
    WALLET = "wallet"
    VERIFIER = "verifier"
    AUTHORITY = "authority"
    NETWORK = "network"
    SOURCE = "source"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """What the catalogue says of one code: party, HTTP status, what happened, the next step."""

    code: str
    party: Party
    status: int
    title: str
    hint: str


@cache
def catalogue() -> dict[str, ErrorEntry]:
    """Every error code of the project, read from ``schemas/errors``."""
    return {
        code: ErrorEntry(code, Party(row["party"]), row["status"], row["title"], row["hint"])
        for code, row in schemas.load_errors().items()
    }


class PassportError(Exception):
    """The base of every error that a person or a program meets.

    Args:
        code: a code of the catalogue, for example ``sdjwt.digest_duplicate``.
        detail: what was wrong in this case, without any value of a record.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        entry = catalogue()[code]
        super().__init__(f"{code}: {detail or entry.title}")
        self.code = code
        self.detail = detail
        self.party = entry.party
        self.status = entry.status
        self.title = entry.title
        self.hint = entry.hint

    def problem(self) -> dict[str, str | int]:
        """The error as an RFC 9457 problem object (section 3.1) with our members code and help."""
        return {
            "type": PROBLEM_TYPE_BASE + self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail or self.title,
            "code": self.code,
            "party": self.party.value,
            "help": self.hint,
        }


class EncodingError(PassportError):
    """Bytes that are not what their encoding allows: JSON, base64url, sizes and depths."""


class KeyMaterialError(PassportError):
    """A key, certificate or signature algorithm that is not acceptable."""


class DidError(PassportError):
    """A DID, a DID document or a verification method that cannot be relied on."""


class JoseError(PassportError):
    """A JWS or JWE that its specification or our policy refuses."""


class RecordError(PassportError):
    """A record, record type or item that its definition refuses."""


class SourceError(PassportError):
    """Source material (FHIR) that cannot be made into a record."""


class CredentialError(PassportError):
    """A credential or presentation that its format refuses."""


class CardError(PassportError):
    """An emergency card that cannot be made, or that cannot be read or relied on."""


class TrustError(PassportError):
    """Something that the trust list does not vouch for, or a trust list that cannot be used."""


class StatusError(PassportError):
    """A status list, or an entry in it, that cannot be relied on."""


class FetchError(PassportError):
    """A network request that was refused or did not succeed."""


class ProtocolError(PassportError):
    """A protocol message (OpenID4VCI, OpenID4VP, DCQL, OAuth) that was refused."""


class RequestError(PassportError):
    """A presentation request that a wallet must not answer."""


class ReceiptError(PassportError):
    """A receipt that is not one, or that nobody signed."""


class VaultError(PassportError):
    """The wallet's vault: locked, wrong secret, damaged or altered."""


class BackupError(PassportError):
    """A wallet's backup or a part of its key: cut short, damaged, altered or not the right one."""


class ServiceError(PassportError):
    """What an application cannot do for its caller: not found, not allowed, wrong state."""


class SettingsError(PassportError):
    """A set-up that cannot work as it is."""
