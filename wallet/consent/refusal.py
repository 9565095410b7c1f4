"""What a person reads where a request or an offer comes to nothing: why, whose side, what to do.

``schemas/sharing/refusals.json`` and ``offer_refusals.json`` hold the words, by kinds of error
codes. Rules: nobody is named
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


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of words, and the kind where none names the code."""

    name: str
    otherwise: str

    def data(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = schemas.load(f"sharing/{self.name}.json")
        return found


YOURS: Final = "yours"  # the side of whoever holds the wallet
REQUESTS: Final = _Source("refusals", "unclear")
OFFERS: Final = _Source("offer_refusals", "failed")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that gets nothing, or an offer that gives nothing, in the person's words.

    ``kind`` is one of its file's, ``side`` one of ``theirs``, ``wallet``, ``network`` and
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
    """``error`` of a request; ``request`` is what was verified before it was refused, if it was."""
    return _told(
        error,
        language,
        REQUESTS,
        asker=request.name if request else "",
        too_much=too_much(request, language) if request else (),
    )


def offer_refusal_of(error: PassportError, language: str) -> Refusal:
    """``error`` of an offer, or of claiming it."""
    return _told(error, language, OFFERS)


def _told(
    error: PassportError,
    language: str,
    source: _Source,
    *,
    asker: str = "",
    too_much: tuple[str, ...] = (),
) -> Refusal:
    data = source.data()
    kind = kinds(source.name).get(error.code, source.otherwise)
    row = data["kinds"][kind]
    side = row["side"]
    return Refusal(
        code=error.code,
        kind=kind,
        title=row["title"][language],
        words=row["words"][language],
        side=side,
        side_words=data["sides"][side][language],
        next_step=row["next"][language],
        error=error,
        asker=asker,
        too_much=too_much,
    )


@cache
def kinds(name: str) -> Mapping[str, str]:
    """For each error code the kind of refusal that it is, in the file ``name``."""
    rows = schemas.load(f"sharing/{name}.json")["kinds"]
    return MappingProxyType({code: kind for kind, row in rows.items() for code in row["codes"]})
