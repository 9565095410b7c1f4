"""The languages that pages speak, and how an English message becomes one of another language.

Placeholders are ``%(name)s``. What is *not* here: which language somebody chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import c2py
from types import MappingProxyType
from typing import Final, TypeVar

from healthpassport.languages.po import Catalogue

SOURCE: Final = "en"  # the language of the messages themselves
_Labels = TypeVar("_Labels")


@dataclass(frozen=True, slots=True)
class Language:
    """A language under its own name, and the direction that it is written in."""

    code: str
    name: str
    direction: str = "ltr"


LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {"en": Language("en", "English"), "cy": Language("cy", "Cymraeg")}
)


@dataclass(frozen=True, slots=True)
class Words:
    """Says messages in one language; a message without translation is said in English."""

    language: str
    catalogue: Catalogue

    def __call__(self, message: str, /, **parts: object) -> str:
        """``message`` with its placeholders filled from ``parts``."""
        said = self.catalogue.gettext(message)
        return said % parts if parts else said

    def many(self, one: str, several: str, number: int, /, **parts: object) -> str:
        """The message for ``number`` things; ``parts`` has the number too, as ``num``."""
        return self.catalogue.ngettext(one, several, number) % {"num": number, **parts}

    def knows(self, message: str) -> bool:
        """Whether ``message`` has a translation of its own in this language."""
        return message in self.catalogue.messages

    def of(self, labels: Mapping[str, _Labels]) -> _Labels:
        """What a definition says in this language; in English where it says nothing in it."""
        return labels.get(self.language) or labels[SOURCE]


ENGLISH: Final = Words(SOURCE, Catalogue(MappingProxyType({}), c2py("n != 1")))


def msg(text: str) -> str:
    """Marks an English message in Python, to be said in a language where it is shown."""
    return text
