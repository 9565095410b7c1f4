"""Renders the few constructs of Go templates that docs/deploy/helm uses, strictly.

Whatever is not known here, a value that is not there included, is an error: so the templates stay
within what was checked. What is *not* here: the rest of Helm.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import yaml

ACTION = re.compile(r"\{\{(-?)\s*(.*?)\s*(-?)\}\}", re.DOTALL)
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')


def tokens(text):
    """Text and actions in turn, with the white space gone that an action trims."""
    end, trim, found = 0, False, []
    for match in ACTION.finditer(text):
        plain = text[end : match.start()]
        plain = plain.lstrip() if trim else plain
        found += [("text", plain.rstrip() if match[1] else plain), ("do", match[2])]
        end, trim = match.end(), bool(match[3])
    plain = text[end:]
    return [*found, ("text", plain.lstrip() if trim else plain)]


def parsed(items, closing=()):
    """A tree of the tokens; each block is (words, body, other)."""
    tree = []
    while items:
        kind, text = items.pop(0)
        word = text.split()[0] if kind == "do" and text else ""
        if word in closing:
            return tree, word
        if word in {"if", "range", "define"}:
            body, ended = parsed(items, ("end", "else"))
            other = parsed(items, ("end",))[0] if ended == "else" else []
            tree.append((text, body, other))
        else:
            assert word not in {"end", "else", "with", "template", "block"}, text
            tree.append((kind, text))
    assert not closing, "a block is not closed"
    return tree, ""


class Chart:
    """A chart in a folder, rendered for one release."""

    def __init__(self, folder: Path, *, release="example", values=None):
        about = yaml.safe_load((folder / "Chart.yaml").read_text())
        own = yaml.safe_load((folder / "values.yaml").read_text())
        chart = {"Name": about["name"], "Version": about["version"]}
        self.values = values or own
        self.root = {"Values": self.values, "Release": {"Name": release}, "Chart": chart}
        self.parts = {}
        for path in sorted((folder / "templates").glob("*.tpl")):
            tree, _ = parsed(tokens(path.read_text()))
            for node in tree:
                if len(node) == 3:
                    self.parts[json.loads(node[0].split()[1])] = node[1]
        self.files = sorted((folder / "templates").glob("*.yaml"))

    def objects(self):
        """Every object of every template."""
        made = (self.rendered(path) for path in self.files)
        return [one for text in made for one in yaml.safe_load_all(text) if one]

    def rendered(self, path):
        return self.run(parsed(tokens(path.read_text()))[0], {})

    def run(self, tree, names):
        return "".join(self.node(node, names) for node in tree)

    def node(self, node, names):
        if len(node) == 2:
            kind, text = node
            return text if kind == "text" else str(self.value(text, names))
        words, body, other = node
        word, _, rest = words.partition(" ")
        if word == "if":
            return self.run(body if self.value(rest, names) else other, names)
        assert word == "range", words
        key, value, over = re.fullmatch(r"(\$\w+), (\$\w+) := (.+)", rest).groups()
        pairs = sorted(self.value(over, names).items())
        return "".join(self.run(body, {**names, key: k, value: v}) for k, v in pairs)

    def value(self, pipeline, names):
        given = []
        for step in pipeline.split(" | "):
            first, *rest = WORD.findall(step)
            arguments = [self.operand(word, names) for word in rest] + given
            function = getattr(self, f"do_{first}", None)
            assert function or not arguments, step
            given = [function(*arguments) if function else self.operand(first, names)]
        return given[0]

    def operand(self, word, names):
        if word == ".":
            return self.root
        if word.startswith("$"):
            return names[word]
        if not word.startswith("."):
            return json.loads(word)
        found = self.root
        for part in word[1:].split("."):
            found = found[part]
        return found

    def do_include(self, name, _root):
        return self.run(self.parts[name], {})

    def do_quote(self, value):
        return json.dumps(str(value))

    def do_nindent(self, width, text):
        return "\n" + "\n".join(" " * width + line if line else "" for line in text.split("\n"))

    def do_toYaml(self, value):  # noqa: N802 - Helm's own name
        return yaml.safe_dump(value).rstrip("\n")

    def do_sha256sum(self, text):
        return hashlib.sha256(text.encode()).hexdigest()
