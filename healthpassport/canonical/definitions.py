"""Term definitions: one entry of a context into a ``Term``.

JSON-LD 1.1 API section 4.2 (Create Term Definition), its steps by number; errors there are
``jsonld.context_invalid`` here, whatever they are called there. What is *not* here: the context
around the terms (processing.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from healthpassport.canonical import iris, terms
from healthpassport.canonical.active import Active
from healthpassport.canonical.terms import ABSENT, NOTHING, Absent, Term
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError

if TYPE_CHECKING:
    from healthpassport.canonical.processing import Processor, Scope

_ENTRIES: Final = frozenset(
    [
        "@id",
        "@reverse",
        "@container",
        "@context",
        "@direction",
        "@index",
        "@language",
        "@nest",
        "@prefix",
        "@protected",
        "@type",
    ]
)
_TYPE_KEYWORDS: Final = frozenset({"@id", "@json", "@none", "@vocab"})
_GEN_DELIMS: Final = tuple(":/?#[]@")


def refused(detail: str) -> CredentialError:
    """The error of a context that breaks a rule of the specification."""
    return CredentialError("jsonld.context_invalid", detail)


class Definitions:
    """The terms of one context while they are being defined, in the order they need each other."""

    def __init__(
        self, processor: Processor, result: Active, local: JsonObject, scope: Scope
    ) -> None:
        self._processor, self._result, self._local, self._scope = processor, result, local, scope
        self._protected = local.get("@protected") is True
        self._done: dict[str, bool] = {}

    def define(self, name: str) -> None:
        """Section 4.2: make the definition of ``name``, and first those that it needs.

        Raises:
            CredentialError: ``jsonld.context_invalid`` or ``jsonld.term_protected``.
        """
        if name in self._done:
            if self._done[name]:
                return
            raise refused("terms are defined by each other")  # step 1
        self._done[name] = False
        value = self._checked_name(name)
        if value is ABSENT:
            self._done[name] = True
            return
        earlier = self._result.terms.pop(name, None)  # step 6
        term = self._term(name, value)
        if term is not None:
            self._result.terms[name] = self._kept(term, earlier)
        elif earlier is not None and earlier.protected and not self._scope.override:
            self._result.terms[name] = earlier
        self._done[name] = True

    def _checked_name(self, name: str) -> Json | Absent:
        """Steps 2 to 5: names that cannot be terms; ``ABSENT`` for one that is passed over."""
        value = self._local[name]
        if name == "":
            raise refused("a term has no name")
        if name == "@type":
            entries = value if isinstance(value, dict) else {}
            if not entries or entries.keys() - {"@container", "@protected"}:
                raise refused("a keyword is redefined")
            if entries.get("@container", "@set") != "@set":
                raise refused("a keyword is redefined")
            return value
        if name in iris.KEYWORDS:
            raise refused("a keyword is redefined")
        return ABSENT if iris.has_keyword_form(name) else value

    def _kept(self, term: Term, earlier: Term | None) -> Term:
        """Step 27: a protected term can be said again, but not changed."""
        if self._scope.override or earlier is None or not earlier.protected:
            return term
        if not term.same_as(earlier):
            raise CredentialError("jsonld.term_protected")
        return earlier

    def _term(self, name: str, value: Json | Absent) -> Term | None:
        """Steps 7 to 26; None for a definition that the specification says to pass over."""
        simple = isinstance(value, str)
        entries = {"@id": value} if value is None or isinstance(value, str) else value
        if not isinstance(entries, dict) or entries.keys() - _ENTRIES:
            raise refused("a term's definition has entries that do not exist")
        protected = entries.get("@protected", self._protected)
        if not isinstance(protected, bool):
            raise refused("@protected is neither true nor false")
        kind = self._type(entries)
        if "@reverse" in entries:
            return self._reverse(entries, kind, protected=protected)
        found = self._iri(name, entries)
        if isinstance(found, Absent):
            return None
        if found is not None and len(found) > iris.MAX_IRI_CHARS:
            raise refused("a term stands for too long an IRI")
        prefix = simple and ":" not in name and "/" not in name and _may_begin(found)
        term = Term(found, prefix=prefix, protected=protected, type=kind)
        return self._completed(name, term, entries)

    def _type(self, entries: JsonObject) -> str | None:
        """Step 12: type coercion."""
        if "@type" not in entries:
            return None
        value = entries["@type"]
        if not isinstance(value, str):
            raise refused("@type of a term is no IRI")
        kind = self.expand(value)
        if kind not in _TYPE_KEYWORDS and (kind is None or not iris.is_iri(kind)):
            raise refused("@type of a term is no IRI")
        return kind

    def _reverse(self, entries: JsonObject, kind: str | None, *, protected: bool) -> Term | None:
        """Step 13: a property that is read from object to subject."""
        value = entries["@reverse"]
        if "@id" in entries or "@nest" in entries or not isinstance(value, str):
            raise refused("@reverse of a term is no IRI, or stands beside @id or @nest")
        if iris.has_keyword_form(value):
            return None
        found = self.expand(value)
        if found is None or ":" not in found:
            raise refused("@reverse of a term is no IRI")
        container = entries.get("@container")
        if container not in (None, "@set", "@index"):
            raise refused("a reverse property has another container than @set and @index")
        kept = NOTHING if container is None else frozenset({str(container)})
        return Term(found, protected=protected, reverse=True, type=kind, container=kept)

    def _iri(self, name: str, entries: JsonObject) -> str | Absent | None:
        """Steps 14 to 18: what the term stands for; ``ABSENT`` passes the definition over."""
        if "@id" in entries and entries["@id"] != name:
            return self._named(name, entries["@id"])
        if ":" in name[1:]:
            return self._compact(name)
        if "/" in name:
            found = self._result.expand(name)
            if found is None or not iris.is_iri(found):
                raise refused("a term that looks like a relative IRI is none")
            return found
        if name == "@type":
            return "@type"
        if self._result.vocab is None:
            raise refused("a term has no IRI and there is no @vocab")
        return self._result.vocab + name

    def _named(self, name: str, value: Json) -> str | Absent | None:
        """Step 14: a definition with @id."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise refused("@id of a term is no IRI")
        if value not in iris.KEYWORDS and iris.has_keyword_form(value):
            return ABSENT
        found = self.expand(value)
        if found is None or found == "@context":
            raise refused("@id of a term is no IRI")
        if found not in iris.KEYWORDS and ":" not in found and "/" not in found:
            raise refused("@id of a term is no IRI")
        if ":" in name[1:-1] or "/" in name:
            self._done[name] = True
            if self.expand(name) != found:
                raise refused("a term that looks like an IRI stands for another")
            self._done[name] = False
        return found

    def _compact(self, name: str) -> str:
        """Step 15: a term that is itself a compact or a full IRI."""
        prefix, _, rest = name.partition(":")
        if prefix in self._local:
            self.define(prefix)
        begin = self._result.terms.get(prefix)
        return name if begin is None or begin.iri is None else begin.iri + rest

    def _completed(self, name: str, term: Term, entries: JsonObject) -> Term:
        """Steps 19 to 25."""
        if "@container" in entries:
            term = self._contained(term, entries["@container"])
        if "@index" in entries:
            term = self._indexed(term, entries["@index"])
        if "@context" in entries:
            term = replace(
                term, context=self._scoped(entries["@context"]), base_url=self._scope.base_url
            )
        if "@type" not in entries:
            term = _spoken(term, entries)
        if "@nest" in entries:
            nest = entries["@nest"]
            if not isinstance(nest, str) or (nest in iris.KEYWORDS and nest != "@nest"):
                raise refused("@nest of a term is a keyword")
            term = replace(term, nest=nest)
        if "@prefix" in entries:
            flag = entries["@prefix"]
            if not isinstance(flag, bool) or ":" in name or "/" in name:
                raise refused("@prefix of a term is neither true nor false, or the term is an IRI")
            if flag and term.iri in iris.KEYWORDS:
                raise refused("a keyword is used as a prefix")
            term = replace(term, prefix=flag)
        return term

    def _contained(self, term: Term, value: Json) -> Term:
        """Step 19: the container, and the type coercion that a type map needs."""
        container = terms.container(value)
        if container is None:
            raise refused("@container of a term has no such combination")
        kind = term.type
        if "@type" in container:
            kind = kind or "@id"
            if kind not in ("@id", "@vocab"):
                raise refused("a type map's values are no IRIs")
        return replace(term, container=container, type=kind)

    def _indexed(self, term: Term, value: Json) -> Term:
        """Step 20: the property that an index map's names are values of."""
        if not isinstance(value, str) or "@index" not in term.container:
            raise refused("@index of a term is no IRI, or its container is no index map")
        found = self.expand(value)
        if found is None or not iris.is_iri(found):
            raise refused("@index of a term is no IRI")
        return replace(term, index=value)

    def _scoped(self, value: Json) -> Json:
        """Step 21: a scoped context is read once to find its faults, and again when it is used."""
        self._processor.apply(
            self._result, value, replace(self._scope, override=True, validate=False)
        )
        return value

    def expand(self, value: str) -> str | None:
        """IRI expansion (section 5.2) that first defines the terms that it meets."""
        if value in iris.KEYWORDS:
            return value
        self._need(value)
        prefix, _, rest = value.partition(":")
        if value not in self._result.terms and not rest.startswith("//"):
            self._need(prefix)
        return self._result.expand(value, vocab=True)

    def _need(self, name: str) -> None:
        if name in self._local and self._done.get(name) is not True:
            self.define(name)


def _may_begin(found: str | None) -> bool:
    """Step 14.2.5: whether a simple term can be a prefix."""
    return found is not None and (found.endswith(_GEN_DELIMS) or found.startswith("_:"))


def _spoken(term: Term, entries: JsonObject) -> Term:
    """Steps 22 and 23: language and direction of a term's text."""
    if "@language" in entries:
        language = entries["@language"]
        if language is not None and not isinstance(language, str):
            raise refused("@language of a term is no language tag")
        term = replace(term, language=None if language is None else language.lower())
    if "@direction" in entries:
        direction = entries["@direction"]
        if direction not in (None, "ltr", "rtl"):
            raise refused("@direction of a term is neither ltr nor rtl")
        term = replace(term, direction=None if direction is None else str(direction))
    return term
