"""A wallet provider for tests: it signs for whoever asks, as docs/wallet.md describes."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from simulated_ca import AT, make

from healthpassport.fetch import HttpResponse
from healthpassport.jose import jws
from healthpassport.keys import generate_signer, public_key_from_jwk
from healthpassport.keys.signer import signer_from_library
from healthpassport.protocols.oid4vci import make_attestation
from wallet.settings import DEFAULT_CLIENT_ID

AGES = {"begin": AT - timedelta(days=3650), "end": AT + timedelta(days=36500)}
ROOT = make("Attesters", ca=True, host=None, **AGES)
LEAF = make("Attester", ROOT, host="attester.example", **AGES)
URL = "https://wallets.example/attestations"


@dataclass
class Provider:
    """Answers on a ``Wire`` before its applications do; ``asked`` is all that it ever sees."""

    world: object
    life: timedelta = timedelta(hours=1)
    signer: object = field(default_factory=generate_signer)
    asked: list[dict] = field(default_factory=list)
    claims: dict = field(default_factory=dict)
    broken: HttpResponse | None = None

    def listen(self) -> None:
        """From now on ``URL`` answers."""
        wire, fetch = self.world.wire, type(self.world.wire).fetch

        def answered(request):
            if request.url == URL:
                return self.answer(json.loads(request.body))
            return fetch(wire, request)

        wire.fetch = answered

    def trusted_in(self, folder: Path) -> Path:
        """The file by which an issuer believes this provider."""
        jwk = self.signer.public_key.jwk() | {"kid": self.signer.public_key.thumbprint()}
        path = folder / "wallet-providers.json"
        path.write_text(json.dumps({"keys": [jwk]}))
        return path

    def answer_keys(self, asked: dict) -> HttpResponse:
        """A key attestation by the certificate ``LEAF``."""
        now = int(self.world.world.clock().timestamp())
        made = {"iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        made |= {"attested_keys": asked["attested_keys"]} | asked["levels"] | self.claims
        x5c = [base64.b64encode(LEAF.der).decode()]
        head = {"typ": "key-attestation+jwt", "x5c": x5c}
        token = jws.sign(header=head, payload=made, signer=signer_from_library(LEAF.key))
        return HttpResponse(200, {}, json.dumps({"key_attestation": token}).encode())

    def answer(self, asked: dict) -> HttpResponse:
        self.asked.append(asked)
        if self.broken is not None:
            return self.broken
        if "attested_keys" in asked:
            return self.answer_keys(asked)
        made = make_attestation(
            signer=self.signer,
            issuer="https://wallets.example",
            client_id=DEFAULT_CLIENT_ID,
            key=public_key_from_jwk(asked["jwk"]),
            expires_at=self.world.world.clock() + self.life,
        )
        if self.claims:
            parsed = jws.parse(made, max_bytes=10**5)
            body = json.loads(parsed.payload) | self.claims
            made = jws.sign(header=dict(parsed.header), payload=body, signer=self.signer)
        return HttpResponse(200, {}, json.dumps({"attestation": made}).encode())
