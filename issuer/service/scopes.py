"""What a record system may be allowed to do: a closed list, and what the older API keys mean in it.

Rules: a call needs one scope, named at its route; nothing is allowed by leaving it out. What is
*not* here: who has which.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from healthpassport.errors import ProtocolError, ServiceError

from .clients import Role


class Scope(StrEnum):
    """One thing that a record system may do (RFC 6749 section 3.3)."""

    OFFERS_CREATE = "offers:create"
    OFFERS_READ = "offers:read"
    STATUS_READ = "status:read"
    STATUS_CHANGE = "status:change"
    CARDS_MAKE = "cards:make"
    REPORTS_READ = "reports:read"
    REPORTS_ANSWER = "reports:answer"
    WEBHOOKS = "webhooks"
    BULK = "bulk"
    AUDIT_READ = "audit:read"


WORDS: Final[Mapping[Scope, str]] = MappingProxyType(
    {
        Scope.OFFERS_CREATE: "Make offers, and cancel own ones.",
        Scope.OFFERS_READ: "See how far own offers are, and whether sources can be read.",
        Scope.STATUS_READ: "See what was issued for own offers.",
        Scope.STATUS_CHANGE: "Withdraw, suspend, reinstate and replace it.",
        Scope.CARDS_MAKE: "Make emergency cards for people without a wallet.",
        Scope.REPORTS_READ: "Read what patients say is wrong, sealed.",
        Scope.REPORTS_ANSWER: "Answer it.",
        Scope.WEBHOOKS: "Say where this system is told of events.",
        Scope.BULK: "Make offers in bulk.",
        Scope.AUDIT_READ: "Read the audit trail of the whole issuer; it holds nothing clinical.",
    }
)

# What a key of `keys add` may do; whatever is newer needs a client of its own.
OF_ROLE: Final[Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {
        Role.OFFER: frozenset({Scope.OFFERS_CREATE, Scope.OFFERS_READ}),
        Role.STATUS: frozenset(
            {Scope.STATUS_READ, Scope.STATUS_CHANGE, Scope.REPORTS_READ, Scope.REPORTS_ANSWER}
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The record system that calls. ``secret`` goes into what its answers are sealed with."""

    name: str
    scopes: frozenset[Scope]
    has_token: bool
    secret: str = field(default="", repr=False)

    def require(self, scope: Scope) -> None:
        """Return only where this caller may do that.

        Raises:
            ServiceError: ``api.insufficient_scope``; ``forbidden`` for an API key.
        """
        if scope not in self.scopes:
            code = "api.insufficient_scope" if self.has_token else "forbidden"
            raise ServiceError(code, f"{scope.value} is needed")


def parse_scopes(text: str) -> frozenset[Scope]:
    """The scopes in ``text``, separated by single spaces (RFC 6749 section 3.3).

    Raises:
        ProtocolError: ``api.invalid_scope`` for one that there is not.
    """
    try:
        return frozenset(Scope(word) for word in text.split(" "))
    except ValueError as error:
        raise ProtocolError("api.invalid_scope") from error


def written(scopes: Collection[Scope]) -> str:
    """The scopes as one text, in the order of the list."""
    return " ".join(scope.value for scope in Scope if scope in scopes)


def kept(text: str) -> frozenset[Scope]:
    """The scopes in a row of the database; one that is no longer there allows nothing."""
    known = {scope.value: scope for scope in Scope}
    return frozenset(known[word] for word in text.split() if word in known)
