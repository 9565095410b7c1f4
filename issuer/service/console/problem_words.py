"""A code in words for practice staff: what happened, the next step, and whose side it is on.

Codes that other apps raise too have words of the console where the catalogue's speak to a desk; a
fault deep inside a message is told in another language by whose side it is on, with the catalogue's
own English beside it. What is *not* here: the catalogue (``schemas/errors``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from healthpassport.errors import Party, catalogue
from healthpassport.languages import ENGLISH, Words, msg


@dataclass(frozen=True, slots=True)
class ProblemWords:
    """``technical`` is English and stands apart; it is empty where the other words are enough."""

    code: str
    title: str
    hint: str
    side: str
    technical: str = ""


SIDES: Final[Mapping[Party, str]] = MappingProxyType(
    {
        Party.ISSUER: msg("This practice's own system"),
        Party.WALLET: msg("The patient's wallet"),
        Party.VERIFIER: msg("Those who run this console"),
        Party.AUTHORITY: msg("The authority that keeps the trust list"),
        Party.NETWORK: msg("The network"),
        Party.SOURCE: msg("The record that was read"),
        Party.PERSON: msg("What was typed or chosen here"),
    }
)
_OWN: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "source.number_not_verified": (
            msg("The record system does not call this NHS number verified."),
            msg(
                "They may be somebody else. Have the number traced. Where this practice allows it,"
                " a look by last name and birth date opens the record with a warning."
            ),
        ),
        "staff.signed_out": (msg("You are not signed in."), msg("Sign in, then go on.")),
        "staff.role": (
            msg("Your role may not open this."),
            msg("Ask a colleague whose role it is, or whoever gives out roles."),
        ),
        "staff.no_role": (
            msg("You are known, but have no role at this console."),
            msg("Ask whoever gives out roles in your organisation."),
        ),
        "staff.sign_in_unknown": (
            msg("This console began no such sign-in, or it was used already."),
            msg("Open the console again and sign in from there."),
        ),
        "staff.offline": (
            msg("The sign-in service cannot be reached."),
            msg("Who is signed in can go on. Try again in a few minutes."),
        ),
        "staff.setup": (
            msg("Sign-in for staff is not set up in a way that can work."),
            msg("Tell those who run this console the code below."),
        ),
        "not_found": (
            msg("There is no such page, or it is gone."),
            msg("Start again from the first page."),
        ),
    }
)
_MEANINGS: Final[Mapping[Party, tuple[str, str]]] = MappingProxyType(
    {
        Party.ISSUER: (
            msg("The practice's own system could not do that."),
            msg("Nothing was offered. Tell those who run this console the code below."),
        ),
        Party.WALLET: (
            msg("What the wallet sent is not right."),
            msg("Make a new offer. If it fails again, tell those who run this console."),
        ),
        Party.VERIFIER: (
            msg("This console is not set up for that."),
            msg("Tell those who run this console the code below."),
        ),
        Party.AUTHORITY: (
            msg("The trust list does not allow it, or could not be checked."),
            msg("Tell those who run this console the code below."),
        ),
        Party.NETWORK: (
            msg("The other side could not be reached."),
            msg("Try again when the network is back."),
        ),
        Party.SOURCE: (
            msg("The record cannot be read."),
            msg("Nothing was offered. Tell whoever looks after the record system the code below."),
        ),
        Party.PERSON: (
            msg("That did not work."),
            msg("Go back and try again."),
        ),
    }
)


def problem_words(code: str, say: Words = ENGLISH) -> ProblemWords:
    """``code`` in words; any code of the catalogue has some."""
    entry = catalogue()[code]
    side = say(SIDES[entry.party])
    if code in _OWN:
        title, hint = _OWN[code]
        return ProblemWords(code, say(title), say(hint), side)
    if say is ENGLISH or say.knows(entry.title):
        return ProblemWords(code, say(entry.title), say(entry.hint), side)
    title, hint = _MEANINGS[entry.party]
    return ProblemWords(code, say(title), say(hint), side, f"{entry.title} {entry.hint}")
