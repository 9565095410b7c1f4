"""An issuer of one's own for a test: certificate, key, settings, application, and a small wallet.

Everything is the real thing but the network: requests go straight into the application.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from databases import of_a_test
from ready_store import lay
from sqlalchemy import select

from healthpassport.keys import generate_signer, save_signer
from healthpassport.protocols import oid4vci
from healthpassport.summary import Item, PatientSummary, Record, SectionState, Source
from issuer import service
from issuer.api import create_app
from issuer.service.clients import add_client
from issuer.settings import Settings
from issuer.store.tables import metadata

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ISS = "https://issuer.example"


def certificates(folder: Path, host: str, now: datetime = NOW, algorithm: str = "ES256"):
    """A root and a leaf for ``host``; writes ``issuer.pem`` (key) and ``x5c.pem`` (leaf)."""
    signer = generate_signer(algorithm)
    uri = save_signer(signer, folder / "issuer.pem")
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test root")])
    names = [x509.DNSName(host)]
    leaf = _certificate(host, signer.private_key.public_key(), root_name, root_key, names, now)
    root = _certificate("Test root", root_key.public_key(), root_name, root_key, None, now)
    (folder / "x5c.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    return signer, uri, root


def _certificate(name, key, issuer_name, issuer_key, names, now):  # noqa: PLR0917
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer_name)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=700))
        .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def made_settings(folder: Path, *, iss: str = ISS, **changes) -> tuple[Settings, str]:
    """Settings for an issuer in ``folder``, and an API key for it."""
    certified_at, algorithm = changes.pop("certified_at", NOW), changes.pop("algorithm", "ES256")
    _, uri, _ = certificates(folder, urlsplit(iss).hostname, certified_at, algorithm)
    key = add_client(folder / "keys.json", name="practice", random=secrets.token_bytes)
    values = {
        "iss": iss,
        "ods": "A12345",
        "name": "Example Surgery",
        "key": uri,
        "x5c": folder / "x5c.pem",
        "database": folder / "issuer.sqlite",
        "api_keys": folder / "keys.json",
        "status_ttl_seconds": 300,
    }
    if not {"database", "database_url"} & changes.keys():
        values |= of_a_test()
    return Settings(**(values | changes)), key.key


def summary(penicillin: str = "Penicillin V") -> PatientSummary:
    """A made-up person with an identity and two allergies."""
    subject = {
        "nhsNumber": {"value": "9990000018", "verificationStatus": "01"},
        "familyName": "Zephyrine",
        "givenNames": ["Quillon"],
        "birthDate": "1958-07-14",
    }
    source = Source("A12345", "Example Surgery", "demo")
    allergies = Record(
        type="AllergySummary",
        source=source,
        state=SectionState.ITEMS,
        as_of=date(2026, 10, 30),
        subject=subject,
        items=(
            Item({"text": penicillin, "criticality": "high"}, {"onset": "2001"}),
            Item({"text": "Natural rubber latex"}, {"onset": "2010"}),
        ),
        always={"endedCount": 0},
    )
    identity = Record(
        type="PatientIdentity",
        source=source,
        state=SectionState.ITEMS,
        as_of=date(2026, 10, 30),
        subject=subject,
        always={"deceased": False},
    )
    return PatientSummary((identity, allergies))


@dataclass
class Answer:
    """An HTTP response."""

    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class Site:
    """An issuer's application with its clock, called without a network."""

    folder: Path
    changes: dict = field(default_factory=dict)
    now: datetime = NOW

    def __post_init__(self):
        self.settings, self.api_key = made_settings(self.folder, **self.changes)
        if self.settings.database is not None:
            lay(self.settings.database)
        self.reopen()

    def reopen(self):
        self.app = create_app(self.settings, clock=lambda: self.now)
        self.issuer = self.app.state.issuer

    def pass_time(self, **delta):
        self.now += timedelta(**delta)

    def call(self, method, path, *, body=b"", headers=(), host="198.51.100.1") -> Answer:
        """One request; ``headers`` is a list of pairs or a dict."""
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        parts = urlsplit(path)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in pairs],
            "client": (host, 50000),
            "server": ("issuer.example", 443),
        }
        return asyncio.run(_call(self.app, scope, body))

    def offer(self, *, wanted=(), made=None) -> service.NewOffer:
        return service.offer_summary(
            self.issuer, client="practice", summary=made or summary(), wanted=wanted
        )

    def files(self) -> bytes:
        """Everything that the database keeps, on disk where that is a file."""
        if self.issuer.store.is_shared:
            with self.issuer.store.reading() as tx:
                rows = (tx.execute(select(table)).all() for table in metadata.sorted_tables)
                cells = [cell for table in rows for row in table for cell in row]
            return b"\n".join(c if isinstance(c, bytes) else str(c).encode() for c in cells)
        return b"".join(p.read_bytes() for p in self.folder.glob("issuer.sqlite*"))


