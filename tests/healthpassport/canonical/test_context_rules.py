"""What a context may not say: JSON-LD 1.1 API sections 4.1 and 4.2."""

from __future__ import annotations

import pytest
from bounded import within
from linked_data import OWN, V2, document, ours

from healthpassport.errors import CredentialError

IRI = "https://t.example/"

REFUSED = {
    "a context that is a number": 1,
    "a version that does not exist": {"@version": 2},
    "a base that is relative": {"@base": "a/b"},
    "a base that is no text": {"@base": 1},
    "a vocabulary that is no text": {"@vocab": 1},
    "a vocabulary that is a keyword": {"@vocab": "@type"},
    "a language that is no text": {"@language": True},
    "a direction that does not exist": {"@direction": "up"},
    "propagation that is no boolean": {"@propagate": "no"},
    "protection that is no boolean": {"@protected": "no"},
    "a term without a name": {"": IRI},
    "a keyword redefined": {"@id": IRI},
    "@type redefined": {"@type": {"@id": IRI}},
    "@type as a list": {"@type": {"@container": "@list"}},
    "a term that is a number": {"a": 1},
    "a term with an entry that does not exist": {"a": {"@id": IRI, "@colour": "red"}},
    "a term with no IRI": {"a": {"@container": "@set"}},
    "a term whose IRI is a number": {"a": {"@id": 1}},
    "a term that is @context": {"a": "@context"},
    "a term that is a word": {"a": "b"},
    "terms that are defined by each other": {"a": "b:c", "b": "a:d"},
    "a type that is a number": {"a": {"@id": IRI, "@type": 1}},
    "a type that is a word": {"a": {"@id": IRI, "@type": "word"}},
    "a type that is a blank node": {"a": {"@id": IRI, "@type": "_:b"}},
    "a container that does not exist": {"a": {"@id": IRI, "@container": "@bag"}},
    "containers that do not go together": {"a": {"@id": IRI, "@container": ["@list", "@set"]}},
    "three containers": {"a": {"@id": IRI, "@container": ["@graph", "@id", "@index"]}},
    "a container that is a number": {"a": {"@id": IRI, "@container": 1}},
    "a type map of dates": {"a": {"@id": IRI, "@container": "@type", "@type": "@json"}},
    "an index where there is no index map": {"a": {"@id": IRI, "@index": "b:c"}},
    "an index that is a keyword": {"a": {"@id": IRI, "@container": "@index", "@index": "@id"}},
    "a language of a term that is a number": {"a": {"@id": IRI, "@language": 1}},
    "a direction of a term that does not exist": {"a": {"@id": IRI, "@direction": "down"}},
    "a nest that is a keyword": {"a": {"@id": IRI, "@nest": "@id"}},
    "a prefix that is no boolean": {"a": {"@id": IRI, "@prefix": "yes"}},
    "a prefix that is a keyword": {"a": {"@id": "@type", "@prefix": True}},
    "a prefix with a colon in it": {"a:b": {"@id": IRI, "@prefix": True}},
    "a term protected by a word": {"a": {"@id": IRI, "@protected": "yes"}},
    "a reversed property with an id": {"a": {"@reverse": IRI, "@id": IRI}},
    "a reversed property that is a number": {"a": {"@reverse": 1}},
    "a reversed property that is a word": {"a": {"@reverse": "word"}},
    "a reversed list": {"a": {"@reverse": IRI, "@container": "@list"}},
    "a fault inside a scoped context": {"a": {"@id": IRI, "@context": {"@version": 9}}},
    "an import that is a number": {"@import": 1},
    "a term that looks like another IRI": {"p": IRI, "p:a": "https://else.example/"},
    "a term that stands for a very long IRI": {"a": IRI + "x" * 3_000},
    "a very long vocabulary": {"@vocab": IRI + "x" * 3_000},
}


@pytest.mark.parametrize("context", REFUSED.values(), ids=REFUSED)
def test_a_context_that_breaks_a_rule_is_refused(context):
    with pytest.raises(CredentialError, match=r"jsonld\.context_invalid"):
        ours({"@context": context, "https://t.example/name": "Ann"})


PROTECTED = {
    "another meaning": [V2, {"name": "https://evil.example/name"}],
    "another type": [V2, {"name": {"@id": "https://schema.org/name", "@type": "@id"}}],
    "no meaning": [V2, {"name": None}],
    "all taken back": [V2, None],
    "another id": [V2, {"id": "https://evil.example/id"}],
}


@pytest.mark.parametrize("context", PROTECTED.values(), ids=PROTECTED)
def test_a_protected_term_keeps_its_meaning(context):
    with pytest.raises(CredentialError, match=r"jsonld\.term_protected"):
        ours(document({"type": "VerifiableCredential", "name": "Ann"}, context))


def test_the_context_of_a_type_wins_over_one_that_stands_in_the_object():
    source = document({
        "type": "VerifiableCredential",
        "@included": {
            "@context": {"issuer": "https://evil.example/issuer"},
            "type": "VerifiableCredential",
            "issuer": "https://issuer.example",
        },
    }, V2)  # fmt: skip
    assert "evil" not in ours(source)


def test_a_protected_term_can_be_said_again():
    again = {"name": "https://schema.org/name", "@protected": True}
    assert ours(document({"name": "Ann"}, [V2, again])) == ours(document({"name": "Ann"}, V2))


def test_a_property_scoped_context_may_change_what_is_protected():
    context = {
        "@protected": True,
        "a": "https://t.example/a",
        "b": {"@id": "https://t.example/b", "@context": {"a": "https://t.example/other"}},
    }
    assert "other" in ours(document({"b": {"a": "text"}}, context))


def _nested(depth: int) -> dict:
    context: dict = {f"t{n}": f"https://t.example/{n}" for n in range(2_000)}
    for number in range(depth):
        context = {f"s{number}": {"@id": "https://t.example/s", "@context": context}, **context}
    return context


@pytest.mark.parametrize("context", [[V2] * 65, [[OWN]] * 2, _nested(12)])
def test_a_context_made_to_waste_work_is_refused_soon(context):
    def read():
        with pytest.raises(CredentialError, match=r"jsonld\.context_(limit|invalid)"):
            ours(document({"t1": "v"}, context))

    within(2, read)


def test_embedded_contexts_in_many_objects_are_counted_together():
    one = {"@context": {f"t{n}": f"https://t.example/{n}" for n in range(200)}, "t1": "v"}
    with pytest.raises(CredentialError, match=r"jsonld\.context_limit"):
        ours(document({"knows": [one] * 3_000}))


def test_contexts_that_name_each_other_are_refused():
    from linked_data import CONTEXTS  # noqa: PLC0415 - only here extended

    known = CONTEXTS.extended({
        "https://a.example": {"@context": "https://b.example"},
        "https://b.example": {"@context": "https://a.example"},
    })  # fmt: skip
    with pytest.raises(CredentialError, match=r"jsonld\.context_invalid"):
        ours({"@context": "https://a.example", "https://t.example/n": "v"}, known)
