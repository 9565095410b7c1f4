"""A code in words for staff: what happened, the next step, and whose side it is on.

Every language has words for what staff meet most; a fault deep inside a record is told in another
language by whose side it is on, with the catalogue's own English beside it. What is *not* here: the
catalogue (``schemas/errors``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from healthpassport.errors import Party, catalogue
from healthpassport.languages import ENGLISH, Words, msg

from .sides import side_words


@dataclass(frozen=True, slots=True)
class ProblemWords:
    """``technical`` is English and stands apart; it is empty where the other words are enough."""

    code: str
    title: str
    hint: str
    side: str
    technical: str = ""


_MEANINGS: Final[Mapping[Party, tuple[str, str]]] = MappingProxyType(
    {
        Party.ISSUER: (
            msg("What the issuer made is not right."),
            msg("Use your usual sources. Tell the issuer the code below."),
        ),
        Party.WALLET: (
            msg("What the wallet sent is not right."),
            msg("Ask once more. If it fails again, use your usual sources."),
        ),
        Party.VERIFIER: (
            msg("This desk is not set up for that."),
            msg("Use your usual sources. Tell those who run this desk the code below."),
        ),
        Party.AUTHORITY: (
            msg("The trust list does not allow it, or could not be checked."),
            msg("Use your usual sources. Tell those who run this desk the code below."),
        ),
        Party.NETWORK: (
            msg("The other side could not be reached."),
            msg("Use your usual sources, and try again when the network is back."),
        ),
        Party.SOURCE: (
            msg("What was sent could not be read."),
            msg("Ask once more. If it fails again, use your usual sources."),
        ),
        Party.PERSON: (
            msg("That did not work."),
            msg("Go back and try again."),
        ),
    }
)


def problem_words(code: str | None, say: Words = ENGLISH) -> ProblemWords | None:
    """``code`` in words; None for a code that is not ours, such as a wallet's own."""
    entry = catalogue().get(code) if code else None
    if entry is None or code is None:
        return None
    side = side_words(entry.party, say)
    if say is ENGLISH or say.knows(entry.title):
        return ProblemWords(code, say(entry.title), say(entry.hint), side)
    title, hint = _MEANINGS[entry.party]
    return ProblemWords(code, say(title), say(hint), side, f"{entry.title} {entry.hint}")
