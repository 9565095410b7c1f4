"""One search whole: every page of it, or an error (FHIR R4 sections 3.1.1 and 3.1.1.3).

Rules: a page that fails fails the search; pages that lead in a circle or elsewhere, and a total
that does not fit are refused; what a server holds back on purpose is told. What is *not* here:
which searches there are (``fhir_server``), and whose the entries are (``subjects``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from healthpassport.encoding import JsonObject
from healthpassport.errors import SourceError
from issuer.fhir.outcomes import Issue, issues_of, words
from issuer.fhir.source import resource_type
from issuer.fhir.values import obj, objs, string

from .exchange import FORM, Call, Exchange
from .limits import Reading

OUTCOME: Final = "OperationOutcome"
MODES: Final = frozenset({"match", "include", "outcome"})
# FHIR R4 section 3.1.1.1: what is not understood shall be refused, not passed over.
STRICT: Final = {"prefer": "handling=strict"}


@dataclass(slots=True)
class Gathered:
    """Resources of one or more searches, each once, by type and id; what was held back."""

    rows: dict[tuple[str, str], tuple[str, JsonObject]] = field(default_factory=dict)
    withheld: bool = False

    def add(self, url: str, resource: JsonObject) -> bool:
        """Keep ``resource`` with its address; False where it was there already.

        Raises:
            SourceError: ``source.incomplete`` where it was there with other content: the record
                changed while it was read.
        """
        kind, own = resource_type(resource) or "", string(resource.get("id")) or ""
        key = (kind, own or f"#{len(self.rows)}")
        known = self.rows.get(key)
        if known is None:
            self.rows[key] = (url, resource)
            return True
        if known[1] != resource:
            raise SourceError("source.incomplete", f"a {kind} changed while it was read")
        return False

    def join(self, other: Gathered) -> None:
        """Keep what another search found too.

        Raises:
            SourceError: as ``add``.
        """
        for url, resource in other.rows.values():
            self.add(url, resource)

    def resources(self) -> Iterator[JsonObject]:
        """The resources in the order in which they came."""
        return (resource for _, resource in self.rows.values())


def search(
    exchange: Exchange, reading: Reading, kind: str, criteria: Mapping[str, str]
) -> Gathered:
    """All that a search of ``kind`` finds; the criteria go in the body.

    Raises:
        SourceError: ``source.incomplete``, ``source.answer``, and those of ``Exchange.resource``.
    """
    url = f"{exchange.base}/{kind}/_search"
    body = urlencode(criteria).encode()
    return pages(exchange, reading, Call(url, body, FORM, STRICT), kind=kind)


def pages(exchange: Exchange, reading: Reading, call: Call, *, kind: str = "") -> Gathered:
    """All that ``call`` and the pages behind it hold; ``kind`` is what counts as found, empty: all.

    Raises:
        SourceError: as ``search``.
    """
    gathered, matches, seen = Gathered(), 0, {call.url}
    total: int | None = None
    while True:
        bundle = exchange.resource(reading, call)
        if resource_type(bundle) == OUTCOME:
            _judge(issues_of(bundle), gathered)
            raise SourceError("source.answer", "it answered with nothing but words")
        if resource_type(bundle) != "Bundle":
            raise SourceError("source.answer", "a search was not answered with a Bundle")
        matches += _take(exchange, bundle, gathered, kind)
        total = _total(bundle, total)
        following = _next(bundle)
        if following is None:
            break
        call = Call(exchange.own(following, seen_from=call.url))
        if call.url in seen:
            raise SourceError("source.answer", "its pages lead in a circle")
        seen.add(call.url)
    if total is not None and total != matches:
        raise SourceError("source.incomplete", f"it counted {total} and sent {matches}")
    return gathered


def _take(exchange: Exchange, bundle: JsonObject, gathered: Gathered, kind: str) -> int:
    """Keep what one page holds; returns how many of it count as found."""
    rows = bundle.get("entry", [])
    if not isinstance(rows, list):
        raise SourceError("source.answer", "its entries are no list")
    found = 0
    for row in rows:
        resource = obj(obj(row).get("resource"))
        named = resource_type(resource)
        if named is None:
            raise SourceError("source.incomplete", "an entry holds no resource")
        if named == OUTCOME:
            _judge(issues_of(resource), gathered)
            continue
        mode = string(obj(obj(row).get("search")).get("mode"))
        url = string(obj(row).get("fullUrl")) or f"{exchange.base}/{named}/{resource.get('id')}"
        added = gathered.add(url, resource)
        found += added and (mode == "match" or (mode is None and kind in {"", named}))
    return found


def _judge(issues: Iterable[Issue], gathered: Gathered) -> None:
    """What a page says of its own troubles (FHIR R4 section 3.1.1.4.14)."""
    told = tuple(issues)
    if any(one.leaves_less for one in told):
        raise SourceError("source.incomplete", words(told))
    if any(one.is_bad for one in told):
        raise SourceError("source.refused", words(told))
    gathered.withheld |= any(one.withholds for one in told)


def _total(bundle: JsonObject, known: int | None) -> int | None:
    """What the server counted: the same on each page, where it counts at all."""
    said = bundle.get("total")
    if said is None:
        return known
    if not isinstance(said, int) or isinstance(said, bool) or said < 0:
        raise SourceError("source.answer", "its total is no number")
    if known is not None and said != known:
        raise SourceError("source.incomplete", "the record changed while it was read")
    return said


def _next(bundle: JsonObject) -> str | None:
    found = [row for row in objs(bundle.get("link")) if string(row.get("relation")) == "next"]
    if not found:
        return None
    url = string(found[0].get("url"))
    if len(found) > 1 or url is None:
        raise SourceError("source.answer", "it does not say where the next page is")
    return url
