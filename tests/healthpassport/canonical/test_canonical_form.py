"""RDFC-1.0: one form whatever the order and the names, and an end to every graph."""

from __future__ import annotations

import hashlib
import random

import pytest
from bounded import within
from hypothesis import given, settings
from hypothesis import strategies as st
from linked_data import CONTEXTS, VOCAB, clique, document, oxigraph
from literal_rdfc import canonical_lines
from nquads import parse

from healthpassport.canonical import (
    CanonicalDataset,
    Dataset,
    canonicalise,
    relabelled,
    to_dataset,
)
from healthpassport.errors import CredentialError, EncodingError

P = f"<{VOCAB}p>"


def ring(size: int) -> Dataset:
    return Dataset.of((f"_:b{n}", P, f"_:b{(n + 1) % size}", "") for n in range(size))


def lines(dataset: Dataset) -> list[str]:
    return [" ".join(term for term in quad if term) + " .\n" for quad in dataset.quads]


def renamed(dataset: Dataset, seed: int) -> Dataset:
    """The same graph with its statements in another order under other names."""
    names = sorted({term for quad in dataset.quads for term in quad if term[:1] == "_"})
    others = [f"_:x{number}" for number in range(len(names))]
    shuffle = random.Random(seed).shuffle  # noqa: S311 - an order, no secret
    shuffle(others)
    known = dict(zip(names, others, strict=True))
    quads = [tuple(known.get(term, term) for term in quad) for quad in dataset.quads]
    shuffle(quads)
    return Dataset.of(quads)


def written(dataset: Dataset, found: CanonicalDataset) -> list[str]:
    names = {f"_:{blank}": f"_:{name}" for blank, name in found.labels.items()}
    return [
        " ".join(names.get(term, term) for term in quad if term) + " .\n" for quad in dataset.quads
    ]


def test_lines_are_in_order_and_positions_say_where_each_statement_went():
    source = document({"id": "urn:x:1", "name": "z", "knows": [{"name": "b"}, {"name": "a"}]})
    dataset = to_dataset(source, contexts=CONTEXTS)
    found = canonicalise(dataset)
    assert list(found.lines) == sorted(found.lines)
    assert [found.lines[position] for position in found.positions] == written(dataset, found)
    assert sorted(found.positions) == list(range(len(dataset.quads)))


def test_labels_name_every_blank_node_from_nought():
    dataset = to_dataset(document({"knows": [{"name": "b"}, {"name": "a"}]}), contexts=CONTEXTS)
    labels = canonicalise(dataset).labels
    assert set(labels) == {"b0", "b1", "b2"}
    assert set(labels.values()) == {"c14n0", "c14n1", "c14n2"}


def test_a_dataset_without_statements_has_an_empty_form():
    assert canonicalise(Dataset.of([])).lines == ()


def test_other_names_give_other_lines_in_order():
    dataset = to_dataset(document({"knows": [{"name": "b"}, {"name": "a"}]}), contexts=CONTEXTS)
    found = canonicalise(dataset)
    others = {
        name: f"u{hashlib.sha256(name.encode()).hexdigest()}" for name in found.labels.values()
    }
    other = relabelled(dataset, found, others)
    assert list(other.lines) == sorted(other.lines)
    for index, position in enumerate(found.positions):
        line = found.lines[position]
        for name, label in others.items():
            line = line.replace(f"_:{name} ", f"_:{label} ")
        assert other.lines[other.positions[index]] == line


def test_a_name_that_is_missing_from_the_map_is_a_fault():
    dataset = ring(3)
    with pytest.raises(KeyError):
        relabelled(dataset, canonicalise(dataset), {"c14n0": "a"})


def test_a_part_of_a_dataset_keeps_its_names():
    dataset = to_dataset(document({"knows": [{"name": "b"}, {"name": "a"}]}), contexts=CONTEXTS)
    part = dataset.only({3, 1})
    assert part.quads == (dataset.quads[1], dataset.quads[3])


def test_both_hashes_name_blank_nodes_each_in_its_own_order():
    dataset = to_dataset(
        document({"knows": [{"name": str(number)} for number in range(12)]}), contexts=CONTEXTS
    )
    one, other = canonicalise(dataset), canonicalise(dataset, algorithm="SHA-384")
    assert one.labels != other.labels
    assert len(one.lines) == len(other.lines)


def refused_soon(dataset):
    def read():
        with pytest.raises(CredentialError, match=r"limit\.canonicalization"):
            canonicalise(dataset)

    within(2, read)


