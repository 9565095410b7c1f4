"""The JSON-LD contexts that this program knows: shipped, hash-checked, never fetched.

``schemas/contexts/index.json`` names for each URL the file, where it is from, its licence and its
SHA-256; a file is read on first use and its hash compared. A URL that stands in no index is an
error, so that nobody who writes a document decides what its words mean. What is *not* here: a
network; reading a context (processing.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Final

import schemas
from healthpassport.canonical.active import Active
from healthpassport.canonical.processing import DOCUMENT, Processor, Scope
from healthpassport.encoding import Json, JsonObject, parse_json_object
from healthpassport.errors import CredentialError

FOLDERS: Final = ("contexts",)  # below schemas/, each with its index.json
MAX_COMPILED: Final = 32  # lists of context URLs whose terms are remembered


class Contexts:
    """Contexts by URL; immutable, apart from what it has already worked out.

    Args:
        sources: for each URL what gives its @context entry.
    """

    __slots__ = ("_compiled", "_loaded", "_sources")

    def __init__(self, sources: Mapping[str, Callable[[], Json]]) -> None:
        self._sources = MappingProxyType(dict(sources))
        self._loaded: dict[str, Json] = {}
        self._compiled: dict[tuple[str, ...], Active] = {}

    @property
    def urls(self) -> frozenset[str]:
        """The URLs that are known."""
        return frozenset(self._sources)

    def extended(self, documents: Mapping[str, JsonObject]) -> Contexts:
        """These and ``documents``: for each URL a document with an @context entry.

        Raises:
            CredentialError: ``jsonld.context_invalid`` for a document without one.
        """
        found = {url: partial(_entry, document) for url, document in documents.items()}
        return Contexts({**self._sources, **found})

    def load(self, url: str) -> Json:
        """The @context entry of ``url``.

        Raises:
            CredentialError: ``jsonld.context_unknown``; ``jsonld.context_altered`` for a shipped
                file that is not the one its index names.
        """
        if url not in self._loaded:
            if url not in self._sources:
                raise CredentialError("jsonld.context_unknown", url[:200])
            self._loaded[url] = self._sources[url]()
        return self._loaded[url]

    def active(self, local: Json, processor: Processor, base: str | None = None) -> Active:
        """The active context of a document whose @context is ``local``.

        The terms of a list of URLs are worked out once; what stands behind them in the list, each
        time. ``processor`` counts the work; ``base`` is the document's own URL, if it has one.
        """
        entries = local if isinstance(local, list | tuple) else [local]
        urls: list[str] = []
        for entry in entries:
            if not isinstance(entry, str) or base is not None:
                break
            urls.append(entry)
        begin = self._of_urls(tuple(urls)) if urls else Active(base)
        if len(urls) == len(entries):
            return begin
        rest = entries[len(urls) :] if isinstance(local, list | tuple) else local
        return processor.apply(begin, rest, Scope(base_url=base))

    def _of_urls(self, urls: tuple[str, ...]) -> Active:
        found = self._compiled.get(urls)
        if found is None:
            found = Processor(self.load).apply(Active(), list(urls), DOCUMENT)
            if len(self._compiled) >= MAX_COMPILED:
                self._compiled.clear()
            self._compiled[urls] = found
        return found


@cache
def bundled(folders: tuple[str, ...] = FOLDERS) -> Contexts:
    """The contexts that are shipped in ``folders`` of ``schemas``; their files are not read yet."""
    sources: dict[str, Callable[[], Json]] = {}
    for folder in folders:
        for url, row in schemas.load(f"{folder}/index.json").items():
            sources[url] = partial(_shipped, f"{folder}/{row['file']}", row["sha256"])
    return Contexts(sources)


def _shipped(path: str, digest: str) -> Json:
    data = schemas.read(path)
    if hashlib.sha256(data).hexdigest() != digest:
        raise CredentialError("jsonld.context_altered", path)
    return _entry(parse_json_object(data))


def _entry(document: JsonObject) -> Json:
    if "@context" not in document:
        raise CredentialError("jsonld.context_invalid", "a context document has no @context")
    return document["@context"]
