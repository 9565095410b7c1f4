"""Canonical RDF: a JSON-LD document to statements, and statements to their one canonical form.

Contexts are shipped and never fetched, whatever would be under no signature is an error, and work
is bounded. Parts of a document can be selected by JSON pointers, for signatures of which only parts
are shown. What is *not* here: signatures (formats/data_integrity).
"""

from __future__ import annotations

from healthpassport.canonical.contexts import Contexts, bundled
from healthpassport.canonical.dataset import Dataset, Quad
from healthpassport.canonical.pointers import MAX_POINTERS, parse_pointer, reveal
from healthpassport.canonical.rdfc import (
    MAX_STEPS,
    Algorithm,
    CanonicalDataset,
    RelabelledDataset,
    canonicalise,
    relabelled,
)
from healthpassport.canonical.reading import to_dataset
from healthpassport.canonical.selection import select
from healthpassport.canonical.walk import Reading

__all__ = [
    "MAX_POINTERS",
    "MAX_STEPS",
    "Algorithm",
    "CanonicalDataset",
    "Contexts",
    "Dataset",
    "Quad",
    "Reading",
    "RelabelledDataset",
    "bundled",
    "canonicalise",
    "parse_pointer",
    "relabelled",
    "reveal",
    "select",
    "to_dataset",
]
