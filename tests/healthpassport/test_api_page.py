"""An OpenAPI document as a page: all of it to read, nothing of it to run, nobody else asked."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from asgi_calls import call
from repository import ROOT
from simulated_issuer import Site

from healthpassport.api_page import api_page, policy

DOCUMENTS = sorted((ROOT / "docs" / "openapi").glob("*.json"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_operation_and_every_refusal_stands_on_the_page(path):
    document = json.loads(path.read_bytes())
    page = api_page(document, at="openapi.json")
    for address, item in document["paths"].items():
        for method in item:
            assert f"{method.upper()} {address}" in page
    for code in document["components"].get("examples", {}):
        assert f"<code>{code}</code>" in page
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"https?:", page)


def test_the_policy_lets_the_one_style_sheet_in_and_nothing_else():
    page = api_page(json.loads(DOCUMENTS[0].read_bytes()), at="x")
    [style] = re.findall(r"<style>(.*?)</style>", page)
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    expected = f"default-src 'none'; style-src 'sha256-{hashed}'; frame-ancestors 'none'"
    assert policy() == expected


HOSTILE = "</h1><script>alert(1)</script>\"'"


def test_a_hostile_document_is_only_read():
    operation = {
        "operationId": HOSTILE,
        "summary": HOSTILE,
        "description": HOSTILE,
        "parameters": [{"name": HOSTILE, "in": HOSTILE, "description": HOSTILE}, 7, {"$ref": 1}],
        "requestBody": {"content": {HOSTILE: {"example": HOSTILE, "schema": {"$ref": "#/a/b"}}}},
        "responses": {
            HOSTILE: {
                "description": HOSTILE,
                "content": {
                    "a/problem+json": {"examples": {HOSTILE: {"value": {"title": HOSTILE}}}},
                    "a/b": {"examples": {HOSTILE: {"value": HOSTILE}}, "schema": HOSTILE},
                },
            }
        },
        "security": [{HOSTILE: [HOSTILE]}, 7],
    }
    document = {"info": {"title": HOSTILE}, "paths": {HOSTILE: {"get": operation}, "/x": 7}}
    page = api_page(document, at=HOSTILE)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("document", [{}, {"paths": []}, {"paths": {"/": {"get": {"a": 1}}}}])
def test_a_document_of_little_makes_a_page_of_little(document):
    assert api_page(document, at="x").startswith("<!doctype html>")


def test_an_issuer_shows_its_api_without_a_key(tmp_path):
    site = Site(tmp_path)
    answer = site.call("GET", "/docs")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == policy()
    assert b"POST /offers" in answer.body
    assert site.call("GET", "/openapi.json").json()["servers"] == [{"url": site.settings.iss}]
    site.issuer.store.close()


def test_a_desk_shows_its_api_without_a_key(tmp_path):
    from desk_world import make_desk, make_world  # noqa: PLC0415

    from verifier.api import create_app  # noqa: PLC0415

    desk = make_desk(make_world(tmp_path), tmp_path / "desk")
    answer = call(create_app(desk.settings, desk=desk), "GET", "/docs")
    assert answer.status == 200
    assert answer.headers["content-security-policy"] == policy()
    assert b"GET /templates" in answer.body
    assert b"cdn" not in answer.body
    desk.shut()
