"""A whole presentation at a desk, with the trust list and the status list at hand.

Everything of docs/verification.md is done: format, type, issuer and certificate, signatures,
record, times, status, query and person. Not in it: HTTP and the encryption of the answer, which
``bench_services`` has. No peer checks all of this; beside it stand openvc-core, which checks
the two signatures, the disclosures and the key binding of the same record, and bare signatures.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from measuring import milliseconds, table, together  # noqa: E402 - after the path of the tests
from openvc.proof.sd_jwt import SdJwtVcProofSuite  # noqa: E402
from record_examples import allergies, identity, medicines  # noqa: E402
from verification_world import CHALLENGE, NOW, Desk, Surgery, present  # noqa: E402

from healthpassport import suites  # noqa: E402
from healthpassport.credential import Credential, Presentation, Verdict  # noqa: E402
from healthpassport.formats import sd_jwt_vc  # noqa: E402
from healthpassport.keys import generate_signer  # noqa: E402
from healthpassport.summary import Item, Record, disclosure_tree, to_payload  # noqa: E402
from healthpassport.verification import FreshnessPolicy, verify_presentation  # noqa: E402

SIZES: Final = (1, 10, 100, 300, 600)  # entries; one token may have 256 KiB
HOLDER: Final = generate_signer()
SURGERY: Final = Surgery()


def entries(count: int) -> Record:
    """A record of ``count`` allergies, each of them one disclosure."""
    return replace(allergies(), items=(Item({"text": "Latex", "type": "allergy"}),) * count)


def answered(records: dict[str, Record]) -> Callable[[], object]:
    """The verification of one presentation of ``records``, everything in them shown."""
    desk = Desk((SURGERY,))
    texts = {name: present(SURGERY.issue(r, HOLDER), HOLDER) for name, r in records.items()}
    shown = {name: (Credential("dc+sd-jwt", text),) for name, text in texts.items()}
    query, trust = desk.query, desk.trust
    status = {SURGERY.list_uri: SURGERY.status_list()}

    def verify() -> object:
        return verify_presentation(
            presentation=Presentation(shown),
            challenge=CHALLENGE,
            query=query,
            trust=trust,
            status=status,
            policy=FreshnessPolicy(),
            now=NOW,
        )

    if (verdict := verify().verdict) is not Verdict.ACCEPTED:
        raise SystemExit(f"the presentation is {verdict.value}")
    return verify


def peer(record: Record) -> Callable[[], object]:
    """What openvc-core does with the same record; it has no clock of its own to pass."""
    now = datetime.now(UTC)
    times = {"issued_at": now - timedelta(minutes=1), "expires_at": now + timedelta(days=30)}
    held = sd_jwt_vc.open_held(SURGERY.issue(record, HOLDER, **times))
    text = sd_jwt_vc.present(
        held, disclose=held.places, challenge=CHALLENGE, holder_signer=HOLDER, now=now
    )
    binding = {"audience": CHALLENGE.audience, "nonce": CHALLENGE.nonce}
    key, suite = SURGERY.signer.public_key.jwk(), SdJwtVcProofSuite()
    return lambda: suite.verify(text, public_key_jwk=key, require_key_binding=True, **binding)


def two_signatures() -> Callable[[], object]:
    """What nothing that verifies a presentation can do without."""
    message = b"x" * 2_000
    signature, key = HOLDER.sign(message), HOLDER.public_key

    def check() -> None:
        suites.verify(key, "ES256", signature, message)
        suites.verify(key, "ES256", signature, message)

    return check


def issuing(record: Record) -> Callable[[], object]:
    """Issuing of a record with its certificate and status entry."""
    payload, tree = to_payload(record), disclosure_tree(record.type)
    return lambda: SURGERY.issue(record, HOLDER, payload=payload, disclosable=tree)


def main() -> None:
    """Print what a verified presentation costs, and how it grows."""
    one = {"allergies": allergies()}
    three = {"identity": identity(), "allergies": allergies(), "medications": medicines("current")}
    worlds = {"one record": one, "three records": three}
    works = [two_signatures(), peer(allergies()), *map(answered, worlds.values())]
    floor, other, *times = together(works)
    rows = []
    for (name, records), found in zip(worlds.items(), times, strict=True):
        signatures = floor * len(records)
        peers = other if len(records) == 1 else None
        rows.append(
            (
                name,
                f"{found:.3f}",
                f"{1_000 / found:.0f}",
                "-" if peers is None else f"{peers:.3f}",
                f"{signatures:.3f}",
                f"{found / signatures:.1f}",
            )
        )
    version = importlib.metadata.version("openvc-core")
    columns = ("presentation", "CPU ms", "a CPU-second", f"openvc-core {version} (format only)")
    table(
        "Verified presentations, lists at hand, without HTTP and encryption",
        (*columns, "bare signatures", "ours / bare"),
        rows,
    )
    grow()


def grow() -> None:
    """Print issuing and verifying for records of many sizes: the last column should not rise."""
    rows = []
    for size in SIZES:
        record = entries(size)
        made, text = milliseconds(issuing(record)), SURGERY.issue(record, HOLDER)
        held = sd_jwt_vc.open_held(text)
        found = milliseconds(answered({"allergies": record}))
        rows.append(
            (
                str(size),
                str(len(held.places)),
                str(len(text)),
                f"{made:.3f}",
                f"{found:.3f}",
                f"{1_000 * (made + found) / len(held.places):.1f}",
            )
        )
    columns = ("entries", "disclosures", "characters", "issue, CPU ms", "verify, CPU ms")
    table("Growth with the entries of a record", (*columns, "both, us a disclosure"), rows)


if __name__ == "__main__":
    main()
