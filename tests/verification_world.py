"""An issuer, a wallet and a desk as plain values: verification is tested without a server."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from healthpassport.credential import Challenge, Credential, Presentation, VerifiedSummary
from healthpassport.encoding import b64_encode
from healthpassport.formats import format_named, sd_jwt_vc
from healthpassport.keys.signer import SoftwareSigner, generate_signer, signer_from_library
from healthpassport.protocols.dcql import Query
from healthpassport.status.bitstring import BitstringList
from healthpassport.status.entries import SUSPENDED, build
from healthpassport.status.held_bitstring import HeldBitstringList
from healthpassport.status.stored import StoredStatusList
from healthpassport.status.token_status_list import read, sign
from healthpassport.summary import Record, disclosure_tree, record_types, to_payload
from healthpassport.trust.model import TrustList, TrustView
from healthpassport.verification import FreshnessPolicy, verify_presentation
from schemas.queries import request_query, templates

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
ISS = "https://surgery.example"
LIST = "https://surgery.example/status/1"
INDEX = 7  # of every record that a test does not say otherwise of
SD_JWT, W3C = "dc+sd-jwt", "ldp_vc"
CHALLENGE = Challenge("n" * 32, "x509_hash:" + "a" * 43)
IDENTITY = [("nhsNumber",), ("familyName",), ("givenNames",), ("birthDate",)]


def certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    signed_by: tuple[str, ec.EllipticCurvePrivateKey] | None = None,
    host: str | None = None,
    ca: bool = False,
) -> bytes:
    issuer, issuer_key = signed_by or (subject, key)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (subject, issuer)]
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    uses = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    usage = x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
        **uses,
    )
    builder = (
        x509.CertificateBuilder(names[1], names[0], key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(own, critical=False)
        .add_extension(above, critical=False)
    )
    if host is not None:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
        )
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass
class Surgery:
    """One issuer with its authority, key and status list."""

    iss: str = ISS
    ods: str = "A12345"
    record_types: tuple[str, ...] = field(default_factory=record_types)
    statuses: dict[int, int] = field(default_factory=dict)
    list_uri: str = LIST
    format: str = SD_JWT

    def __post_init__(self) -> None:
        self.ca_key = ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.anchor = certificate("Test CA", self.ca_key, ca=True)
        self.leaf = self.certify(self.key)
        self.random = random.Random(20261110)  # noqa: S311 - salts of tests repeat on purpose

    def certify(self, key: ec.EllipticCurvePrivateKey) -> bytes:
        host = self.iss.removeprefix("https://")
        return certificate("Surgery", key, signed_by=("Test CA", self.ca_key), host=host)

    @cached_property
    def signer(self) -> SoftwareSigner:
        return signer_from_library(self.key)

    def entry(self) -> dict[str, Any]:
        return {
            "iss": self.iss,
            "ods": self.ods,
            "name": "Example Surgery",
            "anchors": [b64_encode(self.anchor)],
            "keys": [
                {
                    "thumbprint": self.signer.public_key.thumbprint(),
                    "jwk": self.signer.public_key.jwk(),
                    "notBefore": NOW - timedelta(days=30),
                    "notAfter": NOW + timedelta(days=365),
                    "recordTypes": list(self.record_types),
                }
            ],
            "statusLists": list(self.lists()),
        }

    def issue(self, record: Record, holder: SoftwareSigner, **changes: Any) -> str:
        parts: dict[str, Any] = {
            "payload": to_payload(record),
            "disclosable": disclosure_tree(record.type),
            "signer": self.signer,
            "iss": self.iss,
            "holder_jwk": holder.public_key.jwk(),
            "issued_at": NOW - timedelta(days=1),
            "expires_at": NOW + timedelta(days=30),
            "salts": self.random.randbytes,
            "x5c": [self.leaf],
            "status": self.status(),
        }
        return format_named(self.format).issue(**(parts | changes))

    def status(self, index: int = INDEX) -> dict[str, Any]:
        """What a record says of where its status stands."""
        if self.format == SD_JWT:
            return {"status_list": {"idx": index, "uri": self.list_uri}}
        return {
            "credentialStatus": [
                {
                    "type": "BitstringStatusListEntry",
                    "statusPurpose": purpose,
                    "statusListIndex": str(index),
                    "statusListCredential": uri,
                }
                for uri, purpose in self.lists().items()
            ]
        }

    def lists(self) -> dict[str, str]:
        """The status lists that the trust list names, and what each is for."""
        if self.format == SD_JWT:
            return {self.list_uri: "all"}
        return {f"{self.list_uri}/{purpose}": purpose for purpose in ("revocation", "suspension")}

    def status_lists(self, *, issued_at: datetime = NOW) -> dict[str, StoredStatusList]:
        if self.format == SD_JWT:
            return {self.list_uri: self.status_list(issued_at=issued_at)}
        found = {}
        for uri, purpose in self.lists().items():
            bits = bytearray(1 << 14)
            for index, value in self.statuses.items():
                if (value == SUSPENDED) is (purpose == "suspension"):
                    bits[index // 8] |= 0x80 >> index % 8
            listed = BitstringList((purpose,), bytes(bits))
            ends = issued_at + timedelta(days=7)
            held = HeldBitstringList(issued_at, ends, None, uri, listed)
            found[uri] = StoredStatusList(held, issued_at, self.iss)
        return found

    def status_list(self, *, issued_at: datetime = NOW) -> StoredStatusList:
        token = sign(
            build(bits=2, size=1 << 17, entries=self.statuses.items()),
            uri=self.list_uri,
            issuer=self.iss,
            signer=self.signer,
            issued_at=issued_at,
            expires_at=issued_at + timedelta(days=7),
            ttl=timedelta(minutes=5),
        )
        keys = [self.signer.public_key]
        held = read(token, expected_uri=self.list_uri, keys=keys, now=issued_at)
        return StoredStatusList(held, issued_at, self.iss)


@dataclass
class Desk:
    """One hospital desk with the lists it fetched and one request that it made."""

    surgeries: tuple[Surgery, ...]
    template: str = "emergency_admission"
    stale: bool = False
    lists_issued_at: datetime = NOW
    without_lists: bool = False

    @cached_property
    def query(self) -> Query:
        return Query.parse(request_query(templates()[self.template], (SD_JWT, W3C)))

    @cached_property
    def trust(self) -> TrustView:
        trust_list = TrustList.model_validate(
            {
                "version": 1,
                "issuedAt": NOW,
                "issuers": [surgery.entry() for surgery in self.surgeries],
                "verifiers": [],
                "registrar": {"jwk": generate_signer().public_key.jwk()},
            }
        )
        return TrustView(trust_list, NOW - timedelta(hours=1), timedelta(hours=1), self.stale)

    def verify(self, answers: dict[str, Any], **changes: Any) -> VerifiedSummary:
        given = {}
        for name, value in answers.items():
            texts = [value] if isinstance(value, str) else value
            form = form_of(texts[0]) if texts else SD_JWT
            key = name if form == SD_JWT else f"{name}_{form}"
            given[key] = tuple(Credential(form, text) for text in texts)
        held = () if self.without_lists else self.surgeries
        parts: dict[str, Any] = {
            "presentation": Presentation(given),
            "challenge": CHALLENGE,
            "query": self.query,
            "trust": self.trust,
            "status": {
                uri: stored
                for surgery in held
                for uri, stored in surgery.status_lists(issued_at=self.lists_issued_at).items()
            },
            "policy": FreshnessPolicy(),
            "now": NOW,
        }
        return verify_presentation(**(parts | changes))


def present(
    text: str,
    holder: SoftwareSigner,
    *,
    show: list[tuple[Any, ...]] | None = None,
    challenge: Challenge = CHALLENGE,
) -> str:
    """A presentation of ``text``: everything, or only the paths in ``show``."""
    if form_of(text) == W3C:
        return present_w3c(text, holder, show=show, challenge=challenge)
    held = sd_jwt_vc.open_held(text)
    chosen = frozenset(held.places) if show is None else sd_jwt_vc.select(held, show)
    return sd_jwt_vc.present(
        held, disclose=chosen, challenge=challenge, holder_signer=holder, now=NOW
    )


def present_w3c(
    text: str,
    holder: SoftwareSigner,
    *,
    show: list[tuple[Any, ...]] | None,
    challenge: Challenge,
) -> str:
    """The same for a W3C credential; a path may name the unit of an item, as a query does."""
    form = format_named(W3C)
    held = form.open_held(text)
    chosen = held.places
    if show is not None:
        wanted = [path[:-1] if path[-1] == "unit" else path for path in show]
        chosen = [place for place in held.places if any(_fits(path, place) for path in wanted)]
    return form.present(
        held,
        disclose=chosen,
        challenge=challenge,
        holder_signer=holder,
        now=NOW,
        random=random.Random(1).randbytes,  # noqa: S311 - as above
    )


def form_of(text: str) -> str:
    """The format of a record or presentation in ``text``."""
    return W3C if text.startswith("{") else SD_JWT


def _fits(path: tuple[Any, ...], place: tuple[Any, ...]) -> bool:
    return len(path) == len(place) and all(a in {None, b} for a, b in zip(path, place, strict=True))


def other_person(record: Record, number: str = "9990000026") -> Record:
    subject = {**record.subject, "nhsNumber": {"value": number, "verificationStatus": "01"}}
    return replace(record, subject=subject)
