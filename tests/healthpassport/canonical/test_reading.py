"""A document to its statements, feature by feature, and everything that is refused on the way."""

from __future__ import annotations

import tracemalloc

import pytest
from linked_data import CONTEXTS, OWN, V2, VOCAB, document, ours, pyld
from nquads import parse

from healthpassport.canonical import bundled, canonicalise, to_dataset
from healthpassport.errors import CredentialError, EncodingError, PassportError

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
I = "urn:x:1"  # noqa: E741 - the one subject of the table

# Members beside id -> the statements about it, "ex:" for the vocabulary of linked_data.
READ = {
    "a text": ({"name": "Ann"}, '<{I}> <ex:name> "Ann" .'),
    "an alias written out": ({"ex:name": "Ann"}, '<{I}> <ex:name> "Ann" .'),
    "an IRI as a name": ({f"{VOCAB}name": "Ann"}, '<{I}> <ex:name> "Ann" .'),
    "a set": ({"nick": ["a", "b"]}, '<{I}> <ex:nick> "a" .\n<{I}> <ex:nick> "b" .'),
    "a set written out": ({"name": {"@set": ["a"]}}, '<{I}> <ex:name> "a" .'),
    "sets in sets": ({"name": [["a"], {"@set": ["b"]}]}, '<{I}> <ex:name> "a" , "b" .'),
    "a date": ({"when": "2026-01-05"}, '<{I}> <ex:when> "2026-01-05"^^<xsd:date> .'),
    "a reference": ({"knows": "urn:x:2"}, "<{I}> <ex:knows> <urn:x:2> ."),
    "a compact reference": ({"knows": "ex:2"}, "<{I}> <ex:knows> <ex:2> ."),
    "a word of the vocabulary": ({"kind": "Small"}, "<{I}> <ex:kind> <ex:Small> ."),
    "a type": ({"type": "Small"}, "<{I}> <rdf:type> <ex:Small> ."),
    "types": ({"type": ["Small", "ex:B"]}, "<{I}> <rdf:type> <ex:Small> , <ex:B> ."),
    "true": ({"name": True}, '<{I}> <ex:name> "true"^^<xsd:boolean> .'),
    "an integer": ({"name": 5}, '<{I}> <ex:name> "5"^^<xsd:integer> .'),
    "a whole float": ({"name": 5.0}, '<{I}> <ex:name> "5"^^<xsd:integer> .'),
    "a float": ({"name": 5.5}, '<{I}> <ex:name> "5.5E0"^^<xsd:double> .'),
    "a small float": ({"name": 1e-7}, '<{I}> <ex:name> "1.0E-7"^^<xsd:double> .'),
    "a large float": ({"name": 1e21}, '<{I}> <ex:name> "1.0E21"^^<xsd:double> .'),
    "a number of a type": ({"amount": 3}, '<{I}> <ex:amount> "3"^^<xsd:decimal> .'),
    "an integer as a double": ({"measure": 3}, '<{I}> <ex:measure> "3.0E0"^^<xsd:double> .'),
    "zero as a double": ({"measure": 0}, '<{I}> <ex:measure> "0.0E0"^^<xsd:double> .'),
    "a boolean of a type": ({"amount": False}, '<{I}> <ex:amount> "false"^^<xsd:decimal> .'),
    "a number for a reference": ({"knows": 3}, '<{I}> <ex:knows> "3"^^<xsd:integer> .'),
    "no type": ({"any": "urn:x:2"}, '<{I}> <ex:any> "urn:x:2" .'),
    "a language": ({"motto": "veni"}, '<{I}> <ex:motto> "veni"@la .'),
    "a language and direction": (
        {"verse": "x"}, '<{I}> <ex:verse> "x"^^<https://www.w3.org/ns/i18n#ar_rtl> .'),
    "a language map": (
        {"label": {"en": "a", "cy-GB": ["b", "c"], "@none": "d"}},
        '<{I}> <ex:label> "a"@en , "b"@cy-gb , "c"@cy-gb , "d" .'),
    "a value": ({"name": {"@value": "a", "@type": "xsd:date"}},
        '<{I}> <ex:name> "a"^^<xsd:date> .'),
    "a value of a language": ({"name": {"@value": "a", "@language": "EN"}},
        '<{I}> <ex:name> "a"@en .'),
    "a value of a direction": ({"name": {"@value": "a", "@direction": "ltr"}},
        '<{I}> <ex:name> "a"^^<https://www.w3.org/ns/i18n#_ltr> .'),
    "a JSON literal": ({"unit": {"b": [1.0, None], "a": 'é"'}},
        '<{I}> <ex:unit> "{{\\"a\\":\\"é\\\\\\"\\",\\"b\\":[1,null]}}"^^<rdf:JSON> .'),
    "a JSON list": ({"unit": [1, 1]}, '<{I}> <ex:unit> "[1,1]"^^<rdf:JSON> .'),
    "JSON's null": ({"unit": None}, '<{I}> <ex:unit> "null"^^<rdf:JSON> .'),
    "a JSON value": ({"name": {"@value": {}, "@type": "@json"}},
        '<{I}> <ex:name> "{{}}"^^<rdf:JSON> .'),
    "an empty list": ({"steps": []}, "<{I}> <ex:steps> <rdf:nil> ."),
    "a list": ({"steps": ["a"]},
        '<{I}> <ex:steps> _:a .\n_:a <rdf:first> "a" .\n_:a <rdf:rest> <rdf:nil> .'),
    "a list written out": ({"name": {"@list": ["a"]}},
        '<{I}> <ex:name> _:a .\n_:a <rdf:first> "a" .\n_:a <rdf:rest> <rdf:nil> .'),
    "a list in a list": ({"steps": [["a"]]},
        ('<{I}> <ex:steps> _:a .\n_:a <rdf:first> _:b .\n_:a <rdf:rest> <rdf:nil> .\n'
        '_:b <rdf:first> "a" .\n_:b <rdf:rest> <rdf:nil> .')),
    "an object": ({"knows": {"name": "B"}}, '<{I}> <ex:knows> _:a .\n_:a <ex:name> "B" .'),
    "an empty object": ({"knows": {}}, "<{I}> <ex:knows> _:a ."),
    "a blank node with a name": ({"knows": [{"id": "_:z", "name": "B"}, "_:z"]},
        '<{I}> <ex:knows> _:a .\n_:a <ex:name> "B" .'),
    "an id map": ({"people": {"urn:x:2": {"name": "B"}}},
        '<{I}> <ex:people> <urn:x:2> .\n<urn:x:2> <ex:name> "B" .'),
    "a type map": ({"things": {"Small": {"id": "urn:x:2"}}},
        "<{I}> <ex:things> <urn:x:2> .\n<urn:x:2> <rdf:type> <ex:Small> ."),
    "an index map with a property": ({"rooms": {"12": {"id": "urn:x:2"}}},
        '<{I}> <ex:rooms> <urn:x:2> .\n<urn:x:2> <ex:room> "12" .'),
    "a graph": ({"claim": {"id": "urn:x:2", "name": "B"}},
        '<{I}> <ex:claim> _:a .\n<urn:x:2> <ex:name> "B" _:a .'),
    "a graph with a name": ({"claims": {"urn:x:g": {"id": "urn:x:2", "name": "B"}}},
        '<{I}> <ex:claims> <urn:x:g> .\n<urn:x:2> <ex:name> "B" <urn:x:g> .'),
    "a graph of its own": ({"name": "A", "@graph": [{"id": "urn:x:2", "name": "B"}]},
        '<{I}> <ex:name> "A" .\n<urn:x:2> <ex:name> "B" <{I}> .'),
    "a reversed property": ({"parent": {"id": "urn:x:2"}}, "<urn:x:2> <ex:child> <{I}> ."),
    "reversed properties": ({"@reverse": {"knows": "urn:x:2"}}, "<urn:x:2> <ex:knows> <{I}> ."),
    "reversed twice": ({"@reverse": {"parent": {"id": "urn:x:2"}}},
        "<{I}> <ex:child> <urn:x:2> ."),
    "nested members": ({"more": {"name": "A", "more": [{"nick": "B"}]}},
        '<{I}> <ex:name> "A" .\n<{I}> <ex:nick> "B" .'),
    "something included": ({"name": "A", "@included": [{"id": "urn:x:2", "name": "B"}]},
        '<{I}> <ex:name> "A" .\n<urn:x:2> <ex:name> "B" .'),
    "a property-scoped context": ({"place": {"name": "P", "knows": {"name": "Q"}}},
        ('<{I}> <ex:place> _:a .\n_:a <ex:placeName> "P" .\n_:a <ex:knows> _:b .\n'
        '_:b <ex:placeName> "Q" .')),
    "a type-scoped context, which ends below": (
        {"type": "Person", "birth": "2001-01-01", "knows": {"ex:birth": "x"}},
        ('<{I}> <rdf:type> <ex:Person> .\n<{I}> <ex:birth> "2001-01-01"^^<xsd:date> .\n'
        '<{I}> <ex:knows> _:a .\n_:a <ex:birth> "x" .')),
    "a type-scoped context that goes on": (
        {"type": "Group", "member": {"name": "B"}},
        '<{I}> <rdf:type> <ex:Group> .\n<{I}> <ex:member> _:a .\n_:a <ex:groupName> "B" .'),
    "characters that are escaped": ({"name": 'q" b\\ \t\n\r\b\f\x00\x7f \u200b\u00e9'},
        '<{I}> <ex:name> "q\\" b\\\\ \\t\\n\\r\\b\\f\\u0000\\u007F \u200b\u00e9" .'),
}  # fmt: skip


