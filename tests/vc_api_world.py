"""The VC-API adapter with its own issuers at one time, and a holder who signs presentations."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from healthpassport import vc_api
from healthpassport.formats.data_integrity import add_proof
from healthpassport.keys import generate_signer
from healthpassport.keys.multikey import multikey

V2 = "https://www.w3.org/ns/credentials/v2"
V1 = "https://www.w3.org/2018/credentials/v1"
BASE_URL = "https://localhost:8490"
SELECTIVE = ("ecdsa-sd-2023", "bbs-2023")
STATUS = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}

CREDENTIAL: dict[str, Any] = {
    "@context": [V2, {"lends": "https://library.example/terms#lends"}],
    "type": ["VerifiableCredential"],
    "credentialSubject": {"id": "did:example:reader", "name": "A reader", "lends": "books"},
}


class World:
    """One run of the adapter; ``now`` may be moved."""

    def __init__(self, contexts: Mapping[str, bytes] | None = None) -> None:
        self.now = datetime(2026, 11, 1, 12, tzinfo=UTC)
        self.around = vc_api.surroundings(
            contexts=vc_api.read_contexts(None) | dict(contexts or {}),
            base_url=BASE_URL,
            clock=lambda: self.now,
            random=os.urandom,
        )
        self.issuers = vc_api.Issuers(vc_api.issuers(bytes(32)), self.around)

    def issue(self, profile: str = "eddsa-rdfc-2022", **options: Any) -> dict[str, Any]:
        """A credential as the adapter issued it."""
        body = {"credential": copy.deepcopy(CREDENTIAL), "options": options}
        answer = self.issuers.issue(profile, body)
        assert answer.status == 201, answer.body
        return dict(answer.body["verifiableCredential"])

    def shown(self, profile: str) -> dict[str, Any]:
        """A credential as a verifier is shown it: derived, where the suite can withhold."""
        if profile not in SELECTIVE:
            return self.issue(profile)
        issued = self.issue(profile, mandatoryPointers=["/issuer"])
        return dict(self.derive(issued, ["/credentialSubject/name"]).body)

    def derive(self, credential: Any, pointers: Any) -> vc_api.Answer:
        body = {"verifiableCredential": credential, "options": {"selectivePointers": pointers}}
        return vc_api.derive_credential(body, self.around)

    def verify(self, credential: Any, **options: Any) -> vc_api.Answer:
        body = {"verifiableCredential": credential, "options": options}
        return vc_api.verify_credential(body, self.around)

    def verify_presentation(self, presentation: Any, **options: Any) -> vc_api.Answer:
        body = {"verifiablePresentation": presentation, "options": options}
        return vc_api.verify_presentation(body, self.around)

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class Holder:
    """Someone with a did:key who signs presentations."""

    def __init__(self) -> None:
        self.signer = generate_signer("EdDSA")
        key = multikey(self.signer.public_key)
        self.did, self.method = f"did:key:{key}", f"did:key:{key}#{key}"

    def present(self, world: World, *credentials: Any, **changes: Any) -> dict[str, Any]:
        """A presentation of ``credentials`` with challenge ``c`` and domain ``d``."""
        purpose = changes.pop("purpose", "authentication")
        document = {
            "@context": [V2],
            "type": ["VerifiablePresentation"],
            "holder": self.did,
            "verifiableCredential": list(credentials),
        } | changes
        return add_proof(
            {name: value for name, value in document.items() if value is not ...},
            cryptosuite="eddsa-rdfc-2022",
            signer=self.signer,
            verification_method=self.method,
            purpose=purpose,
            created=world.now,
            contexts=world.around.contexts,
            randomness=os.urandom,
            challenge="c",
            domain="d",
        )
