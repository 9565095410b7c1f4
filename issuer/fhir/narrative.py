"""Narrative of a section (SCR): rows of a table as text, never turned into codes.

The Summary Care Record gives allergies and medicines as XHTML only. The rows are kept in their own
words, with the hash of the narrative; a row that says that there is nothing to say is a state. What
is *not* here: any reading of what a row means.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from .markup import tokens

MAX_ROWS: Final = 1_000
NO_INFORMATION: Final = re.compile(
    r"no (?:relevant )?information (?:is )?(?:available|recorded)|not recorded|no data",
    re.IGNORECASE,
)
_WARNINGS: Final = (
    (re.compile(r"deliberately withheld", re.IGNORECASE), "deliberately-withheld"),
    (re.compile(r"recently registered", re.IGNORECASE), "recently-registered"),
    (re.compile(r"may not be complete", re.IGNORECASE), "may-be-incomplete"),
)
_CELLS: Final = frozenset({"td", "th"})
_BLOCKS: Final = frozenset({"p", "li", "div", "h1", "h2", "h3", "h4", "h5", "h6", "br"})


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a narrative, the hash of its bytes, and what it warns of."""

    rows: tuple[tuple[str, ...], ...]
    sha256: str
    warnings: tuple[str, ...]
    says_nothing: bool
    is_blank: bool


class _Rows:
    """Cells by row; text outside a table gives a row of one cell for each block."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._text: list[str] = []
        self._row: list[str] | None = None
        self._cell = False
        self._header = False

    def read(self, markup: str) -> None:
        """Take in all of ``markup``; what is open at its end is closed."""
        for token in tokens(markup):
            if isinstance(token, str):
                self._text.append(token)
                continue
            if token.opens:
                self._open(token.name)
            if token.closes and (not token.opens or token.name in _CELLS):
                self._close(token.name)
        self._close("tr")
        self._loose()

    def _open(self, tag: str) -> None:
        if tag == "tr":
            self._close("tr")  # a table in a cell: what the row outside holds is kept
            self._loose()
            self._row, self._cell, self._header = [], False, True
        elif tag in _CELLS:
            self._close_cell()
            self._cell = True
            self._header = self._header and tag == "th"
        elif tag in _BLOCKS:
            if self._cell:
                self._text.append(" ")
            else:
                self._loose()

    def _close(self, tag: str) -> None:
        if tag in _CELLS:
            self._close_cell()
        elif tag == "tr" and self._row is not None:
            self._close_cell()
            is_heading = self._header and self._row
            if not is_heading and any(self._row):
                self.rows.append(self._row)
            self._row = None
        elif tag in _BLOCKS and not self._cell:
            self._loose()

    def _close_cell(self) -> None:
        text = _squeezed(self._text)
        if self._row is None:
            self._loose()
        elif self._cell or text:  # words beside the cells are kept too
            self._row.append(text)
            self._header = self._header and self._cell
        self._cell = False
        self._text = []

    def _loose(self) -> None:
        if self._row is None and (text := _squeezed(self._text)):
            self.rows.append([text])
        if self._row is None:
            self._text = []


def _squeezed(parts: list[str]) -> str:
    return re.sub(r"\s+", " ", "".join(parts)).strip()


def read_narrative(div: str) -> Table:
    """The rows of the XHTML ``div``; broken markup gives what text there is."""
    parser = _Rows()
    parser.read(div)
    rows = tuple(tuple(row) for row in parser.rows[:MAX_ROWS])
    words = " ".join(cell for row in rows for cell in row)
    return Table(
        rows,
        hashlib.sha256(div.encode("utf-8", "replace")).hexdigest(),
        tuple(word for pattern, word in _WARNINGS if pattern.search(words)),
        says_nothing=bool(rows) and all(_says_nothing(row) for row in rows),
        is_blank=not rows,
    )


def _says_nothing(row: tuple[str, ...]) -> bool:
    told = [cell for cell in row if cell]
    return len(told) == 1 and bool(NO_INFORMATION.search(told[0]))
