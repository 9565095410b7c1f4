"""An emergency card for people: in words, as a question, on paper, and read aloud.

Rules: every word in every language at once; nothing is cut off, and a list of allergies that a side
cannot hold is not begun on it. What is *not* here: what a card is (``healthpassport.cards``), and
the pages of the apps.
"""

from __future__ import annotations

from .pages import front_holds, page
from .question import CardChoice, CardPreview, CardQuestion, CardSource, preview, question
from .sheet import CardSheet, sheet, sheet_json
from .spoken import spoken
from .words import CardPart, Words, word

__all__ = [
    "CardChoice",
    "CardPart",
    "CardPreview",
    "CardQuestion",
    "CardSheet",
    "CardSource",
    "Words",
    "front_holds",
    "page",
    "preview",
    "question",
    "sheet",
    "sheet_json",
    "spoken",
    "word",
]
