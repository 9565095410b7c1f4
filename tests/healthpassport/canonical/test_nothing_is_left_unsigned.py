"""Whatever stands in a document that is accepted stands in its statements: names, ids, values.

A member that JSON-LD drops is under no signature. Here every text and name of a made-up document is
one of its kind, so that one which is in no statement is seen.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.canonical import bundled, to_dataset
from healthpassport.errors import CredentialError, PassportError

V = "https://v.example/#"
CONTEXT: dict[str, Any] = {
    "@version": 1.1,
    **{word: f"@{word}" for word in ("id", "type", "graph", "set", "nest", "included", "reverse")},
    **{word: f"@{word}" for word in ("value", "list", "index", "language")},
    "nest2": {"@id": "@nest", "@context": {"ident": "@id"}},
    "T": {"@id": V + "T", "@context": {"q": V + "q2", "ident": "@id", "kind": "@type"}},
    "p": V + "p",
    "q": V + "q",
    "ref": {"@id": V + "ref", "@type": "@id"},
    "json": {"@id": V + "json", "@type": "@json"},
    **{
        f"in_{kind}": {"@id": f"{V}{kind}", "@container": f"@{kind}"}
        for kind in ("list", "set", "graph", "language", "index", "id", "type")
    },
    "graphs": {"@id": V + "graphs", "@container": ["@graph", "@id"]},
    "indexed": {"@id": V + "indexed", "@container": "@index", "@index": "p"},
    "back": {"@reverse": V + "back"},
    "none": None,
    "scoped": {"@id": V + "scoped", "@context": {"inner": V + "inner", "bag": "@set"}},
}
NAMES = (
    *CONTEXT,
    *("@id", "@type", "@graph", "@set", "@nest", "@included", "@reverse", "@value", "@list"),
    *("@index", "@language", "@direction", "@none", "", "@foo", "unknown", "ident", "kind"),
    *("inner", "bag", "_:b"),
)


class Made:
    """A document drawn by ``chance``; ``marks`` are the texts that occur once in it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self._numbers, self.marks = chance, itertools.count(100), set[str]()
        self.document: dict[str, Any] = {}
        while not self.document:
            found = self._value(4)
            self.document = found if isinstance(found, dict) else {}

    def _mark(self, form: str) -> str:
        text = form.format(next(self._numbers))
        self.marks.add(text)
        return text

    def _value(self, depth: int) -> Any:
        chance = self._chance
        if depth == 0 or chance.random() < 0.35:
            drawn = chance.choice((self._mark("urn:m:{}x"), self._mark("m{}x"), None, [], {}, "T"))
            return chance.choice((drawn, drawn, True, "en", "ltr", "_:a", "_:b"))
        if chance.random() < 0.25:
            return [self._value(depth - 1) for _ in range(chance.randrange(4))]
        return dict(self._member(depth) for _ in range(chance.randint(1, 4)))

    def _member(self, depth: int) -> tuple[str, Any]:
        name = self._chance.choice(NAMES)
        if self._chance.random() < 0.15:
            name = self._mark("urn:k:{}x")
        if name in {"id", "@id", "ident"} and self._chance.random() < 0.9:
            return name, self._mark("urn:i:{}x")
        if name in {"type", "@type", "kind"} and self._chance.random() < 0.9:
            return name, self._chance.choice(("T", V + "U"))
        return name, self._value(depth - 1)


def texts(value: Any) -> set[str]:
    """Every name and text in ``value``."""
    if isinstance(value, dict):
        return set(value) | {t for below in value.values() for t in texts(below)}
    if isinstance(value, list):
        return {t for below in value for t in texts(below)}
    return {value} if isinstance(value, str) else set()


def statements(document: dict[str, Any]) -> str:
    dataset = to_dataset({"@context": CONTEXT, **document}, contexts=bundled())
    return " ".join(part for quad in dataset.quads for part in quad)


@settings(max_examples=1500, deadline=None)
@given(seed=st.integers(0, 2**63))
def test_everything_in_an_accepted_document_is_in_a_statement(seed):
    made = Made(random.Random(seed))  # noqa: S311 - repeats on purpose
    try:
        said = statements(made.document)
    except PassportError:
        return
    assert not {mark for mark in made.marks & texts(made.document) if mark not in said}


SIGNED = {"type": "T", "q": "signed"}
UNSIGNED = {
    "members beside a set": {"@set": [SIGNED], "p": "unsigned"},
    "members beside an aliased set": {"set": [SIGNED], "p": "unsigned"},
    "an unknown member beside a set": {"@set": [SIGNED], "unknown": "unsigned"},
    "members beside a set in a graph": {"@graph": [{"@set": [SIGNED], "p": "unsigned"}]},
    "an id of nothing but a keyword": {"id": "urn:unsigned", "@included": [SIGNED]},
    "an id in a @nest of its own terms": {"nest2": {"ident": "urn:unsigned", "p": "signed"}},
    "anything as an id in such a @nest": {"nest2": {"ident": {"p": "unsigned"}, "p": "signed"}},
    "a @nest of nothing": {"nest": {}, "p": "signed"},
    "a @nest of no objects": {"nest": [], "p": "signed"},
    "a @reverse of nothing": {"reverse": {}, "p": "signed"},
    "an id in a @nest in such a @nest": {"nest2": {"nest": {"ident": "urn:unsigned", "p": "x"}}},
}


@pytest.mark.parametrize("document", UNSIGNED.values(), ids=UNSIGNED)
def test_di_014_what_no_statement_holds_is_refused(document):
    with pytest.raises(CredentialError) as refusal:
        statements(document)
    assert refusal.value.code.startswith("jsonld.")


def test_a_free_set_says_what_its_objects_say():
    assert statements({"@set": [SIGNED]}) == statements(SIGNED)
