"""The words of a section as XHTML (FHIR R4 section 2.4): everything escaped, no links, no images.

What is *not* here: which words (the service's).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from healthpassport.encoding import Json, dump_text
from healthpassport.summary import Item

from .values import Resource

# Characters that XML 1.0 section 2.2 does not allow.
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(paragraphs: Iterable[str], items: Iterable[Item], denials: Iterable[Item]) -> Resource:
    """A Narrative: ``paragraphs``, then each item with all that belongs to it on one line."""
    parts = [f"<p>{_safe(words)}</p>" for words in paragraphs if words]
    lines = [f"<li>{_safe(_line(item))}</li>" for item in (*items, *denials)]
    listed = f"<ul>{''.join(lines)}</ul>" if lines else ""
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(parts)}{listed}</div>'
    return {"status": "generated", "div": div}


def _line(item: Item) -> str:
    values: Mapping[str, Json] = {**item.unit, **item.fields}
    rest = (f"{name}: {_words(v)}" for name, v in values.items() if name not in {"text", "coding"})
    return "; ".join([str(item.unit.get("text")), *rest])


def _words(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and "text" in value:
        return str(value["text"])
    if isinstance(value, Sequence):
        return ", ".join(_words(entry) for entry in value)
    return dump_text(value)


def _safe(words: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", words), quote=False)
