"""A verifier of one's own: certificate, entry on the list, registration, signed requests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from simulated_ca import make
from simulated_trust import NOW, encoded, wire_list, wire_verifier

from healthpassport.encoding import b64_encode
from healthpassport.errors import PassportError
from healthpassport.jose import jws
from healthpassport.jose.jwe import generate_encryption_key
from healthpassport.keys import generate_signer
from healthpassport.keys.signer import signer_from_library
from healthpassport.keys.x509 import x509_hash
from healthpassport.protocols.oid4vp import build_request
from healthpassport.requests import verify_request
from healthpassport.trust import registration
from healthpassport.trust.model import TrustList, TrustView

HOST = "desk.example"
VCT = "https://passport.example/vct/AllergySummary/1"
WINDOW = {"begin": NOW - timedelta(days=10), "end": NOW + timedelta(days=10)}


def dcql(*paths, vct=VCT):
    claims = {"claims": [{"path": list(path)} for path in paths]} if paths else {}
    meta = {"vct_values": [vct]}
    return {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": meta, **claims}]}


class Asker:
    """A verifier with a certificate, an entry on the list and a registration."""

    def __init__(self, *, host=HOST, listed=True, at=NOW):
        self.root = make("Root", ca=True, host=None, **WINDOW)
        self.leaf = make("Hospital", self.root, host=host, **WINDOW)
        self.signer = signer_from_library(self.leaf.key)
        self.registrar = generate_signer()
        self.client_id = f"x509_hash:{x509_hash(self.leaf.der)}"
        entry = wire_verifier(
            certificateHash=x509_hash(self.leaf.der), anchors=[b64_encode(self.root.der)]
        )
        rows = wire_list(
            generate_signer(), self.registrar, verifiers=[entry] if listed else [wire_verifier()]
        )
        self.trust_list = TrustList.parse(encoded(rows))
        self.trust = TrustView(self.trust_list, at, timedelta(), stale=False)
        verifier = self.trust_list.verifiers[0]
        self.registration = registration.issue(
            verifier, "emergency", signer=self.registrar, issued_at=at
        )

    def claims(self, **changes):
        _, jwk = generate_encryption_key("k1")
        made = build_request(
            client_id=self.client_id,
            response_uri=f"https://{HOST}/oid4vp/responses/1",
            nonce="n" * 22,
            state="s" * 22,
            query=dcql(("items", None, "unit")),
            encryption_jwk=jwk,
            registration=self.registration,
            issued_at=NOW,
            expires_at=NOW + timedelta(minutes=5),
        )
        made |= changes
        return {name: value for name, value in made.items() if value is not ...}

    def sign(self, claims, *, signer=None, **header):
        full = {"typ": "oauth-authz-req+jwt", "x5c": [b64_encode(self.leaf.der)], **header}
        full = {name: value for name, value in full.items() if value is not ...}
        return jws.sign(header=full, payload=claims, signer=signer or self.signer)

    def verify(self, request_object, **changes):
        parts = {
            "request_object": request_object,
            "client_id": self.client_id,
            "trust": self.trust,
            "now": NOW,
        }
        return verify_request(**(parts | changes))

    def refusal(self, request_object, **changes):
        with pytest.raises(PassportError) as caught:
            self.verify(request_object, **changes)
        return caught.value.code
