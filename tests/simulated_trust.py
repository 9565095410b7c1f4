"""A simulated TUF repository: every file can be made wrong in one way, everything else stays right.

It is a Fetcher, so the real updater runs against it. Keys and metadata are real.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from healthpassport.fetch import HttpRequest, HttpResponse
from healthpassport.keys import generate_signer
from healthpassport.keys.signer import SoftwareSigner

NOW = datetime.now(UTC).replace(microsecond=0)
URL = "https://authority.example/list"
ISS = "https://issuer.example"
STATUS = "https://issuer.example/status/1"
HASH = "A" * 43
ROLES = ("targets", "snapshot", "timestamp")


def wire_key(signer: SoftwareSigner, **changes) -> dict:
    return {
        "thumbprint": signer.public_key.thumbprint(),
        "jwk": signer.public_key.jwk(),
        "notBefore": (NOW - timedelta(days=1)).isoformat(),
        "notAfter": (NOW + timedelta(days=300)).isoformat(),
        "recordTypes": ["AllergySummary"],
        **changes,
    }


def wire_issuer(signer: SoftwareSigner, **changes) -> dict:
    return {
        "iss": ISS,
        "ods": "A12345",
        "name": "Example Surgery",
        "anchors": [],
        "keys": [wire_key(signer)],
        "statusLists": [STATUS],
        **changes,
    }


def wire_verifier(**changes) -> dict:
    return {
        "certificateHash": HASH,
        "ods": "RX123",
        "name": "Example Hospital",
        "anchors": [],
        "purposes": {
            "emergency": {
                "retention": "Kept with your notes.",
                "claims": {"AllergySummary": ["items.unit"]},
            }
        },
        "notBefore": (NOW - timedelta(days=1)).isoformat(),
        "notAfter": (NOW + timedelta(days=300)).isoformat(),
        **changes,
    }


def wire_list(issuer_signer: SoftwareSigner, registrar: SoftwareSigner, **changes) -> dict:
    return {
        "type": "hp-trust-list",
        "version": 1,
        "issuedAt": NOW.isoformat(),
        "issuers": [wire_issuer(issuer_signer)],
        "verifiers": [wire_verifier()],
        "registrar": {"jwk": registrar.public_key.jwk()},
        **changes,
    }


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


@dataclass
class SimulatedRepository:
    """Two of three root keys, one key for each other role; ``files`` is what it serves."""

    roots: list[CryptoSigner] = field(
        default_factory=lambda: [CryptoSigner.generate_ed25519() for _ in range(3)]
    )
    signers: dict[str, CryptoSigner] = field(
        default_factory=lambda: {role: CryptoSigner.generate_ed25519() for role in ROLES}
    )
    issuer: SoftwareSigner = field(default_factory=generate_signer)
    registrar: SoftwareSigner = field(default_factory=generate_signer)
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    root_version: int = 1
    max_age: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        self.files["metadata/1.root.json"] = self.sign_root(self.make_root(1), self.roots)
        self.publish(1)

    @property
    def pinned(self) -> bytes:
        return self.files["metadata/1.root.json"]

    def fetch(self, request: HttpRequest) -> HttpResponse:
        path = urlsplit(request.url).path.removeprefix("/list/")
        self.requests.append(path)
        if path not in self.files:
            return HttpResponse(404, {}, b"")
        return HttpResponse(200, {}, self.files[path])

    def trust_list(self, **changes) -> bytes:
        return encoded(wire_list(self.issuer, self.registrar, **changes))

    def make_root(self, version: int, *, expires: timedelta = timedelta(days=365)) -> Root:
        root = Root(version=version, expires=NOW + expires, consistent_snapshot=True)
        for signer in self.roots:
            root.add_key(signer.public_key, "root")
        for role in ROLES:
            root.add_key(self.signers[role].public_key, role)
        root.roles["root"].threshold = 2
        return root

    @staticmethod
    def sign_root(root: Root, signers: list[CryptoSigner]) -> bytes:
        metadata = Metadata(root)
        for signer in signers:
            metadata.sign(signer, append=True)
        return metadata.to_bytes()

    def rotate(self, *roles: str) -> None:
        """Give ``roles`` new keys by a proper new root."""
        for role in roles:
            self.signers[role] = CryptoSigner.generate_ed25519()
        self.root_version += 1
        data = self.sign_root(self.make_root(self.root_version), self.roots)
        self.files[f"metadata/{self.root_version}.root.json"] = data

    def publish(
        self,
        version: int,
        *,
        data: bytes | None = None,
        expires: dict[str, timedelta] | None = None,
        signers: dict[str, CryptoSigner] | None = None,
        target: str = "trust-list.json",
    ) -> None:
        """Sign and serve ``data`` as ``version``; ``expires`` and ``signers`` change one role."""
        data = self.trust_list(version=min(version, 2**53 - 1)) if data is None else data
        ends = dict.fromkeys(ROLES, timedelta(days=30)) | (expires or {})
        keys = self.signers | (signers or {})
        file = TargetFile.from_data("trust-list.json", data, ["sha256"])
        targets = Targets(version=version, expires=NOW + ends["targets"], targets={target: file})
        targets_bytes = self._signed(targets, keys["targets"])
        meta = {"targets.json": MetaFile.from_data(version, targets_bytes, ["sha256"])}
        snapshot = Snapshot(version=version, expires=NOW + ends["snapshot"], meta=meta)
        snapshot_bytes = self._signed(snapshot, keys["snapshot"])
        described = MetaFile.from_data(version, snapshot_bytes, ["sha256"])
        timestamp = Timestamp(
            version=version, expires=NOW + ends["timestamp"], snapshot_meta=described
        )
        self.files[f"targets/{file.hashes['sha256']}.trust-list.json"] = data
        self.files[f"metadata/{version}.targets.json"] = targets_bytes
        self.files[f"metadata/{version}.snapshot.json"] = snapshot_bytes
        self.files["metadata/timestamp.json"] = self._signed(timestamp, keys["timestamp"])

    @staticmethod
    def _signed(role: Targets | Snapshot | Timestamp, signer: CryptoSigner) -> bytes:
        metadata = Metadata(role)
        metadata.sign(signer)
        return metadata.to_bytes()
