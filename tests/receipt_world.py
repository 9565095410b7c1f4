"""A desk on a trust list, what a patient sent it, and the receipt that it owes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simulated_ca import make
from simulated_trust import NOW, encoded, wire_list, wire_verifier

from healthpassport import receipts
from healthpassport.encoding import b64_encode
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.keys.signer import signer_from_library
from healthpassport.keys.x509 import x509_hash
from healthpassport.receipts import Kind, Receipt, ReceivedRecord, Sent
from healthpassport.trust.model import TrustList, TrustView

WINDOW = {"begin": NOW - timedelta(days=10), "end": NOW + timedelta(days=10)}
RETENTION = "It is kept with your hospital notes, as the law asks."
TOKEN = {"allergies": ["header.payload.signature~disclosure~kb"], "identity": [{"proof": 1}]}
CLAIMS = {"nonce": "n" * 22, "client_id": "x509_hash:abc", "state": "s", "wallet_nonce": "w"}
RECORDS = (
    ReceivedRecord(
        type="AllergySummary",
        format="dc+sd-jwt",
        query="allergies",
        hash=receipts.vp_token_hash(TOKEN["allergies"]),
        paths=("asOf", "familyName", "items.reaction", "items.unit"),
    ),
    ReceivedRecord(
        type="PatientIdentity",
        format="ldp_vc",
        query="identity",
        hash=receipts.vp_token_hash(TOKEN["identity"]),
        paths=("birthDate", "nhsNumber"),
    ),
)


class Desk:
    """Who asked: a certificate below a root, and an entry on the list."""

    def __init__(self, *, listed: bool = True, **entry: Any) -> None:
        self.root = make("Root", ca=True, host=None, **WINDOW)
        self.leaf = make("Hospital", self.root, host="desk.example", **WINDOW)
        self.signer = signer_from_library(self.leaf.key)
        anchors = [b64_encode(self.root.der)]
        own = wire_verifier(certificateHash=x509_hash(self.leaf.der), anchors=anchors, **entry)
        rows = wire_list(
            generate_signer(), generate_signer(), verifiers=[own] if listed else [wire_verifier()]
        )
        self.trust = TrustView(TrustList.parse(encoded(rows)), NOW, timedelta(), stale=False)
        self.chain = (self.leaf.der,)

    def receipt(self, **changes: Any) -> dict[str, Any]:
        """The claims of an honest receipt, with ``changes``; ``...`` takes a member out."""
        made = Receipt(
            jti="r" * 22,
            iat=int(NOW.timestamp()),
            kind=Kind.PRESENTATION,
            organisation=receipts.Organisation(name="Example Hospital", ods="RX123"),
            request_hash=receipts.request_hash(CLAIMS),
            vp_token_hash=receipts.vp_token_hash(TOKEN),
            records=RECORDS,
            purpose=receipts.Purpose(id="emergency", dpv=receipts.purpose_term("emergency")),
            retention=receipts.Retention(text=RETENTION, dpv=receipts.retention_term()),
            legal_basis=receipts.legal_basis(),
        ).payload()
        return {name: value for name, value in (made | changes).items() if value is not ...}

    def card(self, card: bytes = b"a card", **changes: Any) -> dict[str, Any]:
        """The claims of an honest receipt for a card."""
        row = {
            "type": "EmergencySummary",
            "format": "passport_card+cose",
            "paths": ["familyName", "items.unit"],
        }
        return self.receipt(
            kind="emergency_card",
            request_hash=...,
            vp_token_hash=...,
            card_hash=receipts.card_hash(card),
            records=[row],
            reason=2,
            **changes,
        )

    def sign(self, claims: Any = None, *, signer: Any = None, **header: Any) -> str:
        full = {"typ": receipts.TYP, "x5c": [b64_encode(der) for der in self.chain], **header}
        full = {name: value for name, value in full.items() if value is not ...}
        payload = self.receipt() if claims is None else claims
        return jws.sign(header=full, payload=payload, signer=signer or self.signer)

    def sent(self, **changes: Any) -> Sent:
        parts = {
            "request_hash": receipts.request_hash(CLAIMS),
            "vp_token_hash": receipts.vp_token_hash(TOKEN),
            "certificate_hash": x509_hash(self.leaf.der),
            "name": "Example Hospital",
            "ods": "RX123",
            "purpose": "emergency",
            "retention": RETENTION,
            "records": RECORDS,
            "at": NOW,
        }
        return Sent(**(parts | changes))

    def check(self, token: str, **changes: Any):
        parts = {"expected": self.sent(), "trust": self.trust, "now": NOW}
        return receipts.check_presentation(token, **(parts | changes))

    def check_card(self, token: str, *cards: bytes, **changes: Any):
        hashes = frozenset(map(receipts.card_hash, cards or (b"a card",)))
        parts = {"expected_card_hashes": hashes, "trust": self.trust, "now": NOW}
        return receipts.check_card(token, **(parts | changes))
