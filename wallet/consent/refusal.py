"""What a person reads where there is no question to answer: why, whose side it is on, what to do.

``schemas/sharing/refusals.json`` holds the words, by kinds of error codes. Rules: nobody is named
who was not checked; nothing is said that was asked, but what was asked too much. What is *not*
here: the checks (``healthpassport.requests``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import schemas
from healthpassport.errors import PassportError
from healthpassport.requests import VerifiedRequest

from .question import too_much

UNCLEAR: Final = "unclear"  # where no kind names the code


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that gets nothing, in the person's words.

    ``kind`` is one of ``refusals.json``, ``side`` one of ``theirs``, ``wallet``, ``network`` and
    ``yours``. ``asker`` is a name that was checked, or empty; ``too_much`` names what was asked for
    beyond what is allowed.
    """

    code: str
    kind: str
    title: str
    words: str
    side: str
    side_words: str
    next_step: str
    error: PassportError = field(repr=False, compare=False)
    asker: str = ""
    too_much: tuple[str, ...] = ()


def refusal_of(
    error: PassportError, language: str, *, request: VerifiedRequest | None = None
) -> Refusal:
    """``error`` in words; ``request`` is what was verified before it was refused, if anything."""
    kind = kinds().get(error.code, UNCLEAR)
    row = _data()["kinds"][kind]
    side = row["side"]
    return Refusal(
        code=error.code,
        kind=kind,
        title=row["title"][language],
        words=row["words"][language],
        side=side,
        side_words=_data()["sides"][side][language],
        next_step=row["next"][language],
        asker=request.name if request else "",
        too_much=too_much(request, language) if request else (),
        error=error,
    )


@cache
def kinds() -> Mapping[str, str]:
    """For each error code the kind of refusal that it is."""
    return MappingProxyType(
        {code: kind for kind, row in _data()["kinds"].items() for code in row["codes"]}
    )


def _data() -> Mapping[str, Any]:
    found: Mapping[str, Any] = schemas.load("sharing/refusals.json")
    return found
