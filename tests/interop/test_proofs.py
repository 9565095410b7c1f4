"""Other people's packages check what ours signs and shows, and ours checks what theirs do."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
from pathlib import Path
from typing import Any

import integrity_world as world
import pytest
from integrity_world import EVERY_SUITE, HOLDER, ISSUER, ISSUER_ED, NOW, SHOWN, did_of
from interop.third_party import installed, program

from healthpassport import dids
from healthpassport.formats import data_integrity
from healthpassport.suites import bbs

SOURCE = Path(__file__).parent / "proofs"
RUN_SECONDS = 120
PACKAGES = {
    "@digitalbazaar/bbs-2023-cryptosuite": "2.0.1",
    "@digitalbazaar/bls12-381-multikey": "2.1.0",
    "@digitalbazaar/data-integrity": "2.5.0",
    "@digitalbazaar/ecdsa-multikey": "1.8.0",
    "@digitalbazaar/ecdsa-rdfc-2019-cryptosuite": "1.3.0",
    "@digitalbazaar/ecdsa-sd-2023-cryptosuite": "3.4.1",
    "@digitalbazaar/ed25519-multikey": "1.3.1",
    "@digitalbazaar/eddsa-rdfc-2022-cryptosuite": "1.3.0",
    "@digitalbazaar/vc": "7.3.0",
}
BBS_ISSUER = bbs.bbs_signer(bbs.key_gen(secrets.token_bytes(32)))
SIGNERS = {
    "ecdsa-sd-2023": ISSUER,
    "bbs-2023": BBS_ISSUER,
    "ecdsa-rdfc-2019": ISSUER,
    "eddsa-rdfc-2022": ISSUER_ED,
}
SELECTIVE = ("ecdsa-sd-2023", "bbs-2023")


def test_the_packages_are_pinned_exactly():
    package = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
    assert package["dependencies"] == PACKAGES
    assert not {"scripts", "overrides", "resolutions"} & package.keys()


def test_the_scripts_import_those_packages_and_node_alone():
    sources = [path.read_text(encoding="utf-8") for path in SOURCE.glob("*.mjs")]
    named = {name for text in sources for name in re.findall(r"from '([^']+)'", text)}
    others = {name for name in named if not name.startswith(("./", "node:"))}
    assert others == PACKAGES.keys()


@pytest.fixture(scope="module")
def packages(request):
    """The scripts as a function: jobs to answers."""
    folder = installed(request.config.cache.mkdir("third-party-proofs"), SOURCE)
    node = program("node")

    def run(*jobs: dict[str, Any]) -> list[dict[str, Any]]:
        known = world.contexts()
        contexts = {url: {"@context": known.load(url)} for url in known.urls}
        given = {"contexts": contexts, "now": NOW.isoformat(), "jobs": jobs}
        result = subprocess.run(
            [node, "proofs.mjs"],
            cwd=folder,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
            env={"PATH": os.environ["PATH"]},
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return run


def issued(suite, **changes):
    return world.issued(suite, signer=SIGNERS[suite], randomness=secrets.token_bytes, **changes)


def derived(document):
    return world.derived(document, *SHOWN, randomness=secrets.token_bytes)


@pytest.mark.node
def test_they_verify_what_we_issue_and_show(packages):
    shown = {
        suite: derived(issued(suite)) if suite in SELECTIVE else issued(suite) for suite in SIGNERS
    }
    answers = packages(*({"do": "verify", "credential": document} for document in shown.values()))
    assert dict(zip(shown, answers, strict=True)) == {suite: {"verified": True} for suite in shown}


@pytest.mark.node
def test_they_refuse_what_was_changed(packages):
    changed = [
        {**derived(issued(suite)), "validUntil": "2099-01-01T00:00:00Z"} for suite in SELECTIVE
    ]
    answers = packages(*({"do": "verify", "credential": document} for document in changed))
    assert [answer["verified"] for answer in answers] == [False, False]


@pytest.mark.node
def test_they_derive_from_what_we_issue_and_we_verify_it(packages):
    jobs = [
        {"do": "derive", "credential": issued(suite), "suite": suite, "pointers": SHOWN}
        for suite in SELECTIVE
    ]
    for job, answer in zip(jobs, packages(*jobs), strict=True):
        found = world.verify(answer["credential"], allowed=EVERY_SUITE)
        assert (
            found.document == world.verify(derived(job["credential"]), allowed=EVERY_SUITE).document
        )


@pytest.mark.node
def test_we_verify_and_derive_from_what_they_issue(packages):
    document = {name: v for name, v in world.credential().items() if name != "issuer"}
    jobs = [
        {"do": "issue", "credential": document, "suite": suite, "mandatory": world.MANDATORY}
        for suite in SIGNERS
    ]
    made = [answer["credential"] for answer in packages(*jobs)]
    for suite, credential in zip(SIGNERS, made, strict=True):
        assert world.verify_as_holder(credential, allowed=EVERY_SUITE)
        shown = derived(credential) if suite in SELECTIVE else credential
        assert world.verify(shown, allowed=EVERY_SUITE).proofs[0].cryptosuite == suite
    again = [{"do": "verify", "credential": derived(credential)} for credential in made[:2]]
    assert packages(*again) == [{"verified": True}] * 2


@pytest.mark.node
def test_they_verify_our_presentation_of_a_derived_credential(packages):
    shown = derived(issued("ecdsa-sd-2023"))
    job = {
        "do": "verify",
        "presentation": world.presented(shown),
        "challenge": world.CHALLENGE,
        "domain": world.DOMAIN,
    }
    other = {**job, "challenge": "another"}
    (right, wrong) = packages(job, other)
    assert right == {"verified": True}
    assert not wrong["verified"]
    document, holder = data_integrity.verify_presentation(
        job["presentation"],
        expected_challenge=world.CHALLENGE,
        expected_domain=world.DOMAIN,
        resolve=dids.resolve,
        allowed=data_integrity.DEFAULT_ALLOWED,
        now=NOW,
        contexts=world.contexts(),
    )
    assert holder == did_of(HOLDER)
    assert document.document["holder"] == holder
