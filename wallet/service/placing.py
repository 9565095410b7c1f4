"""Which passport a new record goes into: sure, said by the owner, or asked ("Whose is this?").

Rules: records of somebody who cannot be anybody else go to their passport unasked; the first ones
make the first passport; everything else is asked (``people.whose``), and what clearly is another
person's is refused even where the owner says so (``people.another``). What is *not* here: storing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from healthpassport.verification.person import identifies
from wallet.vault import Vault

from .passports import (
    SURELY_A_CHILD,
    Passport,
    birth_in,
    birthday,
    compared,
    name_in,
    of_person,
    read_passports,
    settled,
)
from .shelf import StoredRecord
from .whose import Kin, subject_of

NEW: Final = "new"
ME: Final = "me"


@dataclass(frozen=True, slots=True)
class PersonChoice:
    """A passport that could be meant: its id, and the name and birth date in it."""

    id: str
    name: str
    born: str = ""


class WhoseError(ServiceError):
    """The owner must say whose these records are: ask, then say it with ``person``.

    ``name`` and ``born`` are as the new records say; ``maybe`` holds passports that could be of the
    same person, ``others`` all that the records may not go into.
    """

    def __init__(
        self,
        name: str,
        born: str,
        maybe: tuple[PersonChoice, ...],
        others: tuple[PersonChoice, ...],
    ) -> None:
        super().__init__("people.whose", name)
        self.name = name
        self.born = born
        self.maybe = maybe
        self.others = others


@dataclass(frozen=True, slots=True)
class Place:
    """A passport by its id; ``id`` is None where a new one is made, the owner's if ``mine``."""

    id: str | None
    mine: bool = False


def place(
    payloads: Sequence[Mapping[str, Json]],
    *,
    vault: Vault,
    today: date,
    wanted: str | None,
    new_if_unsure: bool,
) -> Place:
    """Where records with ``payloads``, of one person, belong.

    Args:
        payloads: the contents of what came together.
        vault: unlocked.
        today: for telling whether the first passport can be the owner's own.
        wanted: the owner's word: an id, number or name of ``people``, ``new`` or ``me``.
        new_if_unsure: make a new passport instead of asking.

    Raises:
        WhoseError: where the owner has to say.
        ServiceError: ``people.another``, ``people.unknown``.
    """
    records = settled(vault)
    known = [passport for passport in read_passports(vault) if not passport.lent]
    subject = _subject(payloads)
    groups = {one.id: of_person(records, one.id) for one in known}
    kin = compared(subject, groups)
    if wanted is not None:
        return _as_said(wanted, known, groups, kin)
    same = [one for one, how in kin.items() if how is Kin.SAME]
    if len(same) == 1 and identifies(subject):
        return Place(same[0])
    if not known:
        return Place(None, mine=not _is_young(subject, today))
    if new_if_unsure:
        return Place(None)
    raise _question(subject, records, known, kin)


def find(wanted: str, known: Sequence[Passport], names: Mapping[str, str]) -> Passport:
    """The passport with this id, number on the list, label or name; ``people.unknown`` else."""
    word = " ".join(wanted.casefold().split())
    if word.isdecimal() and 1 <= int(word) <= len(known):
        return known[int(word) - 1]
    found = [one for one in known if word in {one.id, *_called(one, names)}]
    if not found and word:
        found = [one for one in known if word in " ".join(_called(one, names)).split()]
    if len(found) != 1:
        raise ServiceError("people.unknown")
    return found[0]


def _called(passport: Passport, names: Mapping[str, str]) -> set[str]:
    own = {"me"} if passport.mine else set()
    told = (passport.label, names.get(passport.id, ""))
    return {" ".join(word.casefold().split()) for word in told if word} | own


def _as_said(
    wanted: str,
    known: Sequence[Passport],
    groups: Mapping[str, Sequence[StoredRecord]],
    kin: Mapping[str, Kin],
) -> Place:
    word = wanted.strip().casefold()
    if word == NEW:
        return Place(None)
    if word == ME and not any(passport.mine for passport in known):
        return Place(None, mine=True)
    names = {one: name_in(group) for one, group in groups.items()}
    passport = find(wanted, known, names)
    if kin[passport.id] is Kin.DIFFERENT:
        raise ServiceError("people.another")
    return Place(passport.id)


def _question(
    subject: Mapping[str, Json],
    records: Sequence[StoredRecord],
    known: Sequence[Passport],
    kin: Mapping[str, Kin],
) -> WhoseError:
    choices = {
        one.id: PersonChoice(one.id, one.label or name_in(group), birth_in(group))
        for one in known
        for group in [of_person(records, one.id)]
    }
    given = subject.get("givenNames")
    first = " ".join(map(str, given)) if isinstance(given, list | tuple) else ""
    name = " ".join(part for part in (first, str(subject.get("familyName", ""))) if part)
    return WhoseError(
        "".join(c if c.isprintable() else " " for c in name),
        str(subject.get("birthDate", "")),
        tuple(choices[one] for one, how in kin.items() if how is not Kin.DIFFERENT),
        tuple(choices[one] for one, how in kin.items() if how is Kin.DIFFERENT),
    )


def _subject(payloads: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """What the records say together; they came from one issuer about one person."""
    found: dict[str, Json] = {}
    for payload in payloads:
        found = {**subject_of(payload), **found}
    return found


def _is_young(subject: Mapping[str, Json], today: date) -> bool:
    born = subject.get("birthDate")
    eleventh = birthday(born, SURELY_A_CHILD) if isinstance(born, str) else None
    return eleventh is not None and today < eleventh
