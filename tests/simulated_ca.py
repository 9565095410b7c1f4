"""Certificates of every kind, good and wrong in one way, made with real keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOST = "issuer.example"
SIGNING = (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)


@dataclass
class Made:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def usage(*, signature=True, certificates=False) -> x509.KeyUsage:
    others = (
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(
        digital_signature=signature,
        key_cert_sign=certificates,
        **dict.fromkeys(others, False),
    )


def make(
    name: str,
    above: Made | None = None,
    *,
    ca: bool | None = False,
    host: str | None = HOST,
    key_usage: x509.KeyUsage | None = None,
    purposes: tuple[x509.ObjectIdentifier, ...] = SIGNING,
    begin: datetime = AT - timedelta(days=10),
    end: datetime = AT + timedelta(days=10),
    key=None,
    signing_key=None,
    path_length: int | None = None,
) -> Made:
    """A certificate for ``name`` signed by ``above``, or by itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    parent_key = signing_key or (above.key if above else key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                above.key.public_key() if above else key.public_key()
            ),
            critical=False,
        )
        .add_extension(key_usage or usage(signature=not ca, certificates=bool(ca)), critical=True)
    )
    if ca is not None:
        length = path_length if ca else None
        builder = builder.add_extension(
            x509.BasicConstraints(ca=ca, path_length=length), critical=True
        )
    if host and not ca:
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        builder = builder.add_extension(names, critical=False)
    if purposes and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return Made(builder.sign(parent_key, hashes.SHA256()), key)


def make_root(name: str = "Root") -> Made:
    return make(name, ca=True, begin=AT - timedelta(days=100), end=AT + timedelta(days=100))
