"""The W3C suites, where they are installed, drive the VC-API as they drive every product.

``PASSPORT_W3C_SUITES`` names the folder that holds their checkouts with their packages installed
(docs/vc-api.md says how); without it these tests are skipped, and those of ``tests/healthpassport/
vc_api`` say the same of every call.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from interop.third_party import program
from shared_inputs import shared

START_SECONDS = 180
RUN_SECONDS = 300
BOTH = {"vc": ["1.1", "2.0"]}
STATUS = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}
VERIFIES = "The following algorithm specifies how to verify a data integrity proof"

# What a suite demands and is refused here: the beginning of the title, how many times, and why.
REFUSED = {
    "vc-data-model-2.0-test-suite": [
        # Its digests are of another file than the one whose hash the Recommendation prints.
        ("The value of the relatedResource property MUST be one or more", 1),
    ],
    "vc-di-ecdsa-test-suite": [
        # Its vectors name https://vc.example/... as issuer and are signed with a did:key.
        (VERIFIES, 4),
        ("If the length of signatures does not match the length of nonMandatory", 1),
        ("If the proofValue string does not start with u", 1),
        ("If the decodedProofValue does not start with the ECDSA-SD", 1),
    ],
    "vc-di-eddsa-test-suite": [],
    "vc-di-bbs-test-suite": [],
    "vc-bitstring-status-list-test-suite": [],
}
LEAST_PASSED = {
    "vc-data-model-2.0-test-suite": 58,
    "vc-di-ecdsa-test-suite": 169,
    "vc-di-eddsa-test-suite": 57,
    "vc-di-bbs-test-suite": 80,
    "vc-bitstring-status-list-test-suite": 19,
}


class Adapter:
    """A running ``passport-issuer vc-api``, and the set-up of a suite that drives it."""

    def __init__(self, port: int) -> None:
        self.base = f"https://localhost:{port}/vc-api"
        # The certificate is made for the run; nobody else listens on this machine's port.
        self._trusting = ssl._create_unverified_context()  # noqa: S323

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.base}{path}", context=self._trusting) as answer:  # noqa: S310 - https
            return json.load(answer)

    def issuer(self, profile: str, *tags: str, **more: Any) -> dict[str, Any]:
        return {
            "id": self.get(f"/{profile}/issuer")["id"],
            "endpoint": f"{self.base}/{profile}/credentials/issue",
            "tags": list(tags or (profile,)),
            "supports": BOTH,
            **more,
        }

    def endpoint(self, path: str, *tags: str, **more: Any) -> dict[str, Any]:
        at = f"{self.base}/{path}"
        return {"id": "urn:any", "endpoint": at, "tags": list(tags), "supports": BOTH, **more}

    def implementations(self, suite: str) -> list[dict[str, Any]]:
        verify, derive = "credentials/verify", "credentials/derive"
        if suite == "vc-data-model-2.0-test-suite":
            return [
                {
                    "issuers": [self.issuer("eddsa-rdfc-2022", "vc2.0")],
                    "verifiers": [self.endpoint(verify, "vc2.0")],
                    "vpVerifiers": [self.endpoint("presentations/verify", "vc2.0")],
                }
            ]
        if suite == "vc-di-eddsa-test-suite":
            names = ("eddsa-rdfc-2022", "eddsa-jcs-2022")
            return [
                {
                    "issuers": [self.issuer(name) for name in names],
                    "verifiers": [self.endpoint(verify, *names)],
                }
            ]
        if suite == "vc-di-ecdsa-test-suite":
            return [self.ecdsa("P-256", ""), self.ecdsa("P-384", "-p384")]
        if suite == "vc-di-bbs-test-suite":
            return [
                {
                    "issuers": [self.issuer("bbs-2023")],
                    "verifiers": [self.endpoint(verify, "bbs-2023")],
                    "vcHolders": [self.endpoint(derive, "vcHolder", "bbs-2023")],
                }
            ]
        tag = "BitstringStatusList"
        options = {"credentialStatus": STATUS}
        return [
            {
                "issuers": [self.issuer("eddsa-rdfc-2022", tag, options=options)],
                "verifiers": [self.endpoint(verify, tag)],
            }
        ]

    def ecdsa(self, curve: str, suffix: str) -> dict[str, Any]:
        names = ["ecdsa-rdfc-2019", "ecdsa-jcs-2019"]
        keys = {"supportedEcdsaKeyTypes": [curve]}
        both = {"supportedEcdsaKeyTypes": ["P-256", "P-384"] if not suffix else ["P-384"]}
        issuers = [self.issuer(name + suffix, name, **keys) for name in names]
        verifiers = [self.endpoint("credentials/verify", *names, **both)]
        holders = []
        if not suffix:
            sd = "ecdsa-sd-2023"
            issuers.append(self.issuer(sd, **keys))
            verifiers.append(self.endpoint("credentials/verify", sd, **keys))
            holders = [self.endpoint("credentials/derive", "vcHolder", sd, **keys)]
        return {"issuers": issuers, "verifiers": verifiers, "vcHolders": holders}


@contextmanager
def served(port: int) -> Iterator[Adapter]:
    environment = os.environ | {
        "PASSPORT_VC_API": "1",
        "PASSPORT_EXTRA_CONTEXTS": str(shared("vectors", "contexts")),
    }
    command = [str(Path(sys.executable).with_name("passport-issuer")), "vc-api", "--port"]
    process = subprocess.Popen([*command, str(port)], env=environment)
    try:
        adapter = Adapter(port)
        for _ in range(START_SECONDS * 4):
            try:
                adapter.get("/bbs-2023/issuer")
                break
            except OSError:
                time.sleep(0.25)
        yield adapter
    finally:
        process.terminate()
        process.wait(timeout=120)


@pytest.fixture(scope="module")
def adapter() -> Iterator[Adapter]:
    folder = os.environ.get("PASSPORT_W3C_SUITES")
    if not folder:
        pytest.skip("PASSPORT_W3C_SUITES does not name a folder with the suites installed")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with served(port) as running:
        yield running


@pytest.mark.node
@pytest.mark.shared
@pytest.mark.parametrize("suite", sorted(REFUSED))
def test_a_suite_passes_but_for_what_is_refused_on_purpose(adapter: Adapter, suite: str):
    folder = Path(os.environ["PASSPORT_W3C_SUITES"]) / suite
    implementations = [
        {"name": f"Health Passport {number}", "implementation": "Health Passport"} | found
        for number, found in enumerate(adapter.implementations(suite))
    ]
    settings = {"enableInteropTests": False, "testAllImplementations": False}
    config = json.dumps({"settings": settings, "implementations": implementations})
    (folder / "localConfig.cjs").write_text(f"module.exports = {config};\n", encoding="utf-8")
    mocha = ["node_modules/mocha/bin/mocha.js", "tests/", "--reporter", "json"]
    done = subprocess.run(
        [program("node"), *mocha, "--timeout", "30000", "--preserve-symlinks"],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        timeout=RUN_SECONDS,
    )
    report = json.loads(done.stdout[done.stdout.index('{\n  "stats"') :])
    failed = [failure["title"] for failure in report["failures"]]
    counted = [
        (beginning, sum(title.startswith(beginning) for title in failed))
        for beginning, _ in REFUSED[suite]
    ]
    assert counted == REFUSED[suite]
    assert len(failed) == sum(count for _, count in counted), failed
    assert report["stats"]["passes"] >= LEAST_PASSED[suite]
