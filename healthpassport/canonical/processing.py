"""Reading a JSON-LD context into an active context.

JSON-LD 1.1 API section 4.1 (Context Processing), its steps by number. Contexts are only ever taken
from a table that is handed in; the work that one document may cause is bounded, since each embedded
context copies what was in force. What is *not* here: term definitions (definitions.py), where
contexts come from (contexts.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeGuard

from healthpassport.canonical import iris
from healthpassport.canonical.active import Active
from healthpassport.canonical.definitions import Definitions, refused
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError

MAX_CONTEXTS: Final = 64  # entries of one @context
MAX_WORK: Final = 400_000  # terms copied for one document
DEFINED: Final = 20  # such copies take the time of one definition

_ENTRIES: Final = frozenset(
    {
        "@base",
        "@direction",
        "@import",
        "@language",
        "@propagate",
        "@protected",
        "@version",
        "@vocab",
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """How a context is applied: the optional inputs of section 4.1.

    Args:
        base_url: where the context stands, for relative references in it.
        remote: the URLs of the contexts that led here.
        override: whether protected terms may change (property-scoped contexts).
        propagate: whether it still holds in the objects below (type-scoped ones do not).
        validate: whether scoped contexts that were already seen are looked at again.
    """

    base_url: str | None = None
    remote: tuple[str, ...] = ()
    override: bool = False
    propagate: bool = True
    validate: bool = True


DOCUMENT: Final = Scope()


class Processor:
    """Reads contexts for one document, within one budget.

    Args:
        load: gives the @context of a URL (``CredentialError`` where there is none).
    """

    def __init__(self, load: Callable[[str], Json]) -> None:
        self._load = load
        self._work = 0

    def apply(self, active: Active, local: Json, scope: Scope = DOCUMENT) -> Active:
        """``active`` with ``local`` on top of it (section 4.1).

        Raises:
            CredentialError: ``jsonld.context_unknown``, ``jsonld.context_invalid``,
                ``jsonld.term_protected`` or ``jsonld.context_limit``.
        """
        entries = local if isinstance(local, list | tuple) else [local]
        if len(entries) > MAX_CONTEXTS:
            raise CredentialError("jsonld.context_limit")
        propagate = scope.propagate
        if isinstance(local, dict) and isinstance(local.get("@propagate"), bool):
            propagate = bool(local["@propagate"])  # step 2
        result = self._copy(active)
        if not propagate and result.previous is None:
            result.previous = active  # step 3
        for entry in entries:
            inner = entry["@context"] if entries is local and _is_wrapped(entry) else entry
            result = self._entry(active, result, inner, scope, propagate=propagate)
        return result.settle()

    def spend(self, terms: int) -> None:
        """Count work against the budget of this document."""
        self._work += terms
        if self._work > MAX_WORK:
            raise CredentialError("jsonld.context_limit")

    def _copy(self, active: Active) -> Active:
        self.spend(1 + len(active.terms))
        return active.clone()

    def _entry(
        self, active: Active, result: Active, entry: Json, scope: Scope, *, propagate: bool
    ) -> Active:
        if entry is None:  # step 5.1
            if not scope.override and active.protects():
                raise CredentialError(
                    "jsonld.term_protected", "a context takes protected terms back"
                )
            empty = Active(active.original_base)
            empty.previous = None if propagate else result.previous or result
            return empty
        if isinstance(entry, str):
            return self._remote(result, entry, scope)
        if not isinstance(entry, dict):  # step 5.3
            raise refused("a context is neither a URL nor an object")
        return self._definition(result, entry, scope)

    def _remote(self, result: Active, entry: str, scope: Scope) -> Active:
        """Step 5.2: a context by its URL."""
        url = iris.resolve(scope.base_url, entry) if scope.base_url else entry
        if url in scope.remote:
            if scope.validate:
                raise refused("contexts include one another")
            return result
        inner = Scope(
            base_url=url,
            remote=(*scope.remote, url),
            override=scope.override,
            validate=scope.validate,
        )
        previous = result.previous
        found = self.apply(result, self._load(url), inner)
        found.previous = found.previous or previous
        return found

    def _definition(self, result: Active, context: JsonObject, scope: Scope) -> Active:
        """Steps 5.4 to 5.13: a context that is written out."""
        if context.get("@version", 1.1) != 1.1:  # noqa: PLR2004 - step 5.5.1
            raise refused("@version is not 1.1")
        context = self._imported(context, scope)
        for name, allowed in (("@propagate", bool), ("@protected", bool)):
            if name in context and not isinstance(context[name], allowed):
                raise refused(f"{name} is neither true nor false")
        if not scope.remote:  # step 5.7: a base is only taken from the document's own context
            _set_base(result, context)
        _set_defaults(result, context)
        self.spend(DEFINED * len(context))
        definitions = Definitions(self, result, context, scope)
        for name in context:
            if name not in _ENTRIES:
                definitions.define(name)
        return result

    def _imported(self, context: JsonObject, scope: Scope) -> JsonObject:
        """Step 5.6: the terms of another context under those of this one."""
        if "@import" not in context:
            return context
        value = context["@import"]
        if not isinstance(value, str):
            raise refused("@import is no URL")
        found = self._load(iris.resolve(scope.base_url, value) if scope.base_url else value)
        if not isinstance(found, dict) or "@import" in found:
            raise refused("what @import names is no single context")
        return {**found, **{name: one for name, one in context.items() if name != "@import"}}


def _set_base(result: Active, context: JsonObject) -> None:
    if "@base" not in context:
        return
    value = context["@base"]
    if value is None:
        result.base = None
    elif not isinstance(value, str) or len(value) > iris.MAX_IRI_CHARS:
        raise refused("@base is no IRI, or too long")
    elif iris.is_iri(value):
        result.base = value
    elif result.base is not None:
        result.base = iris.resolve(result.base, value)
    else:
        raise refused("@base is relative and there is nothing that it could be relative to")


def _set_defaults(result: Active, context: JsonObject) -> None:
    """Steps 5.8 to 5.10: @vocab, @language, @direction."""
    if "@vocab" in context:
        value = context["@vocab"]
        if value is not None and not isinstance(value, str):
            raise refused("@vocab is no IRI")
        result.vocab = None if value is None else _vocabulary(result, value)
    if "@language" in context:
        value = context["@language"]
        if value is not None and not isinstance(value, str):
            raise refused("@language is no language tag")
        result.language = None if value is None else value.lower()
    if "@direction" in context:
        value = context["@direction"]
        if value not in (None, "ltr", "rtl"):
            raise refused("@direction is neither ltr nor rtl")
        result.direction = None if value is None else str(value)


def _vocabulary(result: Active, value: str) -> str:
    found = result.expand(value, vocab=True, relative=True)
    if found is None or found in iris.KEYWORDS or len(found) > iris.MAX_IRI_CHARS:
        raise refused("@vocab is no IRI, or too long")
    return found


def _is_wrapped(entry: Json) -> TypeGuard[JsonObject]:
    """Whether an entry of a list of contexts is a whole context document.

    JSON-LD 1.1 section 9.15 knows no such thing, yet credentials are published and signed so, among
    them W3C's own, and what others read in it is the inner context; nothing else can be meant.
    """
    return isinstance(entry, dict) and entry.keys() == {"@context"}
