"""The whole RDFC-1.0 suite of the W3C: canonical text, maps of blank nodes, poison."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bounded import within
from nquads import parse
from shared_inputs import SHARED

from healthpassport.canonical import CanonicalDataset, canonicalise
from healthpassport.errors import CredentialError

pytestmark = pytest.mark.shared

FOLDER = SHARED / "vectors" / "rdf-canon"


def cases(kind: str) -> list[Any]:
    path = FOLDER / "manifest.jsonld"
    entries = json.loads(path.read_text(encoding="utf-8"))["entries"] if path.exists() else []
    return [
        pytest.param(entry, id=entry["id"].lstrip("#"))
        for entry in entries
        if entry["type"] == f"rdfc:RDFC10{kind}"
    ]


def canonical(entry: dict[str, Any]) -> CanonicalDataset:
    algorithm = {"SHA384": "SHA-384", "SHA256": "SHA-256"}[entry.get("hashAlgorithm", "SHA256")]
    dataset = parse((FOLDER / entry["action"]).read_text(encoding="utf-8"))
    return canonicalise(dataset, algorithm=algorithm)


@pytest.mark.parametrize("entry", cases("EvalTest"))
def test_the_canonical_text_is_the_published_one(entry: dict[str, Any]):
    assert canonical(entry).text() == (FOLDER / entry["result"]).read_text(encoding="utf-8")


@pytest.mark.parametrize("entry", cases("MapTest"))
def test_blank_nodes_get_the_published_names(entry: dict[str, Any]):
    expected = json.loads((FOLDER / entry["result"]).read_text(encoding="utf-8"))
    assert dict(canonical(entry).labels) == expected


@pytest.mark.parametrize("entry", cases("NegativeEvalTest"))
def test_the_published_poison_is_refused_at_once(entry: dict[str, Any]):
    def read():
        with pytest.raises(CredentialError, match=r"limit\.canonicalization"):
            canonical(entry)

    within(2, read)
