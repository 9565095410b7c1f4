"""Groups of statements in the published intermediates of ecdsa-sd-2023 and bbs-2023.

And every published credential is read strictly, canonicalised, and gives the published text.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from shared_inputs import SHARED

from healthpassport.canonical import (
    bundled,
    canonicalise,
    relabelled,
    reveal,
    select,
    to_dataset,
)

pytestmark = pytest.mark.shared

VECTORS = SHARED / "vectors"
CASES = {
    "ecdsa-prc": ("vc-di-ecdsa/ecdsa-sd-2023/prc", "vc-di-ecdsa", "prCred"),
    "ecdsa-employ": ("vc-di-ecdsa/ecdsa-sd-2023/employ", "vc-di-ecdsa", "employ"),
    "bbs-root": ("vc-di-bbs", "vc-di-bbs", "wind"),
    "bbs-prc": ("vc-di-bbs/prc", "vc-di-bbs", "prCred"),
}


def published(*parts: str) -> Any:
    path = VECTORS.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} does not stand beside the checkout")
    return json.loads(path.read_text(encoding="utf-8"))


def contexts() -> Any:
    index = published("contexts", "index.json")
    more = {u: published("contexts", f) for u, f in index.items() if u not in bundled().urls}
    return bundled().extended(more)


def unsigned(folder: str) -> dict[str, Any]:
    signed = published(folder, "addSignedSDBase.json")
    return {name: value for name, value in signed.items() if name != "proof"}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def test_the_canonical_text_is_the_published_one(case):
    folder, _, _ = case
    found = canonicalise(to_dataset(unsigned(folder), contexts=contexts()))
    assert list(found.lines) == published(folder, "addBaseDocCanon.json")


def hmac_labels(plain: list[str], others: list[str], names: Any) -> dict[str, str]:
    """The label map behind two published texts: that under which one becomes the other."""
    labels = sorted({w[2:] for line in others for w in line.split() if w.startswith("_:")})
    for order in itertools.permutations(labels):
        known = dict(zip(names, order, strict=True))
        made = []
        for line in plain:
            words = [f"_:{known[w[2:]]}" if w[2:] in known else w for w in line.split(" ")]
            made.append(" ".join(words))
        if sorted(made) == others:
            return known
    raise AssertionError("no map of labels leads from one text to the other")


def test_groups_are_the_published_ones(case):
    folder, inputs, stem = case
    source = unsigned(folder)
    dataset = to_dataset(source, contexts=contexts())
    canonical = canonicalise(dataset)
    secret = published(folder, "addBaseDocHMACCanon.json")
    names = sorted(canonical.labels.values())
    under = relabelled(dataset, canonical, hmac_labels(list(canonical.lines), secret, names))
    assert list(under.lines) == secret
    mandatory = published(inputs, f"{stem}Mandatory.json")
    selective = published(inputs, f"{stem}Selective.json")
    expected = published(folder, "derivedGroupIndexes.json")
    for pointers, name in (
        (mandatory, "mandatoryIndexes"),
        (selective, "selectiveIndexes"),
        ([*mandatory, *selective], "combinedIndexes"),
    ):
        chosen = {under.positions[index] for index in select(dataset, source, pointers)}
        assert sorted(chosen) == expected[name]


def test_the_revealed_document_is_the_published_one(case):
    folder, inputs, stem = case
    pointers = [
        *published(inputs, f"{stem}Mandatory.json"),
        *published(inputs, f"{stem}Selective.json"),
    ]
    found = reveal(unsigned(folder), pointers)
    assert found == published(folder, "derivedUnsignedReveal.json")


# Features beyond the baseline, and a retired suite: their contexts do not stand among the vectors.
OTHERS = ("HolderBinding", "Pseudonym", "PseudonymHB", "Ed25519Signature2020")


def signed_documents() -> list[Any]:
    folders = ("vc-di-eddsa", "vc-di-ecdsa", "vc-di-bbs", "di-quantum-safe")
    paths = [path for name in folders for path in sorted((VECTORS / name).rglob("*igned*.json"))]
    return [
        pytest.param(path, id=str(path.relative_to(VECTORS)))
        for path in paths
        if path.parent.name not in OTHERS and "@context" in path.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("path", signed_documents())
def test_every_published_credential_can_be_read_strictly(path):
    source = json.loads(path.read_text(encoding="utf-8"))
    assert canonicalise(to_dataset(source, contexts=contexts())).lines


@pytest.mark.parametrize("size", ["large", "small"])
def test_the_benchmark_inputs_have_the_published_text(size):
    folder = SHARED / "bench" / "inputs"
    if not folder.exists():
        pytest.skip("the benchmark inputs do not stand beside the checkout")
    own = json.loads((folder / "context-health-summary-v1.json").read_text(encoding="utf-8"))
    source = json.loads((folder / f"health-{size}.vc.json").read_text(encoding="utf-8"))
    known = bundled().extended({source["@context"][1]: own})
    expected = (folder / f"health-{size}.canonical.nq").read_text(encoding="utf-8")
    assert canonicalise(to_dataset(source, contexts=known)).text() == expected