def expanded(text: str) -> str:
    found = []
    for line in text.replace("{{", "{").replace("}}", "}").replace("{I}", I).split("\n"):
        for short, full in (("<ex:", VOCAB), ("<xsd:", XSD), ("<rdf:", RDF)):
            line = line.replace(short, "<" + full)  # noqa: PLW2901 - one line, step by step
        first, *others = line.removesuffix(" .").split(" , ")
        head = " ".join(first.split(" ")[:2])
        found += [f"{first} .", *(f"{head} {other} ." for other in others)]
    return "\n".join(found)


@pytest.mark.parametrize(("members", "statements"), READ.values(), ids=READ)
def test_members_become_statements(members, statements):
    source = document({"id": I, **members})
    assert ours(source) == canonicalise(parse(expanded(statements))).text()


@pytest.mark.parametrize("members", [row[0] for row in READ.values()], ids=READ)
def test_pyld_reads_them_alike(members):
    source = document({"id": I, **members})
    assert ours(source) == canonicalise(parse(pyld(source))).text()


REFUSED = {
    "an undefined member": ("jsonld.term_undefined", {"bloodGroup": "0-"}),
    "an undefined member of an object": ("jsonld.term_undefined", {"knows": {"bloodGroup": "0-"}}),
    "an undefined member in a nest": ("jsonld.term_undefined", {"more": {"bloodGroup": "0-"}}),
    "an undefined member of a value": ("jsonld.term_undefined",
        {"name": {"@value": "a", "colour": "b"}}),
    "an undefined member in a reverse map": ("jsonld.term_undefined", {"@reverse": {"a": {}}}),
    "a member that looks like a keyword": ("jsonld.term_undefined", {"@bloodGroup": "0-"}),
    "a member of another type": ("jsonld.term_undefined", {"type": "Small", "birth": "2001-01-01"}),
    "a member of the type above": ("jsonld.term_undefined",
        {"type": "Person", "knows": {"birth": "2001-01-01"}}),
    "a relative reference": ("jsonld.iri", {"knows": "bob"}),
    "an undefined word of the vocabulary": ("jsonld.iri", {"kind": "Large"}),
    "a relative type": ("jsonld.iri", {"type": "Large"}),
    "a type that is no IRI": ("jsonld.iri", {"type": "urn:a b"}),
    "a relative id": ("jsonld.iri", {"knows": {"id": "bob"}}),
    "a reference that would be a second statement": ("jsonld.iri",
        {"knows": "urn:x> <urn:y> <urn:z"}),
    "a reference with two fragments": ("jsonld.iri", {"knows": "urn:x#a#b"}),
    "a property that is a blank node": ("jsonld.iri", {"_:p": "x"}),
    "a property that is no IRI": ("jsonld.iri", {"urn:a b": "x"}),
    "a relative datatype": ("jsonld.iri", {"name": {"@value": "a", "@type": "date"}}),
    "null": ("jsonld.value_dropped", {"name": None}),
    "null in a list": ("jsonld.value_dropped", {"nick": ["a", None]}),
    "null in an ordered list": ("jsonld.value_dropped", {"steps": ["a", None]}),
    "an ordered list that is null": ("jsonld.value_dropped", {"steps": None}),
    "an empty list": ("jsonld.value_dropped", {"nick": []}),
    "an empty list in a list": ("jsonld.value_dropped", {"nick": [[]]}),
    "no types": ("jsonld.value_dropped", {"type": []}),
    "a value that is null": ("jsonld.value_dropped", {"name": {"@value": None}}),
    "a typed value that is null": ("jsonld.value_dropped",
        {"name": {"@value": None, "@type": "xsd:date"}}),
    "a language alone": ("jsonld.value_dropped", {"name": {"@language": "en"}}),
    "an index": ("jsonld.value_dropped", {"name": {"@value": "a", "@index": "b"}}),
    "an index of a node": ("jsonld.value_dropped", {"@index": "b"}),
    "an index map": ("jsonld.value_dropped", {"shelf": {"b": {"name": "a"}}}),
    "an empty map": ("jsonld.value_dropped", {"label": {}}),
    "an empty language": ("jsonld.value_dropped", {"label": {"en": []}}),
    "a language of null": ("jsonld.value_dropped", {"label": {"en": None}}),
    "a graph of a text": ("jsonld.value_dropped", {"claim": "text"}),
    "a graph of a bare reference": ("jsonld.value_dropped", {"claim": {"id": "urn:x:2"}}),
    "a graph that is null": ("jsonld.value_dropped", {"claim": None}),
    "no graphs": ("jsonld.value_dropped", {"claim": []}),
    "a text in a graph": ("jsonld.value_dropped", {"@graph": ["text"]}),
    "a value in a graph": ("jsonld.value_dropped", {"@graph": [{"@value": "text"}]}),
    "something included that says nothing": ("jsonld.value_dropped",
        {"@included": {"id": "urn:x:2"}}),
    "a direction of a node": ("jsonld.value_dropped", {"@direction": "ltr"}),
    "a language that is none": ("jsonld.language", {"name": {"@value": "a", "@language": "e n"}}),
    "a language of a map that is none": ("jsonld.language", {"label": {"e_n": "a"}}),
    "a direction that does not exist": ("jsonld.language",
        {"name": {"@value": "a", "@direction": "up"}}),
    "two ids": ("jsonld.invalid", {"@id": "urn:x:2"}),
    "an id that is a number": ("jsonld.invalid", {"knows": {"id": 1}}),
    "an id that is null": ("jsonld.invalid", {"knows": {"id": None}}),
    "a type that is a number": ("jsonld.invalid", {"type": 1}),
    "a type that is null": ("jsonld.invalid", {"type": None}),
    "a type that is an object": ("jsonld.invalid", {"type": [{}]}),
    "a value that is an object": ("jsonld.invalid", {"name": {"@value": {}}}),
    "a value that is a list": ("jsonld.invalid", {"name": {"@value": [], "@type": "xsd:date"}}),
    "a value with a property": ("jsonld.invalid", {"name": {"@value": "a", "name": "b"}}),
    "a value with an id": ("jsonld.invalid", {"name": {"@value": "a", "id": "urn:x:2"}}),
    "a value with type and language": ("jsonld.invalid",
        {"name": {"@value": "a", "@type": "xsd:date", "@language": "en"}}),
    "a value with two types": ("jsonld.invalid",
        {"name": {"@value": "a", "@type": ["xsd:date", "xsd:time"]}}),
    "a value whose type is a keyword": ("jsonld.invalid",
        {"name": {"@value": "a", "@type": "@id"}}),
    "a value whose type is a blank node": ("jsonld.invalid",
        {"name": {"@value": "a", "@type": "_:b"}}),
    "a number with a language": ("jsonld.invalid", {"name": {"@value": 1, "@language": "en"}}),
    "a language that is a number": ("jsonld.invalid", {"name": {"@value": "a", "@language": 1}}),
    "an index that is a number": ("jsonld.invalid", {"@index": 1}),
    "a list with a name": ("jsonld.invalid", {"name": {"@list": [], "id": "urn:x:2"}}),
    "a list and a set": ("jsonld.invalid", {"name": {"@list": [], "@set": []}}),
    "a language map of numbers": ("jsonld.invalid", {"label": {"en": 1}}),
    "an id map of values": ("jsonld.invalid", {"people": {"urn:x:2": {"@value": "a"}}}),
    "an id map of texts": ("jsonld.invalid", {"people": {"urn:x:2": "a"}}),
    "an index property of a text": ("jsonld.invalid", {"rooms": {"12": "a"}}),
    "a reversed text": ("jsonld.invalid", {"parent": "a"}),
    "a reversed list": ("jsonld.invalid", {"parent": {"@list": [{}]}}),
    "a reverse map that is a list": ("jsonld.invalid", {"@reverse": []}),
    "a keyword in a reverse map": ("jsonld.invalid", {"@reverse": {"id": "urn:x:2"}}),
    "a text in a nest": ("jsonld.invalid", {"more": "a"}),
    "a value in a nest": ("jsonld.invalid", {"more": {"@value": "a"}}),
    "a context in a nest": ("jsonld.invalid", {"more": {"@context": {}, "name": "a"}}),
    "an id in a nest too": ("jsonld.invalid", {"more": {"id": "urn:x:2"}}),
    "an included text": ("jsonld.invalid", {"@included": "a"}),
    "an included value": ("jsonld.invalid", {"@included": [{"@value": "a"}]}),
    "a number that is not finite": ("jsonld.invalid", {"name": float("inf")}),
    "half a character as a reference": ("jsonld.iri", {"knows": "urn:x:\ud800"}),
}  # fmt: skip


