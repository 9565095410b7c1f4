"""Whose side a failure is on, in the words of a desk. What is *not* here: what failed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.errors import Party
from healthpassport.languages import ENGLISH, Words, msg

SIDES: Final[Mapping[Party, str]] = MappingProxyType(
    {
        Party.ISSUER: msg("The organisation that issued the record"),
        Party.WALLET: msg("The patient's wallet"),
        Party.VERIFIER: msg("This desk"),
        Party.AUTHORITY: msg("The authority that keeps the trust list"),
        Party.NETWORK: msg("The network"),
        Party.SOURCE: msg("What was sent"),
        Party.PERSON: msg("What was typed or chosen here"),
    }
)


def side_words(party: Party, say: Words = ENGLISH) -> str:
    """Whose side ``party`` is, for staff."""
    return say(SIDES[party])
