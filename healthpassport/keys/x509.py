"""Certificate chains of issuers and verifiers: x5c as HAIP 1.0 wants it, paths after RFC 5280.

Rules: the chain starts with the leaf, ends below an anchor and never holds the anchor; the leaf is
not self-signed; validity is judged at a given moment (for a record: when it was signed); names come
from SAN alone. Path building is cryptography's verifier. What is *not* here: which anchors count
(the trust list decides) and revocation (an entry of the trust list is taken away instead).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from healthpassport.encoding import b64url_encode
from healthpassport.errors import KeyMaterialError
from healthpassport.keys.public import PublicKey, public_key_from_library

MAX_CHAIN: Final = 5  # leaf and intermediates; longer paths are refused unread
# RFC 9509 section 3.1, id-kp-jwt: the key signs JSON Web Tokens.
JWT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.37")
# RFC 9336 section 3.1, id-kp-documentSigning: the key signs documents that people read.
DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
ANY_PURPOSE: Final = x509.ObjectIdentifier("2.5.29.37.0")  # RFC 5280 section 4.2.1.12
# What the library raises for bytes that are no certificate, some of it only when they are used.
_UNREADABLE: Final = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
SIGNING_PURPOSES: Final = frozenset({JWT_SIGNING, DOCUMENT_SIGNING, ANY_PURPOSE})


@dataclass(frozen=True, slots=True)
class LeafCertificate:
    """The leaf of a chain that was accepted.

    ``sha256`` is the base64url hash of ``der`` (the value of an ``x509_hash`` client identifier),
    ``dns_names`` its SAN dNSName entries in lower case.
    """

    der: bytes
    public_key: PublicKey
    sha256: str
    dns_names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class _Path:
    """A good path: its leaf, and from when to when all its members are valid."""

    leaf: LeafCertificate
    begin: datetime
    end: datetime


def x509_hash(der: bytes) -> str:
    """The base64url SHA-256 of a certificate (OpenID4VP 1.0 section 5.9.3, x509_hash)."""
    return b64url_encode(hashlib.sha256(der).digest())


def authority_key_ids(chain: Iterable[bytes]) -> frozenset[str]:
    """The base64url KeyIdentifiers of the AuthorityKeyIdentifiers of ``chain`` (RFC 5280, 4.2.1.1).

    A certificate without one adds nothing (OpenID4VP 1.0 section 6.1.1.1).
    """
    found = set()
    for der in chain:
        try:
            extensions = read_certificate(der).extensions
            own = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        except (x509.ExtensionNotFound, *_UNREADABLE):
            continue
        if own.key_identifier is not None:
            found.add(b64url_encode(own.key_identifier))
    return frozenset(found)


def read_certificate(der: bytes) -> x509.Certificate:
    """The certificate in ``der``; anything else is ``x509.invalid``.

    The signature is a whole number of octets (RFC 5280 section 4.1.1.3, X.690 section 8.6.2): the
    library does not look at the count of unused bits before it, which would give one certificate
    several spellings and as many hashes.
    """
    try:
        found = x509.load_der_x509_certificate(der)
    except _UNREADABLE as error:
        raise KeyMaterialError("x509.invalid") from error
    if der[-len(found.signature) - 1] != 0:
        raise KeyMaterialError("x509.invalid", "its signature is no whole number of octets")
    return found


def validate_chain(
    chain: tuple[bytes, ...],
    *,
    anchors: tuple[bytes, ...],
    at: datetime,
    expected_host: str | None,
) -> LeafCertificate:
    """The leaf of ``chain``, once the chain is good at the moment ``at``.

    Args:
        chain: DER certificates in the order of x5c, leaf first, without the anchor.
        anchors: DER certificates that may end the path.
        at: aware; every certificate of the path must be valid then.
        expected_host: the host name that the leaf must bear as SAN dNSName, None for any.

    Raises:
        KeyMaterialError: ``x509.invalid``, ``x509.untrusted_root`` or ``x509.path_invalid``.
    """
    # A path that was good at one moment is good throughout the common validity of its members:
    # nothing else that is checked depends on time. So a chain seen before costs a look-up.
    path = _path_at_its_start(chain, anchors)
    if path is None or not path.begin <= at <= path.end:
        path = _path(chain, anchors, at)
    if expected_host is not None and expected_host.lower() not in path.leaf.dns_names:
        raise KeyMaterialError("x509.path_invalid", f"it is not made for host {expected_host}")
    return path.leaf


@lru_cache(maxsize=128)
def _path_at_its_start(chain: tuple[bytes, ...], anchors: tuple[bytes, ...]) -> _Path | None:
    """The path at the first moment at which all of ``chain`` is valid, or None if it is not good.

    None says nothing more: an anchor may have been renewed since.
    """
    try:
        start = max(read_certificate(der).not_valid_before_utc for der in chain[:MAX_CHAIN])
        return _path(chain, anchors, start)
    except (KeyMaterialError, *_UNREADABLE):
        return None


def _path(chain: tuple[bytes, ...], anchors: tuple[bytes, ...], at: datetime) -> _Path:
    """The path at the moment ``at``; what the library reads late and cannot is told as well."""
    try:
        return _walked(chain, anchors, at)
    except _UNREADABLE as error:
        raise KeyMaterialError("x509.invalid") from error


def _walked(chain: tuple[bytes, ...], anchors: tuple[bytes, ...], at: datetime) -> _Path:
    if not 1 <= len(chain) <= MAX_CHAIN:
        raise KeyMaterialError("x509.path_invalid", f"a chain has 1 to {MAX_CHAIN} certificates")
    leaf, *rest = (read_certificate(der) for der in chain)
    # HAIP 1.0: the certificate that signs MUST NOT be self-signed.
    if _is_self_signed(leaf):
        raise KeyMaterialError("x509.untrusted_root", "the certificate is signed by itself")
    # HAIP 1.0: the trust anchor's certificate MUST NOT be in x5c.
    if any(der in anchors for der in chain):
        raise KeyMaterialError("x509.path_invalid", "the trust anchor stands in the chain")
    members = _verify_path(leaf, rest, anchors, at)
    _check_order(leaf, rest)
    found = LeafCertificate(
        der=chain[0],
        public_key=_public_key(leaf),
        sha256=x509_hash(chain[0]),
        dns_names=_dns_names(leaf),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
    )
    return _Path(
        found,
        max(member.not_valid_before_utc for member in members),
        min(member.not_valid_after_utc for member in members),
    )


def _verify_path(
    leaf: x509.Certificate, rest: list[x509.Certificate], anchors: tuple[bytes, ...], at: datetime
) -> list[x509.Certificate]:
    """RFC 5280 section 6.1: signatures, validity, basicConstraints, keyUsage, names.

    Returns the whole path, the anchor included.
    """
    if not anchors:
        raise KeyMaterialError("x509.untrusted_root", "no anchor is trusted here")
    builder = PolicyBuilder().store(_store(anchors)).time(at).max_chain_depth(MAX_CHAIN)
    builder = builder.extension_policies(
        ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_leaf_policy()
    )
    try:
        return builder.build_client_verifier().verify(leaf, rest).chain
    except VerificationError as error:
        if not _reaches_anchor(rest[-1] if rest else leaf, anchors):
            raise KeyMaterialError("x509.untrusted_root") from error
        raise KeyMaterialError("x509.path_invalid", str(error)[:200]) from error


@lru_cache(maxsize=64)
def _store(anchors: tuple[bytes, ...]) -> Store:
    return Store([read_certificate(der) for der in anchors])


def _leaf_policy() -> ExtensionPolicy:
    """A leaf signs tokens: SAN present, not a CA, digitalSignature, and no foreign purpose."""
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
        .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
        .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_tokens)
    )


def _is_no_authority(
    _policy: Policy, _certificate: x509.Certificate, extension: x509.BasicConstraints | None
) -> None:
    if extension is not None and extension.ca:
        raise ValueError("the leaf is a certificate authority")


def _may_sign(_policy: Policy, _certificate: x509.Certificate, extension: x509.KeyUsage) -> None:
    # RFC 5280 section 4.2.1.3: digitalSignature is for signatures on anything but certificates.
    if not extension.digital_signature or extension.key_cert_sign:
        raise ValueError("the key is not for digital signatures")


def _is_for_tokens(
    _policy: Policy, _certificate: x509.Certificate, extension: x509.ExtendedKeyUsage | None
) -> None:
    # RFC 5280 section 4.2.1.12: when present, only the purposes named there are allowed.
    if extension is not None and SIGNING_PURPOSES.isdisjoint(extension):
        raise ValueError("the key is for other purposes")


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _reaches_anchor(last: x509.Certificate, anchors: tuple[bytes, ...]) -> bool:
    for der in anchors:
        try:
            last.verify_directly_issued_by(read_certificate(der))
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def _check_order(leaf: x509.Certificate, rest: list[x509.Certificate]) -> None:
    """RFC 7515 section 4.1.6: each certificate certifies the one before it, so none is spare."""
    for below, above in zip([leaf, *rest], rest, strict=False):
        if below.issuer != above.subject:
            raise KeyMaterialError("x509.path_invalid", "the chain is not in order")


def _dns_names(leaf: x509.Certificate) -> tuple[str, ...]:
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(name.lower() for name in names.get_values_for_type(x509.DNSName))


def _public_key(leaf: x509.Certificate) -> PublicKey:
    try:
        return public_key_from_library(leaf.public_key())
    except (KeyMaterialError, ValueError) as error:
        raise KeyMaterialError("x509.path_invalid", "no algorithm uses its key") from error
