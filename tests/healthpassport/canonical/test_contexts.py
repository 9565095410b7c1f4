"""Contexts: pinned by hash, read when needed, never fetched."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from linked_data import OWN, V2, document, ours
from repository import ROOT

import schemas
from healthpassport.canonical import Contexts, bundled, contexts, to_dataset
from healthpassport.canonical.processing import Processor
from healthpassport.errors import CredentialError

NORMATIVE = {
    # VC Data Model 2.0 appendix B.1; Data Integrity 1.0 section 2.6.2.
    V2: "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
    "https://www.w3.org/2018/credentials/v1": (
        "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc"
    ),
    "https://w3id.org/security/data-integrity/v2": (
        "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4"
    ),
    "https://w3id.org/security/multikey/v1": (
        "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597"
    ),
}


def index() -> dict[str, dict[str, str]]:
    return schemas.load("contexts/index.json")


@pytest.mark.parametrize(("url", "digest"), NORMATIVE.items())
def test_the_index_names_the_normative_hash(url, digest):
    assert index()[url]["sha256"] == digest


@pytest.mark.parametrize("url", index())
def test_every_shipped_context_has_its_hash_and_says_where_it_is_from(url):
    row = index()[url]
    data = schemas.read(f"contexts/{row['file']}")
    assert hashlib.sha256(data).hexdigest() == row["sha256"]
    assert all(row[name] for name in ("source", "revision", "path", "licence"))


@pytest.mark.parametrize("url", index())
def test_every_shipped_context_can_be_read_to_its_end(url):
    processor = Processor(bundled().load)
    active = bundled().active(url, processor)
    scoped = [term for term in active.terms.values() if isinstance(term.context, dict | list)]
    assert active.terms
    assert all(processor.apply(active, term.context) for term in scoped if term.protected is False)


def test_no_file_is_read_before_it_is_needed():
    script = (
        "import schemas; seen = []; read = schemas.read\n"
        "schemas.read = lambda path: (seen.append(path), read(path))[1]\n"
        "from healthpassport.canonical import bundled\n"
        "known = bundled(); assert known.urls and not seen, seen\n"
        f"known.load({V2!r}); assert seen == ['contexts/credentials-v2.json'], seen\n"
        "import sys; assert 'pyld' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_an_unknown_context_is_refused_and_named():
    with pytest.raises(CredentialError, match=r"jsonld\.context_unknown: https://evil\.example"):
        ours(document({"name": "Ann"}, [V2, "https://evil.example/v1"]))


def test_a_context_that_a_context_names_is_not_fetched_either():
    known = Contexts({}).extended({OWN: {"@context": ["https://elsewhere.example/v1"]}})
    with pytest.raises(CredentialError, match=r"jsonld\.context_unknown"):
        ours(document({"name": "Ann"}), known)


def test_a_shipped_file_that_was_altered_is_refused(monkeypatch):
    data = schemas.read("contexts/credentials-v2.json")
    monkeypatch.setattr(schemas, "read", lambda _path: data + b" ")
    fresh = contexts.bundled.__wrapped__()
    with pytest.raises(CredentialError, match=r"jsonld\.context_altered"):
        fresh.load(V2)


def test_a_document_without_a_context_entry_is_no_context():
    with pytest.raises(CredentialError, match=r"jsonld\.context_invalid"):
        bundled().extended({OWN: {"name": "ex"}}).load(OWN)


def test_extending_leaves_the_shipped_contexts_as_they_are():
    more = bundled().extended({OWN: {"@context": {}}})
    assert OWN in more.urls
    assert OWN not in bundled().urls


def test_more_folders_can_be_taken_in():
    assert bundled(("contexts",)).urls == bundled().urls


def test_remembered_lists_of_contexts_are_bounded():
    known = bundled().extended({f"https://c.example/{n}": {"@context": {}} for n in range(400)})
    for number in range(400):
        known.active(f"https://c.example/{number}", Processor(known.load))
    assert len(known._compiled) <= contexts.MAX_COMPILED


def test_what_a_context_remembers_of_documents_is_bounded():
    vocab = {OWN: {"@context": {"@vocab": "https://v.example/", "type": "@type"}}}
    known = Contexts({}).extended(vocab)
    for number in range(3):
        names = {f"n{number}x{one}": "v" for one in range(1_500)}
        to_dataset({"@context": OWN, "type": list(names), **names}, contexts=known)
    active = known.active(OWN, Processor(known.load))
    assert len(active.keys) <= 1_000
    assert len(active.classes) <= 1_000


def test_long_words_of_a_document_are_not_remembered():
    vocab = {OWN: {"@context": {"@vocab": "https://v.example/", "type": "@type"}}}
    known = Contexts({}).extended(vocab)
    to_dataset({"@context": OWN, "type": "t" * 1_000, "n" * 1_000: "v"}, contexts=known)
    active = known.active(OWN, Processor(known.load))
    assert not any(len(word) > 256 for word in (*active.keys, *active.classes))
    assert not active.scopes
