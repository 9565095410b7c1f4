"""The bill of materials: its shape, and that every part names its licence."""

from __future__ import annotations

import json
from email.message import Message
from types import SimpleNamespace

import jsonschema
import pytest

from demo.sbom import SPDX, bill, licences

LICENCES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "oneOf": [
            {"required": ["expression"], "properties": {"expression": {"type": "string"}}},
            {
                "required": ["license"],
                "properties": {
                    "license": {
                        "type": "object",
                        "minProperties": 1,
                        "maxProperties": 1,
                        "properties": {
                            "id": {"enum": sorted(set(SPDX.values()))},
                            "name": {"type": "string", "minLength": 2},
                        },
                        "additionalProperties": False,
                    }
                },
            },
        ]
    },
}
COMPONENT = {
    "type": "object",
    "required": ["type", "bom-ref", "name", "version", "purl", "licenses"],
    "properties": {
        "type": {"const": "library"},
        "purl": {"pattern": r"^pkg:(pypi|npm)/[a-z0-9-]+@[0-9][^@ ]*$"},
        "licenses": LICENCES,
        "properties": {"type": "array"},
    },
}
# What we use of the CycloneDX 1.6 JSON schema.
DOCUMENT = {
    "type": "object",
    "required": ["bomFormat", "specVersion", "serialNumber", "version", "metadata", "components"],
    "properties": {
        "bomFormat": {"const": "CycloneDX"},
        "specVersion": {"const": "1.6"},
        "serialNumber": {
            "pattern": "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
        },
        "components": {"type": "array", "minItems": 30, "items": COMPONENT},
    },
}


@pytest.fixture(scope="module")
def made():
    return bill()


def test_the_bill_has_the_shape_and_names_every_licence(made):
    jsonschema.validate(made, DOCUMENT)


def test_it_holds_what_runs_and_no_tool_for_development(made):
    names = {one["name"] for one in made["components"]}
    assert {"cryptography", "fastapi", "sqlalchemy", "nhsuk-frontend"} <= names
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & names


def test_each_part_is_named_once_and_every_need_is_a_part(made):
    refs = [one["bom-ref"] for one in made["components"]]
    assert len(refs) == len(set(refs))
    known = {*refs, made["metadata"]["component"]["bom-ref"]}
    for row in made["dependencies"]:
        assert {row["ref"], *row["dependsOn"]} <= known
    by_name = {row["ref"].rpartition("@")[0]: row["dependsOn"] for row in made["dependencies"]}
    assert any("/starlette@" in ref for ref in by_name["pkg:pypi/fastapi"])


def test_the_hashes_that_the_lock_allows_stand_with_each_package(made):
    packages = [one for one in made["components"] if one["purl"].startswith("pkg:pypi/")]
    assert all(one["properties"] for one in packages)


def test_the_same_installation_gives_the_same_bill(made):
    assert bill() == made
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"License-Expression": "MIT OR Apache-2.0"}, [{"expression": "MIT OR Apache-2.0"}]),
        ({"License": "BSD 2-Clause License"}, [{"license": {"id": "BSD-2-Clause"}}]),
        (
            {"License": "Text " * 50, "Classifier": "License :: OSI Approved :: MIT License"},
            [{"license": {"id": "MIT"}}],
        ),
        ({"Classifier": "License :: Public Domain"}, [{"license": {"name": "Public Domain"}}]),
        ({"License": "Our own words"}, [{"license": {"name": "Our own words"}}]),
        ({"License": "UNKNOWN"}, []),
        ({"License": "Text " * 50}, []),
        ({}, []),
    ],
)
def test_a_licence_is_told_as_exactly_as_a_package_tells_it(headers, told):
    message = Message()
    for name, value in headers.items():
        message[name] = value
    assert licences(SimpleNamespace(metadata=message)) == told
