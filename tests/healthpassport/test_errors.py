"""One error tree: every code stands once, and says whose side it is on and what to do next."""

import ast
import re

import pytest
from repository import ROOT

import schemas
from healthpassport import errors
from healthpassport.errors import EncodingError, Party, PassportError, catalogue

# Ours are area.reason; four are the names that VC Data Integrity 1.0 section 4.8 gives its errors.
CODE = re.compile(r"([a-z0-9_-]+(\.[a-z0-9_-]+)*|[A-Z]+(_[A-Z]+)*_ERROR)\Z")


def subclasses():
    return [
        found
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, PassportError)
    ]


def test_a_code_that_stands_nowhere_fails_at_once():
    with pytest.raises(KeyError):
        PassportError("no.such_code")


def test_an_error_carries_what_the_catalogue_says():
    error = EncodingError("json.duplicate_key")
    assert error.code == "json.duplicate_key"
    assert error.party is Party.SOURCE
    assert error.status == 400
    assert error.title == "A JSON object names the same member twice."
    assert error.hint
    assert str(error) == "json.duplicate_key: A JSON object names the same member twice."


def test_a_problem_object_has_the_members_of_rfc_9457():
    assert EncodingError("limit.size", "7 bytes over").problem() == {
        "type": "https://passport.example/errors/limit.size",
        "title": "This is larger than the limit.",
        "status": 413,
        "detail": "7 bytes over",
        "code": "limit.size",
        "party": "source",
        "help": "Send less in one go; the limits are in docs/operations.md.",
    }


def test_without_a_detail_the_title_stands_for_it():
    assert EncodingError("limit.size").problem()["detail"] == "This is larger than the limit."


@pytest.mark.parametrize("kind", subclasses(), ids=lambda kind: kind.__name__)
def test_every_error_is_a_passport_error_with_a_fitting_name(kind):
    assert kind.__name__.endswith("Error")
    assert kind("json.invalid").code == "json.invalid"


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_every_code_says_whose_side_what_and_what_next(code):
    entry = catalogue()[code]
    assert CODE.match(code)
    assert entry.status == 200 or 400 <= entry.status < 600  # 200: said beside an answer
    assert entry.title.endswith((".", "?"))
    assert entry.hint.endswith((".", "?"))
    assert entry.title != entry.hint


def test_a_code_that_stands_twice_is_a_fault(monkeypatch):
    row = {"json.invalid": {"party": "source", "status": 400, "title": "x", "hint": "y"}}
    monkeypatch.setattr(schemas, "names", lambda _: ("one", "two"))
    monkeypatch.setattr(schemas, "load", lambda _: row)
    schemas.load_errors.cache_clear()
    try:
        with pytest.raises(ValueError, match="defined twice"):
            schemas.load_errors()
    finally:
        schemas.load_errors.cache_clear()


def test_no_error_of_ours_leaves_the_tree():
    assert {kind.__base__ for kind in subclasses()} == {Exception, PassportError}


def raised_codes():
    """Every code written out where one of our errors is made, in any package."""
    names = {kind.__name__ for kind in subclasses()}
    for package in ("healthpassport", "issuer", "wallet", "verifier", "authority", "demo"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args:
                    first = node.args[0]
                    called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    if called in names and isinstance(first, ast.Constant):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", first.value


def test_every_code_that_is_raised_stands_in_the_catalogue():
    raised = list(raised_codes())
    assert len(raised) > 50
    assert [(where, code) for where, code in raised if code not in catalogue()] == []
