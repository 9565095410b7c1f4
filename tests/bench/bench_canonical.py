"""A document to canonical N-Quads beside the peers, on the published benchmark inputs, in one run.

CPU time of this process, the median of several rounds. The ratio is the figure: absolute times
differ between machines. The npm peers of the published table are measured where node and their
packages are. Run it with ``make bench``.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyoxigraph
from measuring import table, together
from pyld import jsonld

from healthpassport.canonical import (
    CanonicalDataset,
    Contexts,
    Dataset,
    bundled,
    canonicalise,
    select,
    to_dataset,
)

ROOT: Final = Path(__file__).resolve().parents[2]
INPUTS: Final = ROOT.parent / "shared" / "bench" / "inputs"
OWN: Final = "https://records.example/contexts/bench/v1"
GROWTH: Final = (10, 100, 1_000)  # entries
PACKAGES: Final = Path(__file__).resolve().parent / "jsonld_packages"
NPM_INSTALL: Final = ("install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")


@dataclass(frozen=True)
class Case:
    """A document, what its contexts are, and pointers into it."""

    document: dict[str, Any]
    contexts: Contexts
    pointers: tuple[str, ...]


def published(size: str) -> Case:
    """The credential of the benchmark that stands beside the checkout."""
    document = read(f"health-{size}.vc.json")
    selection = read("selection.json")
    own = {document["@context"][1]: read("context-health-summary-v1.json")}
    pointers = (*selection["mandatoryPointers"], *selection[size])
    return Case(document, bundled().extended(own), pointers)


def read(name: str) -> Any:
    return json.loads((INPUTS / name).read_text(encoding="utf-8"))


def made_up(entries: int) -> Case:
    """A credential of ``entries`` entries of six statements each."""
    vocabulary = {"@context": {"@vocab": "https://records.example/terms#"}}
    rows = [
        {"type": "Entry", "code": f"{n}", "display": f"Entry {n}", "status": "active", "on": "2026"}
        for n in range(entries)
    ]
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2", OWN],
        "type": ["VerifiableCredential"],
        "issuer": "https://issuer.example",
        "credentialSubject": {"entries": rows},
    }
    pointers = ("/issuer", "/credentialSubject/entries/0")
    return Case(document, bundled().extended({OWN: vocabulary}), pointers)


class Work:
    """The same work by ours and by the peers."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.dataset: Dataset = to_dataset(case.document, contexts=case.contexts)
        self.lines = "".join(" ".join(filter(None, q)) + " .\n" for q in self.dataset.quads)

    def ours(self) -> CanonicalDataset:
        return canonicalise(to_dataset(self.case.document, contexts=self.case.contexts))

    def to_statements(self) -> Dataset:
        return to_dataset(self.case.document, contexts=self.case.contexts)

    def canonical(self) -> CanonicalDataset:
        return canonicalise(self.dataset)

    def selected(self) -> frozenset[int]:
        return select(self.dataset, self.case.document, self.case.pointers)

    def load(self, url: str, _options: object) -> dict[str, Any]:
        document = {"@context": self.case.contexts.load(url)}
        return {"contextUrl": None, "documentUrl": url, "document": document, "contentType": None}

    def pyld_statements(self) -> object:
        return jsonld.to_rdf(self.case.document, {"documentLoader": self.load})

    def pyld_all(self) -> str:
        options = {
            "algorithm": "URDNA2015",
            "format": "application/n-quads",
            "documentLoader": self.load,
        }
        return jsonld.normalize(self.case.document, options)

    def oxigraph(self) -> bytes | None:
        dataset = pyoxigraph.Dataset(
            pyoxigraph.parse(self.lines, format=pyoxigraph.RdfFormat.N_QUADS)
        )
        dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
        return pyoxigraph.serialize(dataset, format=pyoxigraph.RdfFormat.N_QUADS)


def packages(folder: Path) -> bool:
    """Install jsonld and rdf-canonize into ``folder``; False where they do not install."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return False
    shutil.copytree(PACKAGES, folder, dirs_exist_ok=True)
    done = subprocess.run([npm, *NPM_INSTALL], cwd=folder, check=False, capture_output=True)
    return done.returncode == 0


def in_node(case: Case, folder: Path | None) -> float | None:
    """CPU milliseconds of jsonld and rdf-canonize, or None where they are not installed."""
    if folder is None:
        return None
    urls = case.document["@context"]
    body = {"document": case.document, "contexts": {url: case.contexts.load(url) for url in urls}}
    done = subprocess.run(
        ["node", "canonical.mjs"],
        input=json.dumps(body),
        capture_output=True,
        check=True,
        text=True,
        cwd=folder,
    )
    return float(done.stdout)


def compare(name: str, case: Case, folder: Path | None) -> None:
    """One table: ours and the peers."""
    work = Work(case)
    assert work.ours().text() == work.pyld_all()
    rows: dict[str, tuple[Callable[[], object] | None, ...]] = {
        "document to canonical N-Quads": (work.ours, work.pyld_all, None),
        "document to statements": (work.to_statements, work.pyld_statements, None),
        "statements to canonical N-Quads": (work.canonical, None, work.oxigraph),
        "selection by pointers": (work.selected, None, None),
    }
    found = []
    for row, works in rows.items():
        measured = iter(together([one for one in works if one]))
        times = [next(measured) if one else None for one in works]
        times.append(in_node(case, folder) if works[0] == work.ours else None)
        peers = [one for one in times[1:] if one is not None]
        ratio = f"{min(peers) / (times[0] or 1):.1f}" if peers else "-"
        found.append((row, *("-" if one is None else f"{one:.3f}" for one in times), ratio))
    versions = [f"{one} {importlib.metadata.version(one)}" for one in ("pyld", "pyoxigraph")]
    columns = ("operation", "ours", *versions, "jsonld 9.0.0 (npm)", "best peer / ours")
    title = f"JSON-LD and RDFC-1.0, {name}, {len(work.dataset.quads)} statements; CPU ms"
    table(title, columns, found)


def main() -> None:
    """Print one table for each input, and how the work grows."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) if packages(Path(made)) else None
        if INPUTS.is_dir():
            for size in ("large", "small"):
                compare(size, published(size), folder)
        else:
            sys.stdout.write("The published inputs do not stand beside the checkout.\n")
        compare("120 entries", made_up(120), folder)
    works = [Work(made_up(entries)) for entries in GROWTH]
    times = together([work.ours for work in works])
    rows = [
        (str(entries), str(len(work.dataset.quads)), f"{one:.3f}", f"{one / entries * 1_000:.2f}")
        for entries, work, one in zip(GROWTH, works, times, strict=True)
    ]
    table("Growth; CPU ms", ("entries", "statements", "ms", "us an entry"), rows)


if __name__ == "__main__":
    main()
