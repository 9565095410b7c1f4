"""The languages of the pages, and how words come from one into another.

English words stand in templates (``_("...")``) and in Python (``msg("...")``); every other language
is a folder of ``locale`` with one file an area. What is *not* here: words of records, which their
definitions hold in each language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from .po import Catalogue, merged, read_po

LOCALE: Final = Path(__file__).resolve().parent.parent / "locale"


@dataclass(frozen=True, slots=True)
class Language:
    """A language under its own name, and the direction that it is written in."""

    code: str
    name: str
    direction: str = "ltr"


LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {"en": Language("en", "English"), "cy": Language("cy", "Cymraeg")}
)


def msg(text: str) -> str:
    """Marks English words in Python, to be translated where they are shown."""
    return text


@cache
def catalogue(language: str) -> Catalogue:
    """All words of ``language``; English needs none."""
    files = sorted((LOCALE / language).glob("*.po"))
    return merged(read_po(path.read_text(encoding="utf-8")) for path in files)
