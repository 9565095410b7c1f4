"""Selection as OpenID4VP 1.0 sections 6.4 and 7.1.1 write it, over raw JSON: the slow yardstick.

Written from the text alone, one sentence a line where that can be; nothing of the product is used.
"""

from __future__ import annotations

from itertools import product
from typing import Any

BASE = "https://www.w3.org/2018/credentials#VerifiableCredential"


def pointed(path: list[Any], root: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """7.1.1: the selected elements with where they stand; an error is an empty selection."""
    selected: list[tuple[tuple[Any, ...], Any]] = [((), root)]
    for component in path:
        following: list[tuple[tuple[Any, ...], Any]] = []
        for place, element in selected:
            if isinstance(component, str):
                if not isinstance(element, dict):
                    return []
                if component in element:
                    following.append(((*place, component), element[component]))
            elif component is None:
                if not isinstance(element, list):
                    return []
                following.extend(((*place, i), e) for i, e in enumerate(element))
            else:
                if not isinstance(element, list):
                    return []
                if component < len(element):
                    following.append(((*place, component), element[component]))
        selected = following
    return selected


def same(one: Any, other: Any) -> bool:
    """6.3: type and value both match exactly."""
    return type(one) is type(other) and one == other


def claim(query: dict[str, Any], root: Any) -> set[tuple[Any, ...]]:
    """6.4.1: where a claim stands whose value, if values are given, is one of them."""
    found = pointed(query["path"], root)
    if "values" in query:
        found = [(p, v) for p, v in found if any(same(v, w) for w in query["values"])]
    return {place for place, _ in found}


def claims(query: dict[str, Any], root: Any) -> list[set[tuple[Any, ...]]] | None:
    """6.4.1: for each combination that can be delivered, in order, the places; None for none."""
    if "claims" not in query:
        return [set()]
    if "claim_sets" not in query:
        combinations = [query["claims"]]
    else:
        by_id = {entry["id"]: entry for entry in query["claims"]}
        combinations = [[by_id[name] for name in names] for names in query["claim_sets"]]
    possible = []
    for combination in combinations:
        places = [claim(entry, root) for entry in combination]
        if all(places):
            possible.append(set().union(*places))
    return possible or None


def fits(query: dict[str, Any], record: dict[str, Any]) -> bool:
    """6.1 and appendix B: format, meta and trusted authorities."""
    if query["format"] != record["format"]:
        return False
    meta = query["meta"]
    if query["format"] == "dc+sd-jwt" and record["type"] not in meta["vct_values"]:
        return False
    if query["format"] == "ldp_vc":
        types = {BASE, record["type"]}
        if not any(set(alternative) <= types for alternative in meta["type_values"]):
            return False
    if "trusted_authorities" not in query:
        return True
    return any(
        entry["type"] == "aki" and set(entry["values"]) & set(record["aki"])
        for entry in query["trusted_authorities"]
    )


def answers(query: dict[str, Any], record: dict[str, Any]) -> bool:
    """Whether the record can be returned for the credential query."""
    return fits(query, record) and claims(query, record["claims"]) is not None


def permissible(query: dict[str, Any], held: list[dict[str, Any]]) -> list[frozenset[str]]:
    """6.4.2: every set of credential queries that a wallet may answer with what it holds.

    Without credential_sets all; else one option of each required set, and of each optional set one
    or none; what cannot be answered is treated as if it did not exist.
    """
    able = {q["id"] for q in query["credentials"] if any(answers(q, record) for record in held)}
    if "credential_sets" not in query:
        every = frozenset(q["id"] for q in query["credentials"])
        return [every] if every <= able else []
    ways: list[list[frozenset[str]]] = []
    for entry in query["credential_sets"]:
        options = [frozenset(o) for o in entry["options"] if set(o) <= able]
        ways.append(options if entry.get("required", True) else [*options, frozenset()])
    return [frozenset().union(*way) for way in product(*ways)] if all(ways) else []


def preferred(query: dict[str, Any], held: list[dict[str, Any]]) -> frozenset[str] | None:
    """The first option of every set that can be served: what a verifier would like best."""
    possible = permissible(query, held)
    return possible[0] if possible and possible[0] else None
