"""Data Integrity beside its Python peer, bare signatures and the packages for Node, in one run.

CPU time, the median of several rounds; the ratio is the figure. The packages for Node are measured
where there are node and npm. Run it with ``make bench``.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from measuring import milliseconds, table, together
from openvc.errors import OpenvcError
from openvc.keys import Ed25519SigningKey, P256SigningKey
from openvc.proof.data_integrity import DataIntegrityProofSuite
from openvc.proof.ecdsa_sd import EcdsaSdProofSuite

from healthpassport import dids, suites
from healthpassport.canonical import Contexts, bundled
from healthpassport.formats import data_integrity
from healthpassport.formats.data_integrity.cryptosuites import ecdsa_sd_proof_value
from healthpassport.keys import generate_signer
from healthpassport.keys.multikey import multikey
from healthpassport.suites import bbs

INPUTS: Final = Path(__file__).resolve().parents[3] / "shared" / "bench" / "inputs"
PACKAGES: Final = Path(__file__).resolve().parents[1] / "interop" / "proofs"
NPM_INSTALL: Final = ("install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
ROUNDS_OF_PACKAGES: Final = {"ecdsa-sd-2023": 15, "eddsa-rdfc-2022": 15, "bbs-2023": 3}
PEER: Final = f"openvc-core {version('openvc-core')}"
NOW: Final = datetime.now(UTC).replace(microsecond=0)
OPERATIONS: Final = ("issue", "derive", "verify")
STATEMENT: Final = b"a statement of some hundred octets, as they are found in a record, " * 2
Work = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """A credential without issuer and proof, its own context, and the pointers."""

    credential: dict[str, Any]
    context_url: str
    context: dict[str, Any]
    mandatory: list[str]
    shown: list[str]

    @property
    def contexts(self) -> Contexts:
        return bundled().extended({self.context_url: self.context})


def case() -> Case:
    """The published inputs, or a record of the same size where they are absent."""
    if not INPUTS.is_dir():
        sys.stdout.write("Made-up input: the published inputs do not stand beside the checkout.\n")
        return made_up()
    credential, context, selection = (
        json.loads((INPUTS / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("health-large.vc", "context-health-summary-v1", "selection")
    )
    url = next(entry for entry in credential["@context"] if "health-summary" in entry)
    return Case(credential, url, context, selection["mandatoryPointers"], selection["large"])


def made_up() -> Case:
    """Ten fields and 35 entries in five lists, as in the published inputs."""
    url, vocabulary = "https://vocabulary.example/bench/v1", "https://vocabulary.example/bench#"
    entry = {"type": "Entry", "code": "91936005", "display": "An entry", "status": "active"}
    lists = {"allergies": 5, "medications": 8, "problems": 10, "immunisations": 8, "results": 4}
    fields = {f"field{number}": f"value {number}" for number in range(10)}
    subject: dict[str, Any] = {"id": "urn:uuid:1f0e8d7c-6b5a-4938-8271-605f4e3d2c11", **fields}
    for name, count in lists.items():
        subject[name] = [{**entry, "date": f"20{n:02}-01-01", "note": f"{n}"} for n in range(count)]
    names = ["Entry", "code", "display", "status", "date", "note", *fields, *lists]
    return Case(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2", url],
            "type": ["VerifiableCredential"],
            "validFrom": "2026-01-05T09:00:00Z",
            "validUntil": "2099-01-05T09:00:00Z",
            "credentialSubject": subject,
        },
        url,
        {"@context": {name: vocabulary + name for name in names}},
        ["/issuer", "/validFrom", "/validUntil"],
        [f"/credentialSubject/{n}" for n in ("field0", "field1", "allergies", "medications")],
    )


def ours(given: Case, suite: str, signer: Any) -> dict[str, Work]:
    """Our three operations; ``derive`` is missing where a suite has none."""
    did = f"did:key:{multikey(signer.public_key)}"
    document = {**given.credential, "issuer": did}
    contexts = given.contexts
    selective = data_integrity.CRYPTOSUITES[suite].selective is not None

    def issue() -> dict[str, Any]:
        return data_integrity.add_proof(
            document,
            cryptosuite=suite,
            signer=signer,
            verification_method=f"{did}#{multikey(signer.public_key)}",
            purpose=data_integrity.ASSERTION,
            created=NOW,
            contexts=contexts,
            randomness=secrets.token_bytes,
            mandatory_pointers=given.mandatory if selective else (),
        )

    def derive() -> dict[str, Any]:
        return data_integrity.derive(
            issued, pointers=given.shown, contexts=contexts, randomness=secrets.token_bytes
        )

    def verify() -> Any:
        return data_integrity.verify_credential(
            shown, resolve=dids.resolve, allowed={suite}, now=NOW, contexts=contexts
        )

    issued = issue()
    shown = derive() if selective else issued
    works: dict[str, Work] = {"issue": issue, "verify": verify}
    return works | {"derive": derive} if selective else works


def openvc(given: Case, suite: str) -> dict[str, Work]:
    """The Python peer's operations, as far as it can do them on this input."""
    extra = {"extra_contexts": {given.context_url: given.context}}
    method = {"verification_method": "did:key:zPeer#zPeer"}
    document = {**given.credential, "issuer": "did:key:zPeer"}
    if suite == "eddsa-rdfc-2022":
        key, whole = Ed25519SigningKey.generate(kid="key"), DataIntegrityProofSuite()
        sign = {"signing_key": key, **method, **extra}
        made = whole.add_proof(document, **sign)
        look = {"public_key_jwk": key.public_jwk(), "check_temporal": False, **extra}
        return {
            "issue": lambda: whole.add_proof(document, **sign),
            "verify": lambda: whole.verify(made, **look),
        }
    if suite != "ecdsa-sd-2023":
        return {}
    p256, parts = P256SigningKey.generate(kid="key"), EcdsaSdProofSuite()
    sign = {"signing_key": p256, "mandatory_pointers": given.mandatory, **method, **extra}
    works: dict[str, Work] = {"issue": lambda: parts.add_base_proof(document, **sign)}
    base, show = works["issue"](), {"selective_pointers": given.shown, **extra}
    try:
        shown = parts.derive_proof(base, **show)
        look = {"public_key_jwk": p256.public_jwk(), "check_temporal": False, **extra}
        parts.verify(shown, **look)
    except OpenvcError as error:
        sys.stdout.write(f"{PEER} cannot derive or verify this input: {error}\n")
        return works
    return works | {
        "derive": lambda: parts.derive_proof(base, **show),
        "verify": lambda: parts.verify(shown, **look),
    }


