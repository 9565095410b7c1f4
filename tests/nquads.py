"""N-Quads as the tests read them."""

from __future__ import annotations

import re

from healthpassport.canonical import Dataset, Quad

_TERM = r'(<[^>]*>|_:[^\s<>"]+|"(?:[^"\\]|\\.)*"(?:\^\^<[^>]*>|@[A-Za-z0-9-]+)?)'
_LINE = re.compile(
    rf"\s*{_TERM}\s*(<[^>]*>|_:\S+)\s*{_TERM}\s*(?:(<[^>]*>|_:[^\s<>]+)\s*)?\.\s*(?:#.*)?"
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_CHARACTERS = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_OUT = {ord("\\"): "\\\\", ord('"'): '\\"', 8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r"}
_OUT |= {code: f"\\u{code:04X}" for code in [*range(32), 127] if code not in _OUT}


def _plain(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else _CHARACTERS.get(match[3], match[3])

    return _ESCAPE.sub(one, text)


def _term(text: str) -> str:
    if text[0] == "<":
        return _plain(text)
    if text[0] == "_":
        return text
    end = text.rindex('"')
    suffix = _plain(text[end + 1 :])
    if suffix == "^^<http://www.w3.org/2001/XMLSchema#string>":
        suffix = ""
    return f'"{_plain(text[1:end]).translate(_OUT)}"{suffix}'


def parse(text: str) -> Dataset:
    """The dataset of N-Quads ``text``, terms in their canonical spelling."""
    found: list[Quad] = []
    for line in text.split("\n"):
        if line.strip() and not line.strip().startswith("#"):
            match = _LINE.fullmatch(line.rstrip("\r"))
            assert match, line
            subject, predicate, term, graph = match.groups()
            found.append(
                (_term(subject), _term(predicate), _term(term), _term(graph) if graph else "")
            )
    return Dataset.of(found)
