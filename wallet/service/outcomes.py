"""How an attempt to reach a surgery ended, in its owner's words.

``schemas/updates/outcomes.json`` holds the words, by kinds of error codes. What is *not* here: the
attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import schemas
from healthpassport.encoding import Json

from .changes import ChangeNote
from .grants import Grant

DONE: Final = ""
WAITING: Final = "wallet.waiting"  # no error: the surgery has not finished
TOO_SOON: Final = "wallet.asked_too_soon"
UNCLEAR: Final = "unclear"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one surgery's records.

    ``code`` is empty where all went well, ``kind`` names the words of ``outcomes.json``.
    ``language`` is that of the words. ``renewed`` says that newer copies are here, and ``notes``
    what is different in them; ``stopped`` that an old device gets nothing any more.
    """

    issuer: str
    person: str
    code: str
    kind: str
    title: str
    next_step: str
    language: str
    notes: tuple[ChangeNote, ...] = ()
    renewed: bool = False
    stopped: bool = False

    @property
    def done(self) -> bool:
        """Whether all went well, or only takes longer."""
        return self.code in {DONE, WAITING, TOO_SOON}

    def wire(self) -> dict[str, Json]:
        """The outcome as JSON."""
        return {
            "issuer": self.issuer,
            "person": self.person,
            "code": self.code,
            "kind": self.kind,
            "title": self.title,
            "next": self.next_step,
            "renewed": self.renewed,
            "stopped": self.stopped,
            "changes": [note.told(self.language) for note in self.notes],
        }


def outcome(
    code: str,
    language: str,
    *,
    issuer: str,
    person: str,
    notes: tuple[ChangeNote, ...] = (),
    renewed: bool = False,
    stopped: bool = False,
) -> Outcome:
    """The outcome with this ``code`` in words."""
    kind = kinds().get(code, UNCLEAR)
    row = _data()["kinds"][kind]
    return Outcome(
        issuer=issuer,
        person=person,
        code=code,
        kind=kind,
        title=row["title"][language],
        next_step=row["next"][language],
        language=language,
        notes=notes,
        renewed=renewed,
        stopped=stopped,
    )


def of_grant(
    grant: Grant,
    code: str,
    language: str,
    *,
    notes: tuple[ChangeNote, ...] = (),
    stopped: bool = False,
) -> Outcome:
    """The outcome of an attempt with ``grant``."""
    return outcome(
        code,
        language,
        issuer=grant.issuer,
        person=grant.person,
        notes=notes,
        renewed=code == DONE or bool(notes),
        stopped=stopped,
    )


@cache
def kinds() -> Mapping[str, str]:
    """For each error code the kind of outcome that it is."""
    rows = _data()["kinds"].items()
    return MappingProxyType({code: kind for kind, row in rows for code in row["codes"]})


def _data() -> Mapping[str, Any]:
    found: Mapping[str, Any] = schemas.load("updates/outcomes.json")
    return found
