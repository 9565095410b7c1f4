"""Whom somebody looks for, who was found, and what every source can do.

Rules: everything that is asked must hold, nothing is guessed at; nobody is looked for by a name
alone. Names are compared without regard to case, accents and hyphens, and in no other way looser.
What is *not* here: any one source, and what a Patient says (``issuer.fhir.finding``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from healthpassport.errors import SourceError

if TYPE_CHECKING:
    from issuer.fhir.finding import Demographics

MAX_FOUND: Final = 20  # people of one search; more are told apart by asking for more
NOBODY: Final = "9999999999"  # of the range for tests: a number to try a source with
MAX_NAME: Final = 200  # characters
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom somebody looks for; what is not known is empty.

    ``nhs_number`` is ten digits (spaces and hyphens are only its spelling), ``birth_date`` is
    YYYY-MM-DD. A number, or a family name with a birth date, is the least.
    """

    nhs_number: str = ""
    family_name: str = ""
    given_names: tuple[str, ...] = ()
    birth_date: str = ""

    def checked(self) -> Person:
        """This person in one spelling, before anybody is asked for them.

        Raises:
            SourceError: ``source.number``, ``source.person``.
        """
        from issuer.fhir.patients import is_valid_nhs_number  # noqa: PLC0415 - cold start

        number = re.sub(r"[\s-]", "", self.nhs_number)
        if number and not is_valid_nhs_number(number):
            raise SourceError("source.number")
        family, born = " ".join(self.family_name.split()), self.birth_date.strip()
        given = tuple(n for name in self.given_names if (n := " ".join(name.split())))
        if born and not _DAY.match(born):
            raise SourceError("source.person", "a birth date is YYYY-MM-DD")
        if any(len(name) > MAX_NAME for name in (family, *given)) or len(given) > MAX_FOUND:
            raise SourceError("source.person", "a name is too long")
        if not number and not (folded(family) and born):
            raise SourceError("source.person")
        return Person(number, family, given, born)


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody whom a source knows: the ``name`` to read them by, and who they are for staff.

    ``subject`` says which person of several under that name, None where there is one.
    ``number_checked`` says whether the source calls the NHS number verified; ``gone`` that it says
    that they left or died, ``restricted`` that nothing of them may be issued by a practice.
    """

    name: str
    nhs_number: str
    family_name: str
    given_names: tuple[str, ...]
    birth_date: str
    gender: str = ""
    subject: str | None = None
    number_checked: bool = False
    gone: bool = False
    restricted: bool = False


class Source(Protocol):
    """Something that knows patients and can be read again."""

    def read(self, name: str) -> bytes:
        """The FHIR JSON that stands under ``name`` now, whole.

        Raises:
            SourceError: a ``source.`` code: ``source.name``, ``source.unknown``,
                ``source.unreadable``, and those of a connection; ``source.later`` where the
                answer takes time: a wallet is then put off and asks again.
        """
        ...

    def find(self, person: Person) -> tuple[Found, ...]:
        """Those of whom everything holds that ``person`` says, at most ``MAX_FOUND``.

        Raises:
            SourceError: ``source.number``, ``source.person`` for what cannot be looked for,
                ``source.too_many`` for too many who fit, and as ``read``.
        """
        ...

    def describe(self) -> tuple[str, ...]:
        """What it can do now, in lines for an engineer who sets it up; it is asked, of nobody.

        Raises:
            SourceError: as ``read``.
        """
        ...


def fits(person: Person, known: Demographics) -> bool:
    """Whether all that ``person`` (checked) says holds of ``known``."""
    if person.nhs_number and person.nhs_number != known.nhs_number:
        return False
    if person.birth_date and person.birth_date != known.birth_date:
        return False
    if person.family_name and folded(person.family_name) not in map(folded, known.families):
        return False
    asked = {folded(name) for name in person.given_names}
    return not asked or any(asked <= set(map(folded, names)) for names in known.givens)


def same(one: Demographics, other: Demographics) -> bool:
    """Whether two tellings are of one person: no number or birth date differs, and one is shared.

    Where only birth dates can be compared, a family name has to be shared too.
    """
    numbers = {one.nhs_number, other.nhs_number} - {""}
    births = {one.birth_date, other.birth_date} - {""}
    if len(numbers) > 1 or len(births) > 1:
        return False
    if numbers and one.nhs_number == other.nhs_number:
        return True
    shared = set(map(folded, one.families)) & set(map(folded, other.families))
    return bool(shared and births and one.birth_date == other.birth_date)


def found(name: str, known: Demographics, *, of_several: bool = False) -> Found:
    """``known`` as they are shown; ``of_several`` where others stand under the same name."""
    return Found(
        name=name,
        nhs_number=known.nhs_number,
        family_name=next(iter(known.families), ""),
        given_names=next(iter(known.givens), ()),
        birth_date=known.birth_date,
        gender=known.gender,
        subject=known.id if of_several else None,
        number_checked=known.number_checked,
        gone=known.gone,
        restricted=known.restricted,
    )


def bounded(rows: Iterable[Found]) -> tuple[Found, ...]:
    """``rows``, while they are few enough to be looked through.

    Raises:
        SourceError: ``source.too_many``.
    """
    kept: list[Found] = []
    for row in rows:
        if len(kept) == MAX_FOUND:
            raise SourceError("source.too_many")
        kept.append(row)
    return tuple(kept)


def folded(name: str) -> str:
    """``name`` without case, accents, hyphens and apostrophes, its words one space apart."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(c for c in plain if not unicodedata.combining(c) and c not in "'\u2019`")
    return " ".join(re.sub(r"[-\u2010-\u2015]", " ", kept).split())
