"""Keywords, and what may stand as an IRI or a blank node's name in a statement.

An IRI reaches the canonical text unescaped, so one with a bracket, a quote or a space in it could
pretend to be another statement: such a one is no IRI here. What is *not* here: terms and prefixes
(active.py).
"""

from __future__ import annotations

import re
from typing import Final

MAX_IRI_CHARS: Final = 2_048  # characters of an IRI that a context gives

KEYWORDS: Final = frozenset(
    [
        "@base",
        "@container",
        "@context",
        "@default",
        "@direction",
        "@embed",
        "@explicit",
        "@graph",
        "@id",
        "@included",
        "@index",
        "@json",
        "@language",
        "@list",
        "@nest",
        "@none",
        "@omitDefault",
        "@prefix",
        "@preserve",
        "@protected",
        "@requireAll",
        "@reverse",
        "@set",
        "@type",
        "@value",
        "@version",
        "@vocab",
        "@import",
        "@propagate",
        "@first",
        "@null",
    ]
)

XSD: Final = "http://www.w3.org/2001/XMLSchema#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
I18N: Final = "https://www.w3.org/ns/i18n#"

# RFC 3987 section 2.2, as far as N-Quads' IRIREF leaves a choice; surrogates have no UTF-8.
_IRI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:{0}(?:#{0})?".format(r'[^\x00-\x20<>"{}|^`\\#\ud800-\udfff]*')
).fullmatch
# Turtle, BLANK_NODE_LABEL, as every name that a document gives is replaced anyway.
_BLANK: Final = re.compile(r"_:[^\s<>\"\\]{1,128}").fullmatch
_KEYWORD_FORM: Final = re.compile(r"@[A-Za-z]+").fullmatch
# BCP 47 section 2.2.9 as N-Quads' LANGTAG reads it.
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,15}").fullmatch
# RFC 3986 appendix B.
_PARTS: Final = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?")


def is_iri(text: str) -> bool:
    """Whether ``text`` is an absolute IRI that can stand in a statement."""
    return _IRI(text) is not None


def is_blank(text: str) -> bool:
    """Whether ``text`` is a blank node's name, ``_:name``."""
    return _BLANK(text) is not None


def has_keyword_form(text: str) -> bool:
    """Whether ``text`` looks like a keyword: ``@`` and letters (JSON-LD 1.1 section 1.7)."""
    return _KEYWORD_FORM(text) is not None


def is_language(text: str) -> bool:
    """Whether ``text`` has the form of a language tag."""
    return _LANGUAGE(text) is not None


def resolve(base: str, reference: str) -> str:
    """``reference`` resolved against ``base`` (RFC 3986 section 5.2, nothing normalised)."""
    scheme, authority, path, query, fragment = _parts(reference)
    base_scheme, base_authority, base_path, base_query, _ = _parts(base)
    if scheme is None:
        scheme = base_scheme
        if authority is None:
            authority = base_authority
            if not path:
                path, query = base_path, base_query if query is None else query
            else:
                merged = _merged(base_path, path, has_authority=base_authority is not None)
                path = _without_dots(path if path.startswith("/") else merged)
        else:
            path = _without_dots(path)
    else:
        path = _without_dots(path)
    found = f"{scheme}:" if scheme is not None else ""
    found += f"//{authority}" if authority is not None else ""
    found += path + (f"?{query}" if query is not None else "")
    return found + (f"#{fragment}" if fragment is not None else "")


def _parts(text: str) -> tuple[str | None, str | None, str, str | None, str | None]:
    match = _PARTS.fullmatch(text)
    if match is None:  # a line break: no IRI, and refused as such by the caller
        return None, None, text, None, None
    scheme, authority, path, query, fragment = match.groups()
    return scheme, authority, path, query, fragment


def _merged(base_path: str, path: str, *, has_authority: bool) -> str:
    if has_authority and not base_path:
        return "/" + path
    return base_path[: base_path.rfind("/") + 1] + path


def _without_dots(path: str) -> str:
    """RFC 3986 section 5.2.4."""
    found: list[str] = []
    segments = path.split("/")
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == "..":
            if len(found) > 1 or (found and found[0]):
                found.pop()
            if last:
                found.append("")
        elif segment == ".":
            if last:
                found.append("")
        else:
            found.append(segment)
    return "/".join(found)
