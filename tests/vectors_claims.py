"""Reads the claim files of the SD-JWT examples, in which ``!sd`` marks what is disclosable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Marked:
    """A key, or an array element, that carries the tag ``!sd``."""

    value: Any

    def __hash__(self) -> int:
        return hash(repr(self.value))


class ClaimsLoader(yaml.SafeLoader):
    """SafeLoader with the tag, and without making dates of what JSON has as strings."""


ClaimsLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _marked(loader: yaml.SafeLoader, node: yaml.Node) -> Marked:
    if isinstance(node, yaml.MappingNode):
        return Marked(loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return Marked(loader.construct_sequence(node, deep=True))
    tag = loader.resolve(yaml.ScalarNode, node.value, (node.style is None, False))
    plain = yaml.ScalarNode(tag, node.value)
    return Marked(loader.construct_object(plain))


ClaimsLoader.add_constructor("!sd", _marked)


def load(path: Path) -> dict[str, Any]:
    """The file at ``path``."""
    return yaml.load(path.read_text(encoding="utf-8"), ClaimsLoader)  # noqa: S506 - safe loader


def plain(value: Any) -> Any:
    """``value`` without its marks."""
    if isinstance(value, Marked):
        return plain(value.value)
    if isinstance(value, dict):
        return {plain(name): plain(member) for name, member in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def marked_places(value: Any, place: tuple = ()) -> list[tuple]:
    """The places of what is marked, outer before inner."""
    found = []
    if isinstance(value, dict):
        for name, member in value.items():
            here = (*place, plain(name))
            found += [here] if isinstance(name, Marked) else []
            found += marked_places(member, here)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            here = (*place, index)
            found += [here] if isinstance(entry, Marked) else []
            found += marked_places(entry.value if isinstance(entry, Marked) else entry, here)
    return found


def chosen_places(choice: Any, place: tuple = ()) -> list[tuple]:
    """The places that a holder's choice names: everything in it that is not false."""
    if isinstance(choice, dict | list):
        members = choice.items() if isinstance(choice, dict) else enumerate(choice)
        return [place] + [
            inner for name, member in members for inner in chosen_places(member, (*place, name))
        ]
    return [place] if choice else []
