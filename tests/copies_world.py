"""One patient with a batch of copies, a twin with the same record, and two desks that compare.

Copies come from a real issuer's application, in every format; those with BBS proofs, which it does
not issue, from the format itself with the same times and status entries of their own.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulated_issuer import ISS, NOW, Site, Wallet, summary

from healthpassport.credential import Challenge
from healthpassport.encoding import dump_text
from healthpassport.formats import format_named
from healthpassport.formats.coarse_times import whole_days
from healthpassport.keys.signer import SoftwareSigner, generate_signer
from healthpassport.suites import bbs
from healthpassport.summary import (
    Item,
    PatientSummary,
    Record,
    disclosure_tree,
    to_payload,
)

SD_JWT, W3C = "dc+sd-jwt", "ldp_vc"
KINDS = ("dc+sd-jwt", "ecdsa-sd-2023", "eddsa-rdfc-2022", "bbs-2023")
CHOICE = {("nhsNumber",), ("familyName",), ("givenNames",), ("birthDate",)}
CHOICE |= {("items", 0), ("items", 0, "onset")}  # one of two allergies


ALLERGIES = summary().records[1]


def with_rows(count: int) -> Record:
    """The record with ``count`` allergies."""
    rows = (Item({"text": f"Allergy {n}"}, {"onset": "2001"}) for n in range(count))
    return replace(ALLERGIES, items=tuple(rows))


@dataclass(frozen=True)
class Copy:
    """One copy and the key that it is bound to."""

    kind: str
    text: str
    signer: SoftwareSigner

    @property
    def format(self) -> Any:
        return format_named(SD_JWT if self.kind == SD_JWT else W3C)


@dataclass(frozen=True)
class Visit:
    """A desk, its request, and when it was answered."""

    challenge: Challenge
    now: datetime

    def shown(self, copy: Copy, choice: set[tuple[Any, ...]] = CHOICE) -> str:
        held = copy.format.open_held(copy.text)
        return copy.format.present(
            held,
            disclose=[place for place in held.places if place in choice],
            challenge=self.challenge,
            holder_signer=copy.signer,
            now=self.now,
            random=secrets.token_bytes,
        )


WARD = Visit(Challenge("w" * 32, "x509_hash:" + "W" * 43), NOW + timedelta(days=2))
PHARMACY = Visit(Challenge("p" * 32, "x509_hash:" + "P" * 43), NOW + timedelta(days=9, hours=3))


class Practice:
    """An issuer that gives the same record to whoever comes; ``kind`` is how it signs."""

    def __init__(self, folder: Path, kind: str, record: Record = ALLERGIES) -> None:
        self.kind = kind
        self.record = record
        folder.mkdir(exist_ok=True)
        self.free = iter(secrets.SystemRandom().sample(range(1 << 17), 100))
        self.bbs = bbs.bbs_signer(bbs.key_gen(secrets.token_bytes(32)))
        algorithm = "EdDSA" if kind == "eddsa-rdfc-2022" else "ES256"
        self.site = Site(folder, {"formats": (SD_JWT, W3C), "algorithm": algorithm})

    def collect(self, copies: int = 5) -> list[Copy]:
        """A batch for a patient who comes now; the next one comes a while later."""
        signers = [generate_signer() for _ in range(copies)]
        if self.kind == "bbs-2023":
            texts = [self._with_bbs(signer) for signer in signers]
        else:
            texts = self._from_issuer(signers)
        self.site.pass_time(hours=1, minutes=7, seconds=13)
        return [Copy(self.kind, text, key) for text, key in zip(texts, signers, strict=True)]

    def _from_issuer(self, signers: list[SoftwareSigner]) -> list[str]:
        wallet = Wallet(self.site, self.site.offer(made=PatientSummary((self.record,))))
        assert wallet.ask_token().status == 200
        nonce = wallet.nonce()
        proofs = [wallet.proof(nonce, signer=signer) for signer in signers]
        name = "AllergySummary" if self.kind == SD_JWT else "AllergySummary.ldp_vc"
        answer = wallet.ask_credential(name, proofs=proofs)
        assert answer.status == 200, answer.body
        found = [entry["credential"] for entry in answer.json()["credentials"]]
        return [one if isinstance(one, str) else dump_text(one) for one in found]

    def _with_bbs(self, signer: SoftwareSigner) -> str:
        times = whole_days(self.site.now.astimezone(UTC), days=90)
        return format_named(W3C).issue(
            payload=to_payload(self.record),
            disclosable=disclosure_tree("AllergySummary"),
            signer=self.bbs,
            iss=ISS,
            holder_jwk=signer.public_key.jwk(),
            issued_at=times.issued_at,
            expires_at=times.expires_at,
            salts=secrets.token_bytes,
            status={"credentialStatus": [self._entry(p) for p in ("revocation", "suspension")]},
        )

    def _entry(self, purpose: str) -> dict[str, str]:
        return {
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": str(next(self.free)),
            "statusListCredential": f"{ISS}/status/bitstring/{purpose}",
        }