@pytest.mark.parametrize(("code", "members"), REFUSED.values(), ids=REFUSED)
def test_what_would_be_lost_or_breaks_a_rule_is_refused(code, members):
    with pytest.raises(CredentialError) as caught:
        to_dataset(document({"id": I, "name": "Ann", **members}), contexts=CONTEXTS)
    assert caught.value.code == code


@pytest.mark.parametrize("value", [None, [], "text", 1, [document({"name": "a"})]])
def test_only_an_object_is_a_document(value):
    with pytest.raises(CredentialError, match=r"jsonld\.invalid"):
        to_dataset(value, contexts=CONTEXTS)


@pytest.mark.parametrize("members", [{}, {"id": I}, {"@graph": []}, {"@graph": {}}])
def test_a_document_that_says_nothing_is_refused(members):
    with pytest.raises(CredentialError, match=r"jsonld\.value_dropped"):
        to_dataset(document(members), contexts=CONTEXTS)


def test_di_014_an_undefined_member_that_no_signature_would_cover_is_refused():
    subject = {"id": "urn:x:2", "bloodGroup": "AB+"}
    source = {
        "@context": V2,
        "type": "VerifiableCredential",
        "issuer": "https://issuer.example",
        "credentialSubject": subject,
    }
    with pytest.raises(CredentialError, match=r"jsonld\.term_undefined: .*bloodGroup"):
        to_dataset(source, contexts=bundled())
    del subject["bloodGroup"]
    assert to_dataset(source, contexts=bundled()).quads