def floors(works: Mapping[str, Work]) -> dict[str, Work]:
    """The bare P-256 signatures that issuing and verifying an ecdsa-sd-2023 proof cannot avoid."""
    key = generate_signer()
    signature = key.sign(STATEMENT)
    value = works["issue"]()["proof"]["proofValue"]
    made = 1 + len(ecdsa_sd_proof_value.read_base(value).signatures)
    value = works["derive"]()["proof"]["proofValue"]
    shown = 1 + len(ecdsa_sd_proof_value.read_derived(value).signatures)

    def check() -> None:
        for _ in range(shown):
            suites.verify(key.public_key, "ES256", signature, STATEMENT)

    return {"issue": lambda: [key.sign(STATEMENT) for _ in range(made)], "verify": check}


def packages(given: Case) -> dict[str, dict[str, float]]:
    """CPU milliseconds of the packages for Node by suite, or nothing where they do not install."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return {}
    contexts = given.contexts
    known = {url: {"@context": contexts.load(url)} for url in contexts.urls}
    document = {name: v for name, v in given.credential.items() if name != "issuer"}
    jobs = [
        {
            "do": "time",
            "credential": document,
            "suite": suite,
            "rounds": rounds,
            "mandatory": given.mandatory,
            "pointers": given.shown if suite != "eddsa-rdfc-2022" else None,
        }
        for suite, rounds in ROUNDS_OF_PACKAGES.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(PACKAGES, folder, dirs_exist_ok=True)
        try:
            subprocess.run([npm, *NPM_INSTALL], cwd=folder, check=True, capture_output=True)
        except subprocess.CalledProcessError:
            return {}
        text = json.dumps({"contexts": known, "now": NOW.isoformat(), "jobs": jobs})
        command = [node, "proofs.mjs"]
        done = subprocess.run(
            command, cwd=folder, check=True, capture_output=True, input=text, text=True
        )
    return dict(zip(ROUNDS_OF_PACKAGES, json.loads(done.stdout), strict=True))


def main() -> None:
    """Print one table: each suite and operation, ours, floor, peers, ratios."""
    given = case()
    of_packages = packages(given)
    if not of_packages:
        sys.stdout.write("The packages for Node cannot be installed here.\n")
    signers: dict[str, Any] = {
        "ecdsa-sd-2023": generate_signer("ES256"),
        "eddsa-rdfc-2022": generate_signer("EdDSA"),
        "bbs-2023": bbs.bbs_signer(bbs.key_gen(secrets.token_bytes(32))),
    }
    rows: list[tuple[str, ...]] = []
    for suite, signer in signers.items():
        works = ours(given, suite, signer)
        floor = floors(works) if suite == "ecdsa-sd-2023" else {}
        peer = openvc(given, suite)
        rows += [
            (suite, name, *figures(works[name], floor.get(name), peer.get(name), package))
            for name in OPERATIONS
            if name in works
            for package in [of_packages.get(suite, {}).get(name)]
        ]
    columns = ("suite", "operation", "ours", "P-256 floor", PEER, "Digital Bazaar (npm)")
    ratios = ("ours / floor", "best peer / ours")
    table("Data Integrity, CPU ms", (*columns, *ratios), rows)


def figures(
    mine: Work, floor: Work | None, peer: Work | None, package_ms: float | None
) -> tuple[str, ...]:
    """The figures of one line; ours and the floor take turns."""
    if floor is None:
        ours_ms, floor_ms = milliseconds(mine), None
    else:
        ours_ms, floor_ms = together([mine, floor])
    peer_ms = None if peer is None else milliseconds(peer)
    peers = [one for one in (peer_ms, package_ms) if one is not None]
    times = (
        "-" if one is None else f"{one:.2f}" for one in (ours_ms, floor_ms, peer_ms, package_ms)
    )
    above = "-" if floor_ms is None else f"{ours_ms / floor_ms:.2f}"
    return (*times, above, f"{min(peers) / ours_ms:.1f}" if peers else "-")


if __name__ == "__main__":
    main()
