"""The W3C suite for JSON-LD 1.1 to RDF, read leniently as the suite wants it.

Every case with a result gives that result, save those named here with the reason. Signed documents
are read strictly: the second test says of each case whether that changes anything but refusing.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from nquads import parse
from shared_inputs import SHARED

from healthpassport.canonical import Contexts, Reading, canonicalise, to_dataset
from healthpassport.errors import PassportError

pytestmark = pytest.mark.shared

FOLDER = SHARED / "vectors" / "json-ld-api" / "tests"
BASE = "https://w3c.github.io/json-ld-api/tests/"

# A text's direction goes into the statement here always (i18n-datatype): without that option the
# suite expects it to be lost.
DIRECTION_IS_KEPT = {f"#tdi{number:02}" for number in (1, 2, 3, 4, 5, 6, 11, 12)}
OPTIONS_NOT_OFFERED = {"#te077"}  # expandContext
# Rules of JSON-LD 1.0 that 1.1 took back, and options that only 1.0 has.
OF_VERSION_1_0 = {
    "#t0118", "#tc029", "#te014", "#te026", "#te071", "#te075", "#te115", "#te116", "#tep02",
    "#ter21", "#ter24", "#ter32", "#ter42", "#ttn01",
}  # fmt: skip
NOT_TAKEN = DIRECTION_IS_KEPT | OPTIONS_NOT_OFFERED | OF_VERSION_1_0


def cases() -> list[Any]:
    path = FOLDER / "toRdf-manifest.jsonld"
    entries = json.loads(path.read_text(encoding="utf-8"))["sequence"] if path.exists() else []
    return [
        pytest.param(entry, id=entry["@id"].lstrip("#"))
        for entry in entries
        if entry["@id"] not in NOT_TAKEN
    ]


def every_file() -> dict[str, Any]:
    found = {}
    for path in FOLDER.rglob("*.jsonld") if FOLDER.exists() else []:
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        if isinstance(value, dict):
            found[BASE + path.relative_to(FOLDER).as_posix()] = value
    return found


CONTEXTS = Contexts({}).extended(every_file())


def canonical(entry: dict[str, Any], *, strict: bool) -> str:
    source = json.loads((FOLDER / entry["input"]).read_text(encoding="utf-8"))
    base = entry.get("option", {}).get("base", BASE + entry["input"])
    reading = Reading(strict=strict, base=base)
    return canonicalise(to_dataset(source, contexts=CONTEXTS, reading=reading)).text()


@pytest.mark.parametrize("entry", cases())
def test_a_document_makes_the_published_statements_or_the_published_refusal(entry: dict[str, Any]):
    if entry["@type"][0] == "jld:NegativeEvaluationTest":
        with pytest.raises(PassportError):
            canonical(entry, strict=False)
        return
    found = canonical(entry, strict=False)
    if "expect" in entry:
        expected = parse((FOLDER / entry["expect"]).read_text(encoding="utf-8"))
        assert found == canonicalise(expected).text()


@pytest.mark.parametrize("entry", cases())
def test_strictly_read_it_makes_the_same_statements_or_is_refused(entry: dict[str, Any]):
    try:
        found = canonical(entry, strict=True)
    except PassportError:
        return
    assert entry["@type"][0] != "jld:NegativeEvaluationTest"
    assert found == canonical(entry, strict=False)


def test_strictness_refuses_what_would_be_dropped_and_reads_the_rest():
    positive = [case.values[0] for case in cases() if "expect" in case.values[0]]
    if not positive:
        pytest.skip("the suite does not stand beside the checkout")
    codes: dict[str, int] = {}
    for entry in positive:
        try:
            canonical(entry, strict=True)
        except PassportError as error:
            codes[error.code] = codes.get(error.code, 0) + 1
    assert codes.keys() <= {
        "jsonld.term_undefined", "jsonld.iri", "jsonld.value_dropped", "jsonld.language",
        "jsonld.invalid",
    }  # fmt: skip
    assert sum(codes.values()) < len(positive) / 3