def test_a_document_without_a_context_can_be_written_out_in_full():
    source = {"@id": I, "@type": ["urn:x:T"], "urn:x:p": [{"@value": "a"}]}
    assert ours(source) == f'<{I}> <{RDF}type> <urn:x:T> .\n<{I}> <urn:x:p> "a" .\n'


def test_a_graph_that_is_the_whole_document_has_no_name():
    source = document({"@graph": [{"id": I, "name": "a"}]})
    assert ours(source) == f'<{I}> <{VOCAB}name> "a" .\n'


def test_a_statement_that_is_made_twice_stands_once_and_has_two_places():
    node = {"id": "urn:x:2", "type": "Small", "name": "B"}
    found = to_dataset(document({"id": I, "knows": [node, node]}), contexts=CONTEXTS)
    assert len(found.quads) == 3
    assert len(found.places) == len(found.indices) == 6


def test_blank_nodes_are_named_as_they_appear_whatever_the_document_calls_them():
    source = document({"knows": [{"id": "_:b7", "name": "a"}, {"name": "b"}]})
    names = {quad[0] for quad in to_dataset(source, contexts=CONTEXTS).quads}
    assert names == {"_:b0", "_:b1", "_:b2"}


def test_nesting_without_end_is_refused():
    deep: dict = {"name": "a"}
    for _ in range(5_000):
        deep = {"knows": deep}
    with pytest.raises(EncodingError, match=r"limit\.depth"):
        to_dataset(document(deep), contexts=CONTEXTS)


