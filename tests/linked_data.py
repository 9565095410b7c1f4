"""JSON-LD for the tests: a context with every kind of term, and the other implementations."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import pyoxigraph
from pyld import jsonld

from healthpassport.canonical import Contexts, Dataset, bundled, canonicalise, to_dataset

V2 = "https://www.w3.org/ns/credentials/v2"
OWN = "https://records.example/context/v1"
VOCAB = "https://records.example/terms#"

TERMS: dict[str, Any] = {
    "@version": 1.1,
    "id": "@id",
    "type": "@type",
    "ex": VOCAB,
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "name": "ex:name",
    "nick": {"@id": "ex:nick", "@container": "@set"},
    "when": {"@id": "ex:when", "@type": "xsd:date"},
    "knows": {"@id": "ex:knows", "@type": "@id"},
    "kind": {"@id": "ex:kind", "@type": "@vocab"},
    "steps": {"@id": "ex:steps", "@container": "@list"},
    "unit": {"@id": "ex:unit", "@type": "@json"},
    "label": {"@id": "ex:label", "@container": "@language"},
    "motto": {"@id": "ex:motto", "@language": "la"},
    "verse": {"@id": "ex:verse", "@language": "ar", "@direction": "rtl"},
    "people": {"@id": "ex:people", "@container": "@id"},
    "things": {"@id": "ex:things", "@container": "@type"},
    "rooms": {"@id": "ex:rooms", "@container": "@index", "@index": "ex:room"},
    "shelf": {"@id": "ex:shelf", "@container": "@index"},
    "claim": {"@id": "ex:claim", "@container": "@graph"},
    "claims": {"@id": "ex:claims", "@container": ["@graph", "@id"]},
    "parent": {"@reverse": "ex:child"},
    "more": "@nest",
    "amount": {"@id": "ex:amount", "@type": "xsd:decimal"},
    "measure": {"@id": "ex:measure", "@type": "xsd:double"},
    "any": {"@id": "ex:any", "@type": "@none"},
    "Small": "ex:Small",
    "Person": {"@id": "ex:Person", "@context": {"birth": {"@id": "ex:birth", "@type": "xsd:date"}}},
    "Group": {
        "@id": "ex:Group",
        "@context": {"@propagate": True, "member": "ex:member", "name": "ex:groupName"},
    },
    "place": {"@id": "ex:place", "@context": {"name": "ex:placeName", "code": "ex:code"}},
}
CONTEXTS = bundled().extended({OWN: {"@context": TERMS}})


def document(members: dict[str, Any], context: Any = OWN) -> dict[str, Any]:
    return {"@context": context, **members}


def ours(source: dict[str, Any], contexts: Contexts = CONTEXTS) -> str:
    """The canonical N-Quads of ``source``."""
    return canonicalise(to_dataset(source, contexts=contexts)).text()


def loader(contexts: Contexts = CONTEXTS) -> Any:
    def load(url: str, _options: object) -> dict[str, Any]:
        found = {"@context": contexts.load(url)}
        return {"contextUrl": None, "documentUrl": url, "document": found, "contentType": None}

    return load


def pyld(source: Any, contexts: Contexts = CONTEXTS) -> str:
    """The N-Quads of ``source`` as pyld makes them, with no budget of any kind."""
    options = {
        "format": "application/n-quads",
        "documentLoader": loader(contexts),
        "rdfDirection": "i18n-datatype",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of words that look like keywords
        return jsonld.to_rdf(source, options)


def oxigraph(lines: Iterable[str]) -> list[str]:
    """The statements in the canonical form that pyoxigraph gives them."""
    quads = pyoxigraph.parse("".join(lines).encode(), format=pyoxigraph.RdfFormat.N_QUADS)
    dataset = pyoxigraph.Dataset(quads)
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    written = pyoxigraph.serialize(dataset, format=pyoxigraph.RdfFormat.N_QUADS) or b""
    return sorted(f"{line}\n" for line in written.decode().split("\n") if line)


def clique(size: int) -> Dataset:
    """A graph in which every blank node knows every other: none can be told apart."""
    return Dataset.of(
        (f"_:b{one}", f"<{VOCAB}knows>", f"_:b{other}", "")
        for one in range(size)
        for other in range(size)
        if one != other
    )
