"""How the cost grows from 1 to 1,000 entries: both families, BBS, and canonical form alone.

Every entry is a unit, one disclosure or two statements, so that 1,000 fit into a token (256 KiB and
1,000 disclosures at the most); half of the entries are shown. Run it with ``make bench``; with
``--svg FILE`` the picture of docs/performance.md is drawn anew.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from growth_plot import svg
from measuring import table, where

from healthpassport.canonical import Contexts, bundled, canonicalise, to_dataset
from healthpassport.credential import Challenge
from healthpassport.errors import PassportError
from healthpassport.formats import data_integrity, sd_jwt_vc
from healthpassport.formats.ldp_vc.identifiers import issuer_method, only_key
from healthpassport.keys import generate_signer
from healthpassport.suites import bbs

COUNTS: Final = (1, 3, 10, 30, 100, 300, 1_000)
CHALLENGE: Final = Challenge("n" * 32, "x509_hash:" + "d" * 43)
NOW: Final = datetime.now(UTC).replace(microsecond=0)
DID: Final = "did:web:surgery.example"
URL: Final = "https://vocabulary.example/growth/1"
V2: Final = "https://www.w3.org/ns/credentials/v2"
CONTEXT: Final = {
    "@context": {
        "items": {"@id": "https://vocabulary.example/growth#items", "@container": "@set"},
        "unit": {"@id": "https://vocabulary.example/growth#unit", "@type": "@json"},
    }
}
MADE, SHOWN, SEEN, HELD = "issue", "present half", "verify", "canonical form"
Works = dict[str, Callable[[], Any]]


def entries(count: int) -> list[dict[str, Any]]:
    return [{"unit": {"text": f"Entry {n}", "status": "active"}} for n in range(count)]


def sd_jwt(count: int) -> Works:
    issuer, holder = generate_signer(), generate_signer()

    def issue() -> str:
        return sd_jwt_vc.issue(
            payload={"vct": "https://vocabulary.example/growth", "items": entries(count)},
            disclosable=[("items", None)],
            signer=issuer,
            iss="https://surgery.example",
            holder_jwk=holder.public_key.jwk(),
            issued_at=NOW - timedelta(hours=1),
            expires_at=NOW + timedelta(days=30),
            salts=secrets.token_bytes,
        )

    held = sd_jwt_vc.open_held(issue())
    chosen = sd_jwt_vc.select(held, [("items", n) for n in range((count + 1) // 2)])

    def present() -> str:
        return sd_jwt_vc.present(
            held, disclose=chosen, challenge=CHALLENGE, holder_signer=holder, now=NOW
        )

    sent = present()

    def verify() -> Any:
        return sd_jwt_vc.verify(
            sd_jwt_vc.parse(sent), issuer_key=issuer.public_key, challenge=CHALLENGE, now=NOW
        )

    return {MADE: issue, SHOWN: present, SEEN: verify}


def proof(count: int, suite: str, signer: Any) -> Works:
    contexts = bundled().extended({URL: CONTEXT})
    document = {
        "@context": [V2, URL],
        "type": ["VerifiableCredential"],
        "issuer": DID,
        "credentialSubject": {"id": "urn:uuid:1f0e8d7c-6b5a-4938-8271-605f4e3d2c11"}
        | {"items": entries(count)},
    }

    def issue() -> dict[str, Any]:
        return data_integrity.add_proof(
            document,
            cryptosuite=suite,
            signer=signer,
            verification_method=issuer_method(DID, signer.public_key),
            purpose=data_integrity.ASSERTION,
            created=NOW,
            contexts=contexts,
            randomness=secrets.token_bytes,
            mandatory_pointers=["/issuer", "/type"],
        )

    base = issue()
    half = [f"/credentialSubject/items/{n}" for n in range((count + 1) // 2)]

    def derive() -> dict[str, Any]:
        return data_integrity.derive(
            base, pointers=half, contexts=contexts, randomness=secrets.token_bytes
        )

    sent = derive()
    return {
        MADE: issue,
        SHOWN: derive,
        SEEN: lambda: _verify(sent, suite, signer, contexts),
        HELD: lambda: canonicalise(to_dataset(document, contexts=contexts)),
    }


def _verify(sent: dict[str, Any], suite: str, signer: Any, contexts: Contexts) -> Any:
    return data_integrity.verify_credential(
        sent,
        resolve=only_key(DID, signer.public_key),
        allowed={suite},
        now=NOW,
        contexts=contexts,
    )


FAMILIES: Final[dict[str, Callable[[int], Works]]] = {
    "SD-JWT": sd_jwt,
    "ecdsa-sd-2023": lambda count: proof(count, "ecdsa-sd-2023", generate_signer()),
    "bbs-2023": lambda count: proof(
        count, "bbs-2023", bbs.bbs_signer(bbs.key_gen(secrets.token_bytes(32)))
    ),
}


def least(work: Callable[[], Any]) -> float:
    """CPU milliseconds of the fastest of several calls, within half a second or so."""
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 0.5 and len(times) < 50):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times) * 1_000


def measured() -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for family, make in FAMILIES.items():
        for count in COUNTS:
            try:
                works = make(count)
            except PassportError as error:
                sys.stdout.write(f"{family}, {count} entries: {error}\n")
                continue
            for name, work in works.items():
                if name != HELD or family == "ecdsa-sd-2023":
                    label = name if name == HELD else f"{family} {name}"
                    found.setdefault(label, []).append((count, least(work)))
    return found


def main(arguments: list[str]) -> None:
    found = measured()
    columns = ["operation", *(f"{count:,}" for count in COUNTS), "us an entry, 100 and last"]
    rows = []
    for name, points in found.items():
        cost = dict(points)
        last = points[-1]
        each = f"{cost[100] * 10:.0f} and {last[1] / last[0] * 1_000:.0f}"
        rows.append([name, *(f"{cost[n]:.2f}" if n in cost else "-" for n in COUNTS), each])
    table("CPU ms by entries, the fastest of several runs", columns, rows)
    if arguments[:1] == ["--svg"]:
        shown = ("SD-JWT issue", "SD-JWT verify", "ecdsa-sd-2023 issue", "ecdsa-sd-2023 verify")
        lines = {name: found[name] for name in (*shown, "bbs-2023 verify", HELD)}
        picture = svg(
            lines,
            title="CPU time by number of entries",
            caption=f"Both axes logarithmic; half of the entries shown. {where()}",
        )
        Path(arguments[1]).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