async def _call(app, scope, body):
    sent = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    headers = {k.decode().lower(): v.decode("latin-1") for k, v in start["headers"]}
    return Answer(start["status"], headers, b"".join(m.get("body", b"") for m in sent[1:]))


class Wallet:
    """A wallet's side of OpenID4VCI against a ``Site``; each step can be bent by a test."""

    def __init__(self, site: Site, offer: service.NewOffer):
        self.site, self.made = site, offer
        self.key = generate_signer()
        self.prefix = urlsplit(site.settings.iss).path
        self.iss = site.settings.iss
        self.token = None

    def dpop(self, path, *, method="POST", **changes):
        arguments = {
            "signer": self.key,
            "method": method,
            "uri": self.iss + path,
            "jti": secrets.token_hex(16),
            "now": self.site.now,
            "access_token": self.token,
        }
        return oid4vci.make_dpop_proof(**(arguments | changes))

    def ask_token(self, pin=None, *, headers=None, host="198.51.100.1", **extra):
        code = self.made.offer.grants.pre_authorized.code
        request = oid4vci.TokenRequest.model_validate(
            {"pre-authorized_code": code, "tx_code": pin or self.made.pin}
        )
        form = urlencode(request.wire() | extra)
        if headers is None:
            headers = {"dpop": self.dpop("/token", access_token=None)}
        headers = dict(headers) | {"content-type": "application/x-www-form-urlencoded"}
        path = self.prefix + "/token"
        answer = self.site.call("POST", path, body=form.encode(), headers=headers, host=host)
        if answer.status == 200:
            self.token = answer.json()["access_token"]
        return answer

    def nonce(self):
        return self.site.call("POST", self.prefix + "/nonce").json()["c_nonce"]

    def proof(self, nonce, *, signer=None, **changes):
        arguments = {
            "signer": signer or generate_signer(),
            "issuer": self.iss,
            "nonce": nonce,
            "now": self.site.now,
        }
        return oid4vci.make_key_proof(**(arguments | changes))

    def post(self, path, value, *, headers=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        if headers is None:
            headers = {"authorization": f"DPoP {self.token}", "dpop": self.dpop(path)}
        sent = [*dict(headers).items(), ("content-type", "application/json")]
        return self.site.call("POST", self.prefix + path, body=body, headers=sent)

    def ask_credential(self, record_type="AllergySummary", *, copies=2, proofs=None):
        if proofs is None:
            nonce = self.nonce()
            proofs = [self.proof(nonce) for _ in range(copies)]
        value = {"credential_configuration_id": record_type, "proofs": {"jwt": proofs}}
        return self.post("/credential", value)


def refused(answer, error, status=400):
    """``answer`` refuses in OAuth words, with our code and help."""
    assert answer.status == status, answer.body
    body = answer.json()
    assert body["error"] == error, body
    assert body["help"]
    assert body["code"]
    assert answer.headers["cache-control"] == "no-store"
    assert "Traceback" not in answer.body.decode()
