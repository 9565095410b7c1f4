"""An emergency card as one HTML file that prints by itself: a card of 90 x 55 mm, and large print.

No script, no address, no font but the printer's own; every value is escaped. What is *not* here:
the words (``sheet``) and the wallet's own pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from .sheet import CARD_HEIGHT_MM, CARD_WIDTH_MM, CardSheet
from .words import CardPart, Words, word

# Of a card's side below its title, at 7.5 points; tried in a browser with wide letters.
FRONT_LINES: Final = 12
FRONT_LETTERS: Final = 56
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = f"""
@page card {{ size: {CARD_WIDTH_MM}mm {CARD_HEIGHT_MM}mm; margin: 0; }}
@page sheet {{ size: A4; margin: 18mm; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; font-family: sans-serif; color: #000; background: #fff; }}
.card {{ page: card; break-after: page; width: {CARD_WIDTH_MM}mm;
  min-height: {CARD_HEIGHT_MM}mm; padding: 3mm; font-size: 7.5pt; line-height: 1.2; }}
.card h1 {{ font-size: 10pt; margin: 0 0 1mm; }}
.card p {{ margin: 0 0 0.8mm; }}
.code {{ display: flex; align-items: center; gap: 2mm; padding: 0.5mm; font-size: 7pt; }}
.code svg {{ flex: none; display: block; }}
.sheet {{ page: sheet; break-after: page; font-size: 20pt; line-height: 1.4; }}
.sheet h1 {{ font-size: 30pt; }}
.sheet h2 {{ font-size: 24pt; break-after: avoid; }}
.sheet li {{ margin-bottom: 4mm; }}
.letters {{ font-family: monospace; font-size: 13pt; white-space: pre; line-height: 1.5; }}
strong {{ font-weight: bold; }}
"""


def page(found: CardSheet, *, language: str) -> str:
    """The whole file, in ``language``; headings that staff must read stand in English as well."""
    title = _both(word("labels", "title"), language)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"{_front(found, language)}{_back(found, language)}{_sheet(found, language)}"
        f"{_letters(found, language)}</body></html>\n"
    )


def _front(found: CardSheet, language: str) -> str:
    """What a person reads without a reader: who it is, and the allergies above all.

    A list that would not fit is not begun: it would look whole.
    """
    title = _both(word("labels", "title"), language)
    born = f"{word('labels', 'born')[language]} {found.born[language]}"
    before = [f"{found.name}. {born}", _both(found.allergies, language)]
    after = [one[language] for one in found.statements[:2]] + [_origin(found, language)]
    listed = " \u2022 ".join(line[language] for part in found.parts[:1] for line in part.lines)
    entries = [listed] if listed else []
    if _height([*before, *entries, *after]) > FRONT_LINES:
        entries = [_both(word("sentences", "not_listed"), language)]
    strong = [f"<strong>{escape(line)}</strong>" for line in before]
    lines = [*strong, *(escape(line) for line in (*entries, *after))]
    return _section("card", f"<h1>{escape(title)}</h1>{_paragraphs(lines)}")


def front_holds(found: CardSheet, language: str) -> bool:
    """Whether a card's side holds its whole list of allergies, one entry on a line.

    Else it is not begun: a first side with some of them would look whole.
    """
    born = f"{_both(word('labels', 'born'), language)} {_both(found.born, language)}"
    lines = [f"{found.name} {born}", _both(found.allergies, language)]
    for part in found.parts[:1]:
        lines += [f"00. {_both(line, language)}" for line in part.lines]
        lines += [_both(note, language) for note in part.notes]
    lines += [one[language] for one in found.statements[:2]]
    return _height([*lines, _origin(found, language)]) <= FRONT_LINES


def _height(lines: Iterable[str]) -> int:
    """How many printed lines ``lines`` take on a card, by a cautious count of letters."""
    return sum(-(-len(line) // FRONT_LETTERS) for line in lines)


def _back(found: CardSheet, language: str) -> str:
    said = _both(word("sentences", "scan"), language)
    return f'<section class="card code">{found.code.svg()}<p>{escape(said)}</p></section>'


def _sheet(found: CardSheet, language: str) -> str:
    """Everything, in large print."""
    lines = [
        f"<strong>{escape(found.name)}</strong>",
        f"{_label('born', language)}: {escape(found.born[language])}",
        *(
            f"{escape(label[language])}: {escape(value[language])}"
            for label, value in found.details
        ),
    ]
    body = [
        f"<h1>{escape(_both(word('labels', 'title'), language))}</h1>",
        _paragraphs(lines),
        f"<h2>{escape(_both(found.allergies, language))}</h2>",
        *(_part(part, language) for part in found.parts),
        _paragraphs(escape(one[language]) for one in found.statements),
        _paragraphs(
            [
                escape(_origin(found, language)),
                escape(word("sentences", "lost")[language]),
            ]
        ),
    ]
    return _section("sheet", "".join(body))


def _letters(found: CardSheet, language: str) -> str:
    """The code once more, and the letters that stand for it."""
    numbered = "\n".join(f"{at:>2}. {line}" for at, line in enumerate(found.typed, start=1))
    return _section(
        "sheet",
        f"{found.code.svg()}<h2>{_label('typed', language)}</h2>"
        f'<div class="letters">{escape(numbered)}</div>',
    )


def _origin(found: CardSheet, language: str) -> str:
    """Where the card is from, and how long it is good."""
    labels = {name: word("labels", name)[language] for name in ("source", "made", "until")}
    return (
        f"{labels['source']} {found.source}. {labels['made']} {found.made_on[language]}. "
        f"{labels['until']} {found.expires_on[language]}."
    )


def _part(part: CardPart, language: str) -> str:
    entries = "".join(f"<li>{escape(line[language])}</li>" for line in part.lines)
    said = f"{escape(part.said[language])}. {_label('as_of', language)} "
    notes = _paragraphs(escape(note[language]) for note in part.notes)
    return (
        f"<h2>{escape(part.title[language])}</h2>"
        f"<p>{said}{escape(part.as_of[language])}.</p>"
        + (f"<ul>{entries}</ul>" if entries else "")
        + notes
    )


def _both(words: Words, language: str) -> str:
    """``words`` in ``language``, and in English for staff where that is another."""
    own, english = words[language], words["en"]
    return own if own == english else f"{english} / {own}"


def _label(name: str, language: str) -> str:
    return escape(word("labels", name)[language])


def _paragraphs(lines: Iterable[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def _section(kind: str, body: str) -> str:
    return f'<section class="{kind}">{body}</section>'
