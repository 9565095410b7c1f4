"""Translations in the text form of GNU gettext, read as they stand: nothing is compiled.

Only what our own files need is taken: ``msgid``, ``msgid_plural``, ``msgstr``, comments and the
header with its ``Plural-Forms``. Anything else is a fault of the file and ends the reading. What is
*not* here: where the files are, which each app knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from gettext import c2py
from typing import Final

_LINE: Final = re.compile(r'(?:(msgid_plural|msgid|msgstr(?:\[([0-9])\])?)\s+)?"(.*)"')
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPED: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_PLURAL: Final = re.compile(r"plural=([^;\n]+)")
FUZZY: Final = "#, fuzzy"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Messages in another language: ``msgid`` to its forms, the first for one."""

    messages: Mapping[str, tuple[str, ...]]
    plural: Callable[[int], int]

    def gettext(self, text: str) -> str:
        """``text`` in this language; itself where it has no translation."""
        return self.messages.get(text, (text,))[0]

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The form for ``number`` things."""
        forms = self.messages.get(one)
        if forms is None:
            return one if number == 1 else many
        return forms[min(self.plural(number), len(forms) - 1)]


def read_po(text: str) -> Catalogue:
    """The catalogue that the file's ``text`` holds.

    Raises:
        ValueError: for a line that is not understood, a fuzzy entry, or a message twice.
    """
    messages: dict[str, tuple[str, ...]] = {}
    for entry in _entries(text.splitlines()):
        name = entry["msgid"]
        if name in messages:
            raise ValueError(f"translated twice: {name}")
        messages[name] = tuple(words for key, words in entry.items() if key.startswith("msgstr"))
    rule = _PLURAL.search(messages.get("", ("",))[0])
    messages.pop("", None)
    return Catalogue(messages, c2py(rule[1].strip() if rule else "n != 1"))


def merged(catalogues: Iterable[Catalogue]) -> Catalogue:
    """All of them as one; they share the language and so its rule for plurals."""
    found = list(catalogues)
    messages = {name: forms for one in found for name, forms in one.messages.items()}
    return Catalogue(messages, found[0].plural if found else c2py("n != 1"))


def _entries(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    entry: dict[str, str] = {}
    part = ""
    for line in map(str.strip, lines):
        if line.startswith(FUZZY):
            raise ValueError("a fuzzy entry is no translation")
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or not (found[1] or part):
            raise ValueError(f"not understood: {line}")
        if found[1] == "msgid" and entry:
            yield entry
            entry = {}
        part = found[1] or part
        entry[part] = entry.get(part, "") + _ESCAPE.sub(_unescaped, found[3])
    if entry:
        yield entry


def _unescaped(found: re.Match[str]) -> str:
    if found[1] not in _ESCAPED:
        raise ValueError(f"not understood: {found[0]}")
    return _ESCAPED[found[1]]
