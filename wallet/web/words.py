"""The words of the wallet's pages in each language, read from text files at the first page.

English words stand in templates (``_("...")``) and in Python (``msg("...")``); every other language
is a folder of ``locale`` with one file an area, beside the words of errors, which stand with their
catalogue. What is *not* here: words of records, which their definitions hold in each language.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import schemas
from healthpassport.languages import LANGUAGES, Catalogue, Language, merged, msg, read_po

__all__ = ["LANGUAGES", "LOCALE", "Language", "catalogue", "msg"]

LOCALE: Final = Path(__file__).resolve().parent.parent / "locale"


@cache
def catalogue(language: str) -> Catalogue:
    """All words of ``language``; English needs none."""
    files = sorted((LOCALE / language).glob("*.po"))
    texts = [path.read_text(encoding="utf-8") for path in files]
    return merged(map(read_po, [*texts, *schemas.error_words(language)]))
