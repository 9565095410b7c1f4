"""Documents that nobody thought of: pyld and pyoxigraph agree, and anything at all ends soon."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from bounded import within
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from linked_data import CONTEXTS, OWN, TERMS, document, ours, oxigraph, pyld
from nquads import parse
from pyld import jsonld

from healthpassport.canonical import canonicalise, reveal, select, to_dataset
from healthpassport.errors import PassportError

TEXT = st.text(alphabet='ab"\\\n\t\x00\x7f\u00e9\u2028', max_size=4)
NAMES = st.sampled_from(["urn:x:2", "urn:x:3", "https://p.example/4", "_:x", "ex:5"])
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=32)
SCALARS = TEXT | NUMBERS | st.booleans()
JSON = st.recursive(
    st.none() | st.booleans() | TEXT | st.integers(-99, 99),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def many(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=3)


def nodes(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Node objects that use every kind of term, around ``below``."""
    value = SCALARS | st.fixed_dictionaries({"@value": TEXT, "@language": st.just("en")}) | below
    members = {
        "name": many(value),
        "nick": many(TEXT),
        "when": many(TEXT),
        "knows": many(NAMES | below),
        "kind": st.sampled_from(["Small", "ex:Other"]),
        "steps": st.lists(value, max_size=3),
        "unit": JSON,
        "label": st.dictionaries(st.sampled_from(["en", "cy", "de-AT"]), many(TEXT), min_size=1),
        "motto": many(TEXT),
        "verse": many(TEXT),
        "people": st.dictionaries(NAMES, below, min_size=1, max_size=2),
        # One name: pyld carries a type's context over to the names that follow.
        "things": st.dictionaries(
            st.sampled_from(["Small", "Group"]), below, min_size=1, max_size=1
        ),
        "rooms": st.dictionaries(TEXT.filter(bool), below, min_size=1, max_size=2),
        "parent": many(below),
        "amount": many(NUMBERS | TEXT),
        "measure": many(st.integers(-999, 999)),
        "any": many(SCALARS),
        "place": st.fixed_dictionaries({"code": TEXT}, optional={"name": TEXT, "knows": below}),
        "more": st.fixed_dictionaries({}, optional={"motto": TEXT, "nick": TEXT}),
        "type": st.lists(st.sampled_from(["Small", "Person", "Group", "ex:T"]), min_size=1),
        "id": NAMES.filter(lambda name: name != "ex:5"),
    }
    return st.fixed_dictionaries({}, optional=members)


DOCUMENTS = st.recursive(
    st.fixed_dictionaries({"name": TEXT}, optional={"id": NAMES}), nodes, max_leaves=6
).filter(bool)


def same_numbers(value: Any) -> bool:
    """Whether pyld writes the numbers in ``value`` as ECMAScript does: it does not beyond 2^53."""
    if isinstance(value, dict):
        return all(map(same_numbers, value.values()))
    if isinstance(value, list):
        return all(map(same_numbers, value))
    return not isinstance(value, float) or (math.isfinite(value) and abs(value) < 1e21)


@settings(max_examples=60, deadline=None)
@given(members=DOCUMENTS)
def test_pyld_makes_the_same_statements(members):
    source = document(members)
    assume(same_numbers(members))
    try:
        found = ours(source)
    except PassportError:
        return
    assert found == canonicalise(parse(pyld(source))).text()


@settings(max_examples=60, deadline=None)
@given(members=DOCUMENTS)
def test_pyoxigraph_gives_the_statements_the_same_form(members):
    try:
        dataset = to_dataset(document(members), contexts=CONTEXTS)
    except PassportError:
        return
    lines = [" ".join(term for term in quad if term) + " .\n" for quad in dataset.quads]
    assert list(canonicalise(dataset).lines) == oxigraph(lines)


@settings(max_examples=60, deadline=None)
@given(members=DOCUMENTS, data=st.data())
def test_a_member_that_is_selected_shows_what_it_selects(members, data):
    source = document(members)
    pointers = data.draw(st.lists(st.sampled_from(sorted(members)), min_size=1, unique=True))
    try:
        dataset = to_dataset(source, contexts=CONTEXTS)
        chosen = select(dataset, source, [f"/{name}" for name in pointers])
        shown = to_dataset(reveal(source, [f"/{name}" for name in pointers]), contexts=CONTEXTS)
    except PassportError:
        return
    assert canonicalise(dataset.only(chosen)).lines == canonicalise(shown).lines


KEYS = st.sampled_from([*TERMS, "@context", "@graph", "@value", "@list", "@set", "@included",
    "@reverse", "@index", "@type", "@nest", "@language", "@direction", "undefined"])  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from([OWN, "@id", "@json", "@none", "@vocab", "_:b0", "en", "urn:x:1", "Person"])
)  # fmt: skip
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(members=st.dictionaries(KEYS, ANYTHING, max_size=6))
def test_any_json_is_a_dataset_or_a_refusal_and_soon(members):
    def read():
        with contextlib.suppress(PassportError):
            canonicalise(to_dataset({"@context": OWN, **members}, contexts=CONTEXTS))

    within(1, read)


CONTEXT_KEYS = st.sampled_from([*TERMS, "@vocab", "@base", "@language", "@direction", "@version",
    "@import", "@propagate", "@protected", "a", "a:b", "_:b", ""])  # fmt: skip
ENTRY_KEYS = st.sampled_from(["@id", "@type", "@container", "@context", "@language", "@direction",
    "@reverse", "@index", "@nest", "@prefix", "@protected"])  # fmt: skip
WORDS = st.sampled_from(["@id", "@type", "@list", "@set", "@graph", "@index", "@language", "@json",
    "@vocab", "@none", "ex:a", "urn:x:y", "a", "a:c", OWN, "en", "ltr"])  # fmt: skip
DEFINITIONS = st.recursive(
    st.none() | st.booleans() | WORDS | st.integers(0, 2),
    lambda inner: (
        st.lists(WORDS, max_size=3)
        | st.dictionaries(ENTRY_KEYS, inner, max_size=4)
        | st.dictionaries(CONTEXT_KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)
LOCAL = st.dictionaries(CONTEXT_KEYS, DEFINITIONS, max_size=5)


@settings(max_examples=60, deadline=None)
@given(context=LOCAL)
def test_any_context_is_read_or_refused(context):
    with contextlib.suppress(PassportError):
        ours(document({"name": "a", "type": "Person"}, [OWN, context]))


@settings(max_examples=60, deadline=None)
@given(context=LOCAL)
def test_a_context_that_is_read_means_what_it_means_to_pyld(context):
    source = document({"name": "a", "knows": "urn:x:2", "type": "Person"}, [OWN, context])
    try:
        found = ours(source)
    except PassportError:
        return
    try:
        other = pyld(source)
    except (jsonld.JsonLdError, KeyError):
        return  # stricter than ours in one thing or another; a missing @vocab is a fault of its own
    assert found == canonicalise(parse(other)).text()
