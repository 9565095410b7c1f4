"""Which statements JSON pointers select.

The result of "Data Integrity ECDSA Cryptosuites 1.0" section 3.4.15 (selectCanonicalNQuads) and
3.4.16 (canonicalizeAndGroup), read off the places that ``to_dataset`` keeps instead of converting a
selected copy of the document again. What is *not* here: the selected document (pointers.py).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from healthpassport.canonical.dataset import Dataset, Place
from healthpassport.canonical.pointers import refused, resolved, tree
from healthpassport.encoding import JsonObject

# What the pointers say of a place: True, all of it; a tree, parts of it; None, nothing.
_Chosen = Any


def select(dataset: Dataset, document: JsonObject, pointers: Collection[str]) -> frozenset[int]:
    """The indices in ``dataset.quads`` of what ``pointers`` select in ``document``.

    A statement is selected if the document that ``reveal`` gives for ``pointers`` makes it: it
    stems from a place that is named or stands in one, or it links or types an object on the way
    there. Pointers count in the document as it is: element 0 of a list of one is ``/0``, where
    the specification's detour over compaction knows no list.

    A list (@list), a JSON literal (@json) and a value object can only be selected whole. A part of
    one would be other statements than those that were signed, so a derived document would not
    verify; and to show the whole where a part was named would show what nobody chose to show.

    Raises:
        CredentialError: ``di.pointer`` for a pointer that cannot be followed or ends inside such a
            whole, and for documents whose parts say something else alone: with an @context inside,
            a blank node named in two places, an @id inside @nest.
    """
    paths = resolved(document, pointers)
    if not paths:
        return frozenset()
    if dataset.unselectable:
        raise refused(dataset.unselectable)
    states: dict[int, _Chosen] = {id(None): tree(paths)}
    for place in dataset.closed:
        if isinstance(_chosen(place, states), dict):
            raise refused("a list, a JSON literal or a value can only be shown whole")
    found = [
        index for index, place in enumerate(dataset.places) if _chosen(place, states) is not None
    ]
    return frozenset(map(dataset.indices.__getitem__, found) if dataset.indices else found)


def _chosen(place: Place, states: dict[int, _Chosen]) -> _Chosen:
    """What is chosen at ``place``; places are remembered by identity, the dataset holds them."""
    key = id(place)
    if key in states:
        return states[key]
    if place is None:  # the root is in ``states``
        raise AssertionError
    parent, part = place
    around = _chosen(parent, states)
    found = around.get(part) if isinstance(around, dict) else around
    states[key] = found
    return found
