"""An emergency card as staff read it aloud to the person whose it is, sentence by sentence.

Rules: everything that stands on the card is said, entry by entry and numbered; what a card often
holds and this one does not is said too; fewer allergies than the list has are never passed over.
What is *not* here: layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthpassport.cards import CardClaims, CardSection
from healthpassport.encoding import Json
from schemas.definitions import LANGUAGES

from .words import CardPart, Words, allergy_words, days, detail_words, each, parts, word

ADDRESS: Final = ("addressLines", "postcode")


@dataclass(frozen=True, slots=True)
class SpokenPart:
    """What is said under one heading; the first part has none. ``entries`` are of the record."""

    title: Words | None
    sentences: tuple[Words, ...]
    entries: tuple[Words, ...] = ()
    notes: tuple[Words, ...] = ()

    @property
    def everything(self) -> tuple[Words, ...]:
        """All sentences in order."""
        return (*self.sentences, *self.entries, *self.notes)


def spoken(claims: CardClaims) -> tuple[SpokenPart, ...]:
    """Everything that the card of ``claims`` says, to be read aloud in order."""
    content = claims.content
    told = parts(content)
    allergies = SpokenPart(
        allergy_words(content.allergies),
        _counted(content.allergies),
        _entries(told[0]),
        tuple(map(_sentence, told[0].notes)),
    )
    others = (
        SpokenPart(
            one.title, (_sentence(one.said),), _entries(one), tuple(map(_sentence, one.notes))
        )
        for one in told[1:]
    )
    return (SpokenPart(None, _person(claims)), allergies, *others, SpokenPart(None, _end(claims)))


def _person(claims: CardClaims) -> tuple[Words, ...]:
    subject = claims.content.subject
    given = subject.get("givenNames", ())
    names = [str(one) for one in given] if isinstance(given, list | tuple) else []
    said = [
        _said("whose", name=each(" ".join([*names, str(subject["familyName"])]))),
        _said("born", day=detail_words("birthDate", subject["birthDate"])[1]),
        *_detail("nhsNumber", subject.get("nhsNumber")),
    ]
    found = [name for name in ADDRESS if name in subject]
    said += [sentence for name in found for sentence in _detail(name, subject[name])]
    return (*said, *(() if found else (word("spoken", "off_address"),)))


def _detail(name: str, value: Json) -> tuple[Words, ...]:
    if value is None:
        return (word("spoken", f"off_{name}"),)
    title, told = detail_words(name, value)
    return ({language: f"{title[language]}: {told[language]}." for language in LANGUAGES},)


def _counted(section: CardSection) -> tuple[Words, ...]:
    """How many of the allergies are on the card; nothing where the list has none."""
    shown, total = len(section.items), section.item_count
    if not total:
        return ()
    some = "some_allergies" if shown else "no_allergies_shown"
    name = "all_allergies" if shown == total else some
    return (_said(name, shown=each(str(shown)), total=each(str(total))),)


def _entries(part: CardPart) -> tuple[Words, ...]:
    return tuple(
        _said("one_of", number=each(str(number)), entry=line)
        for number, line in enumerate(part.lines, start=1)
    )


def _end(claims: CardClaims) -> tuple[Words, ...]:
    return (
        word("sentences", "anyone"),
        _said("good_until", day=days(claims.expires_at.date())),
        word("spoken", "lost"),
        word("spoken", "right"),
    )


def _said(sentence: str, **filled: Words) -> Words:
    said = word("spoken", sentence)
    return {
        language: said[language].format(**{key: one[language] for key, one in filled.items()})
        for language in LANGUAGES
    }


def _sentence(words: Words) -> Words:
    return {
        language: text if text.endswith((".", "!", "?")) else f"{text}."
        for language, text in words.items()
    }
