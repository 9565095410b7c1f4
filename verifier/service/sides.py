"""Whose side a failure is on, in the words of a desk. What is *not* here: what failed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.errors import Party

SIDES: Final[Mapping[Party, str]] = MappingProxyType(
    {
        Party.ISSUER: "The organisation that issued the record",
        Party.WALLET: "The patient's wallet",
        Party.VERIFIER: "This desk",
        Party.AUTHORITY: "The authority that keeps the trust list",
        Party.NETWORK: "The network",
        Party.SOURCE: "What was sent",
        Party.PERSON: "What was typed or chosen here",
    }
)


def side_words(party: Party) -> str:
    """Whose side ``party`` is, for staff."""
    return SIDES[party]
