"""Words in more than one language: English in the code, the others in text files.

English is the message itself, marked with ``msg`` where it stands in Python; a ``Words`` says it in
one language. What is *not* here: words of records and requests, which their definitions in
``schemas`` hold in each language, and the files, which every app has of its own.
"""

from __future__ import annotations

from healthpassport.languages.po import Catalogue, merged, read_po
from healthpassport.languages.words import ENGLISH, LANGUAGES, Language, Words, msg

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Catalogue",
    "Language",
    "Words",
    "merged",
    "msg",
    "read_po",
]