@pytest.mark.parametrize("size", [8, 9, 10, 11, 12, 40])
def test_di_015_a_poison_graph_is_refused_at_once(size):
    dataset = clique(size)
    refused_soon(dataset)


@pytest.mark.parametrize("size", [8, 10])
def test_di_015_a_document_that_is_a_poison_graph_is_refused_at_once(size):
    names = [f"_:n{number}" for number in range(size)]
    people = [{"id": name, "knows": [one for one in names if one != name]} for name in names]
    dataset = to_dataset(document({"@graph": people}), contexts=CONTEXTS)
    refused_soon(dataset)


@pytest.mark.parametrize(
    "dataset", [ring(400), ring(2_000), clique(501)], ids=["ring", "large", "many"]
)
def test_many_blank_nodes_that_look_alike_are_refused_soon(dataset):
    refused_soon(dataset)


def test_a_smaller_budget_refuses_sooner():
    assert canonicalise(ring(6)).lines
    with pytest.raises(CredentialError, match=r"limit\.canonicalization"):
        canonicalise(ring(6), max_steps=5)


def test_thousands_of_blank_nodes_that_differ_are_no_matter():
    people = [{"name": str(number), "knows": {"name": f"x{number}"}} for number in range(2_000)]
    dataset = to_dataset(document({"@graph": people}), contexts=CONTEXTS)
    assert len(canonicalise(dataset).labels) == 4_000


def test_half_a_character_is_refused():
    dataset = Dataset.of([("_:b0", P, '"\ud800"', "")])
    with pytest.raises(EncodingError, match=r"json\.text"):
        canonicalise(dataset)


@pytest.mark.parametrize(
    "dataset",
    [ring(2), ring(3), ring(7), clique(3), clique(4)],
    ids=["pair", "ring", "large", "three", "four"],
)
@pytest.mark.parametrize("seed", range(4))
def test_order_and_names_of_a_symmetric_graph_make_no_difference(dataset, seed):
    assert canonicalise(dataset).lines == canonicalise(renamed(dataset, seed)).lines


SUBJECTS = st.sampled_from(["_:b0", "_:b1", "_:b2", "_:b3", "_:b4", "<urn:x:1>"])
OBJECTS = SUBJECTS | st.sampled_from(['"a"', '"b"@en'])
GRAPHS = st.sampled_from(["", "", "_:b0", "_:b5", "<urn:x:g>"])


def quads_in(graphs: st.SearchStrategy[str], most: int) -> st.SearchStrategy[list[tuple[str, ...]]]:
    predicates = st.sampled_from([P, f"<{VOCAB}q>"])
    return st.lists(st.tuples(SUBJECTS, predicates, OBJECTS, graphs), max_size=most)


QUADS = quads_in(GRAPHS, 12)


@settings(max_examples=200, deadline=None)
@given(quads=QUADS, seed=st.integers(0, 9))
def test_any_small_graph_has_one_form(quads, seed):
    dataset = Dataset.of(quads)
    assert canonicalise(dataset).lines == canonicalise(renamed(dataset, seed)).lines


# In a statement whose object names its graph too, this pyoxigraph gives another form than the text
# of the specification, and pyld a third one: the next test reads the text.
@settings(max_examples=200, deadline=None)
@given(quads=quads_in(st.sampled_from(["", "<urn:x:g>"]), 12))
def test_pyoxigraph_gives_any_small_graph_the_same_form(quads):
    dataset = Dataset.of(quads)
    assert list(canonicalise(dataset).lines) == oxigraph(lines(dataset))


@settings(max_examples=300, deadline=None)
@given(quads=quads_in(GRAPHS, 5))
def test_the_text_of_the_specification_gives_any_small_graph_the_same_form(quads):
    assert list(canonicalise(Dataset.of(quads)).lines) == canonical_lines(quads)


def test_an_object_that_names_its_graph_too_has_the_form_of_the_specification():
    q = f"<{VOCAB}q>"
    quads = [
        ("_:b0", P, "_:b0", ""),
        ("_:b0", P, "_:b3", ""),
        ("_:b0", q, "_:b1", "_:b5"),
        ("_:b1", q, "_:b2", "_:b5"),
        ("_:b2", q, "_:b0", "_:b0"),
    ]
    assert list(canonicalise(Dataset.of(quads)).lines) == canonical_lines(quads)


def test_text_goes_through_unchanged():
    text = '<urn:x:1> <urn:x:p> "q\\" b\\\\ \\t\\n\\u0000\\u007F é" .\n'
    assert canonicalise(parse(text)).text() == text
