"""The edge of every command: an error becomes three lines for a person and an exit code.

Exit codes: 0 ok, 1 failed, 2 usage, 3 locked, 4 not trusted, 5 declined, 6 offline. Data goes to
stdout, words for people to stderr. What is *not* here: any command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final
from unicodedata import category

from healthpassport.errors import Party, PassportError

FAILED: Final = 1
EXIT_CODES: Final = {
    "vault.locked": 3,
    "vault.private_locked": 3,
    "vault.unlock_failed": 3,
    "backup.unlock_failed": 3,
    "vault.wait": 3,
    "vault.way_unknown": 3,
    "consent.declined": 5,
    "net.timeout": 6,
    "net.unreachable": 6,
}
EXIT_AREAS: Final = {"trust": 4, "x509": 4}

WHOSE_SIDE: Final = {
    Party.ISSUER: "The issuer's side",
    Party.WALLET: "The wallet's side",
    Party.VERIFIER: "The desk's side",
    Party.AUTHORITY: "The authority's side",
    Party.NETWORK: "The network",
    Party.SOURCE: "What was sent",
    Party.PERSON: "Your side",
}


def visible(text: str, *, kept: str = "\t") -> str:
    """``text`` in which nothing steers a terminal or turns other words round.

    Control characters, line ends and bidirectional controls, which a record or a stranger may hold,
    are shown as escapes; those in ``kept`` stay. Spaces of every width become plain ones.
    """
    if text.isprintable():
        return text
    return "".join(_visible(c) if c not in kept else c for c in text)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if category(character) == "Zs" else ascii(character)[1:-1]


def exit_code(error: PassportError) -> int:
    """The exit code that a command ends with for ``error``."""
    area = error.code.partition(".")[0]
    return EXIT_CODES.get(error.code, EXIT_AREAS.get(area, FAILED))


def run(command: Callable[[], object]) -> None:
    """Run a command line; a ``PassportError`` ends it with its words and its exit code."""
    try:
        command()
    except PassportError as error:
        where = visible(": ".join(filter(None, (WHOSE_SIDE[error.party], error.detail))))
        sys.stderr.write(f"Error {error.code}: {error.title}\n{where}\nNext: {error.hint}\n")
        sys.exit(exit_code(error))
