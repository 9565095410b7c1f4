"""XHTML of a narrative as tags and text, in time that grows with its length whatever it holds.

Python's own parser takes the square of the length for markup that never closes, and gives up on a
character reference of thousands of digits. Markup that is broken gives what text there is. What is
*not* here: what a tag means (narrative.py).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# A tag whose quoted values may hold anything, else one that ends at its first angle bracket. The
# possessive parts never give back what they took.
_TAG: Final = re.compile(
    r"""<(?=[A-Za-z/!?])(?:(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>|[^<>]*+>)""",
)
_NAME: Final = re.compile(r"<(/?)\s*+(?:[\w.-]++:)?([A-Za-z][A-Za-z0-9]*)")
_HUGE: Final = re.compile(r"&#[0-9]{8,}+;?")  # Unicode ends at 1,114,111
_COMMENT: Final = ("<!--", "-->")


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag, an end tag, or one that is both; its name in lower case without a prefix."""

    name: str
    opens: bool
    closes: bool


def tokens(markup: str) -> Iterator[Tag | str]:
    """The tags and the texts of ``markup`` in order; comments and declarations are left out."""
    markup = _without_comments(markup).replace("<![CDATA[", "").replace("]]>", "")
    position = 0
    for found in _TAG.finditer(markup):
        if found.start() > position:
            yield _text(markup[position : found.start()])
        position = found.end()
        if named := _NAME.match(found[0]):
            ends = bool(named[1])
            yield Tag(named[2].lower(), not ends, ends or found[0].endswith("/>"))
    if position < len(markup):
        yield _text(markup[position:])


def _text(raw: str) -> str:
    return html.unescape(_HUGE.sub("\ufffd", raw))


def _without_comments(markup: str) -> str:
    opening, closing = _COMMENT
    kept, position = [], 0
    while (start := markup.find(opening, position)) >= 0:
        end = markup.find(closing, start + len(opening))
        if end < 0:
            break
        kept.append(markup[position:start])
        position = end + len(closing)
    return "".join([*kept, markup[position:]])
