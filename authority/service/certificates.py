"""The certificate authority: its anchor, and leaf certificates that sign tokens.

Rules (HAIP 1.0, RFC 5280): the authority signs with ES256, and so do verifiers; an issuer may have
an Ed25519 key instead. A leaf holds the host name as SAN dNSName, may make digital
signatures and nothing else, is valid for a limited time and never longer than the anchor. What is
*not* here: who gets one (``authority.py``) and revocation (an entry is removed from the list).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from healthpassport.encoding import Json, b64_encode
from healthpassport.errors import KeyMaterialError, ServiceError
from healthpassport.keys.public import PublicKey, public_key_from_jwk, public_key_from_library
from healthpassport.keys.x509 import DOCUMENT_SIGNING, JWT_SIGNING, x509_hash
from healthpassport.suites import POST_QUANTUM

BACKDATED: Final = timedelta(minutes=5)  # clocks of those who check may be behind
# HAIP 1.0 section 7: ES256 is what everybody must understand. Issuers that know their desks and
# wallets may sign with Ed25519; verifiers are asked by any wallet.
ISSUER_ALGORITHMS: Final = ("ES256", "EdDSA")
VERIFIER_ALGORITHMS: Final = ("ES256",)
SECOND_ALGORITHMS: Final = tuple(POST_QUANTUM)  # listed beside a certified key, never certified
_SubjectKey: TypeAlias = EllipticCurvePublicKey | Ed25519PublicKey
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9-]{1,63})*\Z")
_NAME_LIMIT: Final = 64  # RFC 5280 appendix A.1, ub-organization-name and ub-common-name


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A leaf certificate with its chain: DER, leaf first, without the anchor (as x5c wants it)."""

    chain: tuple[bytes, ...]
    public_key: PublicKey
    not_before: datetime
    not_after: datetime

    @property
    def certificate_hash(self) -> str:
        """The value of an ``x509_hash`` client identifier for this certificate."""
        return x509_hash(self.chain[0])

    @property
    def x5c(self) -> tuple[str, ...]:
        """The chain as the JOSE header ``x5c`` holds it (RFC 7515 section 4.1.6)."""
        return tuple(b64_encode(der) for der in self.chain)

    @property
    def pem(self) -> bytes:
        """The chain as PEM, leaf first."""
        found = (x509.load_der_x509_certificate(der) for der in self.chain)
        return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in found)


def subject_key(
    *, csr_pem: bytes | None, jwk: Mapping[str, Json] | None, allowed: Collection[str]
) -> PublicKey:
    """The key to certify or list: of a PKCS #10 request, which proves its possession, or of a JWK.

    ``allowed`` names the algorithms that its owner may use.

    Raises:
        ServiceError: ``authority.subject_key`` unless exactly one is given, ``authority.csr``.
        KeyMaterialError: for a JWK that is no public key.
    """
    if (csr_pem is None) == (jwk is None):
        raise ServiceError("authority.subject_key")
    if jwk is not None:
        return _allowed(public_key_from_jwk(jwk), allowed)
    try:
        request = x509.load_pem_x509_csr(csr_pem or b"")
    except ValueError as error:
        raise ServiceError("authority.csr", "it cannot be read") from error
    if not request.is_signature_valid:
        raise ServiceError("authority.csr", "it is not signed with its own key")
    try:
        return _allowed(public_key_from_library(request.public_key()), allowed)
    except KeyMaterialError as error:
        raise ServiceError("authority.csr", "no algorithm uses such a key") from error


def second_subject_key(csr_pem: bytes | None, jwk: Mapping[str, Json] | None) -> PublicKey | None:
    """The ML-DSA-44 key to list beside another, None where none is given; as ``subject_key``."""
    if csr_pem is None and jwk is None:
        return None
    return subject_key(csr_pem=csr_pem, jwk=jwk, allowed=SECOND_ALGORITHMS)


def _allowed(key: PublicKey, algorithms: Collection[str]) -> PublicKey:
    if key.algorithm not in algorithms:
        raise ServiceError("authority.csr", f"the key is not for {' or '.join(algorithms)}")
    return key


def check_host(host: str) -> str:
    """``host`` as a certificate may name it: a DNS name in lower case, no address, no wildcard."""
    if not _HOST.match(host) or re.fullmatch(r"[0-9.]+", host):
        raise ServiceError("authority.entry", f"{host!r} is no host name in lower case")
    return host


def make_anchor(
    key: EllipticCurvePrivateKey, *, name: str, now: datetime, days: int
) -> x509.Certificate:
    """The self-signed certificate of the authority (RFC 5280 section 4.2.1.9)."""
    subject = _name(name, "Root")
    public = key.public_key()
    usage = _usage(signature=False, certificates=True)
    return (
        _builder(subject, subject, public, now - BACKDATED, now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, SHA256())
    )


def issue_leaf(
    public: PublicKey,
    *,
    host: str,
    name: str,
    anchor: x509.Certificate,
    key: EllipticCurvePrivateKey,
    now: datetime,
    valid_for: timedelta,
) -> IssuedCertificate:
    """A leaf certificate for ``public`` under ``anchor``, made out to ``host``."""
    if not isinstance(public.key, EllipticCurvePublicKey | Ed25519PublicKey):
        raise ServiceError("authority.csr", "no certificate is made for such a key")
    not_before = (now - BACKDATED).replace(microsecond=0)
    not_after = min((now + valid_for).replace(microsecond=0), anchor.not_valid_after_utc)
    purposes = x509.ExtendedKeyUsage([JWT_SIGNING, DOCUMENT_SIGNING])
    usage = _usage(signature=True, certificates=False)
    issuer_key = key.public_key()
    certificate = (
        _builder(_name(name, host), anchor.subject, public.key, not_before, not_after)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
        .sign(key, SHA256())
    )
    der = certificate.public_bytes(Encoding.DER)
    return IssuedCertificate((der,), public, not_before, not_after)


def generate_ca_key() -> EllipticCurvePrivateKey:
    """A new P-256 key for the authority."""
    return generate_private_key(SECP256R1())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: _SubjectKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(organisation: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:_NAME_LIMIT]),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:_NAME_LIMIT]),
        ]
    )


def _usage(*, signature: bool, certificates: bool) -> x509.KeyUsage:
    """RFC 5280 section 4.2.1.3: signatures for a leaf, certificates for the anchor."""
    return x509.KeyUsage(
        digital_signature=signature,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
