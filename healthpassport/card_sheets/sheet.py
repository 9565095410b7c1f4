"""An emergency card ready to print: words, the code, and the letters below it. No layout.

The code's dots are whole dots of a printer of 150 dpi, as large as a card of 90 x 55 mm allows.
What is *not* here: HTML (``pages``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import segno

from healthpassport.cards import CardClaims, typed
from healthpassport.encoding import Json
from schemas.cards import table
from schemas.definitions import LANGUAGES, warnings

from .words import CardPart, Words, allergy_words, days, detail_words, parts, word

CARD_WIDTH_MM: Final = 90
CARD_HEIGHT_MM: Final = 55
QUIET: Final = 4  # modules around a code (ISO/IEC 18004)
DPI: Final = 150
MM_PER_INCH: Final = 25.4
LEAST_DOTS: Final = 3  # printer dots a module: fewer do not scan from paper
# Printer dots of the side of a code: a millimetre of a card's height stays free.
SIDE_DOTS: Final = int((CARD_HEIGHT_MM - 1) / MM_PER_INCH * DPI)


@dataclass(frozen=True, slots=True)
class PrintedCode:
    """A QR code: its modules row by row (true is dark), and how large one is printed."""

    text: str
    version: int
    modules: tuple[tuple[bool, ...], ...]
    dots: int

    @property
    def module_mm(self) -> float:
        """The side of one module in millimetres."""
        return self.dots * MM_PER_INCH / DPI

    @property
    def side_mm(self) -> float:
        """The side of the whole code in millimetres, with the quiet zone."""
        return (len(self.modules) + 2 * QUIET) * self.module_mm

    def svg(self) -> str:
        """The code as an SVG image, in millimetres, with its quiet zone."""
        made: str = _made(self.text).svg_inline(
            scale=self.module_mm,
            unit="mm",
            border=QUIET,
            omitsize=False,
            svgclass=None,
            lineclass=None,
        )
        return made


@dataclass(frozen=True, slots=True)
class CardSheet:
    """Everything that stands on a printed card or a sheet in large print, in every language."""

    id: str
    name: str
    born: Words
    details: tuple[tuple[Words, Words], ...]
    allergies: Words
    parts: tuple[CardPart, ...]
    source: str
    made_on: Words
    expires_on: Words
    statements: tuple[Words, ...]
    code: PrintedCode
    typed: tuple[str, ...]


def sheet(text: str, claims: CardClaims, *, name: str) -> CardSheet:
    """The card ``text``, which says ``claims``, ready to print; it goes by ``name`` here."""
    content = claims.content
    subject = content.subject
    born = subject["birthDate"]
    return CardSheet(
        id=name,
        name=name_of(claims),
        born=detail_words("birthDate", born)[1],
        details=tuple(
            detail_words(name, subject[name])
            for name in ("nhsNumber", "addressLines", "postcode")
            if name in subject
        ),
        allergies=allergy_words(content.allergies),
        parts=parts(content),
        source=f"{content.organisation} ({content.ods})",
        made_on=_day(claims.issued_at),
        expires_on=_day(claims.expires_at),
        statements=(
            word("sentences", "anyone"),
            word("sentences", "chosen"),
            _left_out(),
            word("sentences", "changed"),
            word("sentences", "scan"),
        ),
        code=printed_code(text),
        typed=typed.lines(text),
    )


def printed_code(text: str) -> PrintedCode:
    """The QR code of ``text``, with modules as large as a card's height allows."""
    made = _made(text)
    modules = tuple(tuple(bool(cell) for cell in row) for row in made.matrix)
    dots = SIDE_DOTS // (len(modules) + 2 * QUIET)
    return PrintedCode(text, int(made.version), modules, max(LEAST_DOTS, dots))


def sheet_json(found: CardSheet) -> dict[str, Json]:
    """``found`` for a program."""
    return {
        "id": found.id,
        "name": found.name,
        "born": dict(found.born),
        "details": [{"label": dict(label), "value": dict(value)} for label, value in found.details],
        "allergies": dict(found.allergies),
        "parts": [
            {
                "type": part.record_type,
                "title": dict(part.title),
                "said": dict(part.said),
                "asOf": dict(part.as_of),
                "lines": [dict(line) for line in part.lines],
                "notes": [dict(note) for note in part.notes],
            }
            for part in found.parts
        ],
        "source": found.source,
        "madeOn": dict(found.made_on),
        "expiresOn": dict(found.expires_on),
        "statements": [dict(one) for one in found.statements],
        "code": {
            "text": found.code.text,
            "version": found.code.version,
            "moduleMillimetres": round(found.code.module_mm, 3),
            "modules": [
                "".join("#" if dark else "." for dark in row) for row in found.code.modules
            ],
        },
        "typed": list(found.typed),
    }


def name_of(claims: CardClaims) -> str:
    """The person's name as staff read it: FAMILY, Given."""
    subject = claims.content.subject
    given = subject.get("givenNames", ())
    names = " ".join(str(one) for one in given) if isinstance(given, list | tuple) else ""
    family = str(subject["familyName"]).upper()
    return f"{family}, {names}" if names else family


def _day(moment: datetime) -> Words:
    return days(moment.date())


def _left_out() -> Words:
    found = warnings()[table().implied_warning]
    return {language: found[language].patient for language in LANGUAGES}


def _made(text: str) -> segno.QRCode:
    limits = table().limits
    return segno.make(
        text, error=limits["qrErrorCorrection"].lower(), boost_error=False, micro=False
    )
