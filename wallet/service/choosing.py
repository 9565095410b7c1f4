"""Whose records answer a request: one person's, chosen before any value is shown.

Rules: a question never holds the records of two passports; where several people have what is asked
for, the owner chooses first (``WhichPersonError``); lent copies are of no use after their end, and
what must be looked at anew is not offered (``review``). What is *not* here: the question itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from healthpassport.errors import ServiceError
from healthpassport.formats import format_named
from healthpassport.keys.x509 import authority_key_ids
from healthpassport.record_words import record_label
from healthpassport.summary import definition
from wallet.consent import ConsentQuestion, HeldRecord
from wallet.consent.acting import acting_words, again_words
from wallet.vault import Vault

from .passports import Passport, birth_in, name_in, of_person, read_passports, settled
from .placing import PersonChoice, find
from .review import check_again
from .shelf import next_copy
from .surroundings import Surroundings


class WhichPersonError(ServiceError):
    """Several people in this wallet have what is asked for: ask, then prepare with ``person``."""

    def __init__(self, choices: tuple[PersonChoice, ...]) -> None:
        super().__init__("people.which", ", ".join(choice.name for choice in choices))
        self.choices = choices


@dataclass(frozen=True, slots=True)
class PersonHeld:
    """One person's records as the copies that would go out next.

    ``again`` names what must be looked at anew, ``ended`` says that what was lent is over.
    """

    passport: Passport
    name: str
    born: str
    records: tuple[HeldRecord, ...]
    again: tuple[str, ...]
    ended: bool

    @property
    def acting_for(self) -> str:
        """The name of the person for whom the wallet's owner acts; empty for themself."""
        return "" if self.passport.mine else self.name

    @property
    def choice(self) -> PersonChoice:
        """This person as one to choose."""
        return PersonChoice(self.passport.id, self.name, self.born)


def people_held(vault: Vault, around: Surroundings) -> tuple[PersonHeld, ...]:
    """Every passport with the records that may be shown now."""
    records, now = settled(vault), around.clock()
    found = []
    for passport in read_passports(vault):
        group = of_person(records, passport.id)
        again = check_again(passport, group, today=now.date(), first_review=around.review_age)
        usable = [r for r in group if r.row not in again and (r.until is None or now < r.until)]
        held = []
        for stored in usable:
            copy = next_copy(vault, stored.row)
            format_ = format_named(copy.format)
            opened = format_.open_held(copy.text)
            keys = authority_key_ids(format_.parse(copy.text).certificates())
            held.append(HeldRecord(str(copy.row), copy.format, opened, stored.issuer, keys))
        found.append(
            PersonHeld(
                passport,
                titled(passport.label, name_in(group)),
                birth_in(group),
                tuple(held),
                tuple(
                    record_label(definition(r.record.type), around.language)
                    for r in group
                    if r.row in again
                ),
                bool(group) and all(r.until is not None and r.until <= now for r in group),
            )
        )
    return tuple(found)


def titled(label: str, name: str) -> str:
    """The owner's own word for a person, and the name in the records."""
    return f"{label} ({name})" if label and name else label or name


def which(
    people: Sequence[PersonHeld],
    wanted: str | None,
    *,
    language: str,
    ask: Callable[[PersonHeld | None], ConsentQuestion],
) -> ConsentQuestion:
    """The question about one of ``people``.

    Raises:
        WhichPersonError: where the owner has to choose.
        ServiceError: ``people.unknown``, ``people.check_again``, ``helper.ended``.
    """
    if wanted is not None:
        passports = [one.passport for one in people]
        chosen = find(wanted, passports, {one.passport.id: one.name for one in people})
        one = people[passports.index(chosen)]
        _refuse_unusable(one)
        return _about(ask(one), one, language)
    questions = [(one, ask(one)) for one in people]
    able = [(one, question) for one, question in questions if question.records]
    if len(able) > 1:
        raise WhichPersonError(tuple(one.choice for one, _ in able))
    if not able and len(people) == 1:
        _refuse_unusable(people[0])
    if not questions:
        return ask(None)
    one, question = (able or questions)[0]
    return _about(question, one, language)


def _refuse_unusable(one: PersonHeld) -> None:
    if one.ended:
        raise ServiceError("helper.ended", one.name)
    if one.again and not one.records:
        raise ServiceError("people.check_again", one.name)


def _about(question: ConsentQuestion, one: PersonHeld, language: str) -> ConsentQuestion:
    notes = []
    if one.acting_for:
        notes.append(acting_words(one.acting_for, language))
    if one.again:
        notes.append(again_words(one.again, language))
    return replace(question, person=one.passport.id, acting_for=one.acting_for, notes=tuple(notes))
