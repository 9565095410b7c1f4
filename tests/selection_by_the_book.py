"""Selection as the specification writes it: skolemise, compact, select, convert again.

"Data Integrity ECDSA Cryptosuites 1.0" section 3.4, word for word and over pyld: slow, and the
yardstick of the fast one.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from linked_data import loader
from nquads import parse
from pyld import jsonld

from healthpassport.canonical import Contexts, canonicalise

SCHEME = "urn:custom-scheme:"


def _skolemised(expanded: list[Any], count: list[int]) -> list[Any]:
    found = []
    for element in expanded:
        if not isinstance(element, dict) or "@value" in element:
            found.append(copy.deepcopy(element))
            continue
        node: dict[str, Any] = {}
        for name, value in element.items():
            many = isinstance(value, list)
            below = _skolemised(value if many else [value], count)
            node[name] = below if many else below[0]
        if "@list" not in node and "@id" not in node:
            node["@id"] = f"{SCHEME}_{count[0]}"
            count[0] += 1
        elif node.get("@id", "").startswith("_:"):
            node["@id"] = SCHEME + node["@id"][2:]
        found.append(node)
    return found


def _deskolemised(source: Any, options: dict[str, Any]) -> list[str]:
    text = jsonld.to_rdf(source, {**options, "format": "application/n-quads"})
    return re.sub(rf"<{SCHEME}([^>]+)>", r"_:\1", text).split("\n")


def _initial(source: dict[str, Any]) -> dict[str, Any]:
    found = {}
    if isinstance(source.get("id"), str) and not source["id"].startswith("_:"):
        found["id"] = source["id"]
    if "type" in source:
        found["type"] = source["type"]
    return found


def _select(document: dict[str, Any], pointers: Sequence[str]) -> dict[str, Any]:
    arrays: list[dict[int, Any]] = []
    selection = {**_initial(document), "@context": document["@context"]}
    for pointer in pointers:
        parent: Any = None
        value: Any = document
        selected_parent: Any = None
        selected: Any = selection
        part: Any = None
        for text in pointer.split("/")[1:]:
            parent, selected_parent = value, selected
            part = int(text) if isinstance(parent, list) else text
            value = parent[part]
            whole = isinstance(selected_parent, list)  # the types, which were taken along
            selected = selected_parent[part] if whole else selected_parent.get(part)
            if selected is None:
                selected = {} if isinstance(value, list) else None
                if selected is None:
                    selected = _initial(value) if isinstance(value, dict) else {}
                else:
                    arrays.append(selected)
                selected_parent[part] = selected
        if isinstance(value, dict):
            selected = {**selected, **copy.deepcopy(value)}
        else:
            selected = copy.deepcopy(value)
        selected_parent[part] = selected
    return _dense(selection, arrays)


def _dense(value: Any, arrays: list[dict[int, Any]]) -> Any:
    if isinstance(value, dict):
        below = {name: _dense(one, arrays) for name, one in value.items()}
        if any(value is array for array in arrays):
            return [below[index] for index in sorted(below)]
        return below
    return value


def selected_lines(
    document: dict[str, Any], pointers: Sequence[str], contexts: Contexts
) -> tuple[list[str], set[str]]:
    """All canonical statements of ``document``, and those that ``pointers`` select."""
    options = {"documentLoader": loader(contexts), "rdfDirection": "i18n-datatype"}
    skolemised = _skolemised(jsonld.expand(copy.deepcopy(document), options), [0])
    compact = jsonld.compact(skolemised, document["@context"], options)
    whole = parse("\n".join(_deskolemised(skolemised, options)))
    canonical = canonicalise(whole)
    part = parse("\n".join(_deskolemised(_select(compact, pointers), options)))
    names = {f"_:{blank}": f"_:{name}" for blank, name in canonical.labels.items()}
    lines = {
        " ".join(names.get(term, term) for term in quad if term) + " .\n" for quad in part.quads
    }
    return list(canonical.lines), lines & set(canonical.lines)