def test_too_many_statements_are_refused():
    with pytest.raises(CredentialError, match=r"limit\.statements"):
        to_dataset(document({"nick": [str(n) for n in range(60_000)]}), contexts=CONTEXTS)


def test_a_long_name_in_many_statements_is_refused():
    source = document({"id": "urn:x:" + "y" * 100_000, "nick": [str(n) for n in range(900)]})
    with pytest.raises(CredentialError, match=r"limit\.statements"):
        to_dataset(source, contexts=CONTEXTS)


LONG = "x" * 100_000
REPEATED = {
    "a property": ("jsonld.iri", {f"urn:x:{LONG}": [{}] * 900}),
    "an index": ("jsonld.invalid", {"rooms": {LONG: [{}] * 900}}),
    "a type of a map": ("jsonld.invalid", {"things": {f"urn:x:{LONG}": [{}] * 900}}),
    "a graph": ("jsonld.invalid", {"claims": {f"urn:x:{LONG}": [{"name": "a"}] * 900}}),
}


@pytest.mark.parametrize(("code", "members"), REPEATED.values(), ids=REPEATED)
def test_a_long_word_that_many_statements_repeat_is_refused_in_little_memory(code, members):
    tracemalloc.start()
    with pytest.raises(CredentialError) as caught:
        to_dataset(document({"nick": [str(n) for n in range(900)], **members}), contexts=CONTEXTS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == code
    assert peak < 16_000_000


def test_an_image_written_into_a_reference_is_read():
    source = document({"knows": "data:image/png;base64," + "A" * 50_000})
    assert len(to_dataset(source, contexts=CONTEXTS).quads) == 1


def test_an_embedded_context_defines_members_for_its_object_alone():
    inner = {"@context": {"bloodGroup": "ex:bloodGroup"}, "bloodGroup": "0-"}
    assert "bloodGroup" in ours(document({"knows": inner}))
    with pytest.raises(PassportError, match=r"jsonld\.term_undefined"):
        ours(document({"knows": inner, "bloodGroup": "0-"}))


def test_an_embedded_context_stands_on_top_of_named_ones():
    context = [OWN, {"colour": "ex:colour"}]
    assert "colour" in ours(document({"colour": "red", "name": "Ann"}, context))
