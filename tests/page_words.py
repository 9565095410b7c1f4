"""Every word that the wallet's pages can say, by area, found in templates, Python and errors.

``words()`` maps an area to its messages. An area is a folder of ``wallet/templates`` and the module
of that name in ``wallet/web``; everything else there is of the area ``common``.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

from jinja2 import Environment, nodes
from jinja2.ext import i18n
from repository import ROOT

import schemas
from wallet.web.areas import AREAS
from wallet.web.problems import PLAIN

TEMPLATES = ROOT / "wallet" / "templates"
PYTHON = ROOT / "wallet" / "web"
LETTERS = re.compile(r"[^\W\d_]{2,}")
FOREIGN = re.compile(r'<(\w+)[^>]*\slang="[a-z]+"[^>]*>[^<]*</\1>')  # an address, a code
TAG = re.compile(r"<!--.*?-->|<style>.*?</style>|<[^>]*>", re.DOTALL)
SPOKEN = re.compile(r'\b(?:aria-label|alt|title|placeholder)="([^"]*)"')
ENTITY = re.compile(r"&[a-z]+;")
SAID = {"text", "html", "label", "visuallyHiddenText"}  # members of nhsuk-frontend's macros


def environment() -> Environment:
    made = Environment(extensions=[i18n], autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.policies["ext.i18n.trimmed"] = True
    return made


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def area_of(path: Path) -> str:
    names = {area.name for area in AREAS}
    if path.suffix == ".py":
        inside = path.relative_to(PYTHON).parts[0].removesuffix(".py")
        return inside if inside in names else "common"
    inside = path.relative_to(TEMPLATES).parts[0]
    return inside if inside in names else "common"


def words() -> dict[str, set[str]]:
    """All messages by area; both forms of a message with a plural."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in templates():
        for message in of_template(path):
            found[area_of(path)].update(message)
    for path in sorted(PYTHON.rglob("*.py")):
        found[area_of(path)] |= of_python(path)
    for area in PLAIN:
        for row in schemas.load(f"errors/{area}.json").values():
            found[f"errors_{area}"] |= {row["title"], row["hint"]}
    return found


def message_ids() -> dict[str, set[str]]:
    """The messages by which translations are found: of a plural, the first form."""
    found = words()
    for path in templates():
        many = {message[1] for message in of_template(path) if len(message) > 1}
        found[area_of(path)] -= many
    return found


@cache
def of_template(path: Path) -> tuple[tuple[str, ...], ...]:
    """The messages of a template; one with a plural has two forms."""
    source = path.read_text(encoding="utf-8")
    found = environment().extract_translations(source)
    split = ((m,) if isinstance(m, str) else tuple(filter(None, m or ())) for _, _, m in found)
    return tuple(message for message in split if message)  # words of Python have their place there


@cache
def of_python(path: Path) -> frozenset[str]:
    """What a module marks with ``msg``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "msg"
    )


def untranslated(path: Path) -> list[str]:
    """Words of a template that are in one language alone."""
    tree = environment().parse(path.read_text(encoding="utf-8"))
    text = "".join(node.data for node in tree.find_all(nodes.TemplateData))
    found = [match for value in SPOKEN.findall(text) for match in LETTERS.findall(value)]
    found += LETTERS.findall(ENTITY.sub(" ", TAG.sub(" ", FOREIGN.sub(" ", text))))
    for pair in tree.find_all(nodes.Pair):
        if isinstance(pair.key, nodes.Const) and pair.key.value in SAID:
            found += [word for value in _literals(pair.value) for word in LETTERS.findall(value)]
    return found


def _literals(node: nodes.Node) -> list[str]:
    """Text in an expression that is neither translated nor in a dictionary of its own."""
    if isinstance(node, nodes.Const):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, nodes.Dict | nodes.Call | nodes.Compare):
        return []
    return [value for child in node.iter_child_nodes() for value in _literals(child)]
