"""Who this desk is towards wallets: signing key, certificate chain, registrations.

What is *not* here: making them; ``passport-trust add-verifier`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from healthpassport.encoding import Json, b64_encode, parse_json_object
from healthpassport.errors import SettingsError
from healthpassport.jose import jws
from healthpassport.keys import Signer, load_signer, public_key_from_certificate
from healthpassport.keys.x509 import x509_hash
from healthpassport.protocols.oid4vp import REQUEST_OBJECT_TYPE
from verifier.fhir import Organisation
from verifier.settings import VerifierSettings

MAX_FILE: Final = 65_536  # bytes of a PEM file or a registration


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration says of its owner, in the authority's words."""

    name: str
    ods: str
    retention: str


@dataclass(frozen=True, slots=True)
class DeskIdentity:
    """The desk as its certificate names it; ``registrations`` holds one JWT for each purpose."""

    signer: Signer = field(repr=False)
    chain: tuple[bytes, ...]
    registrations: Mapping[str, str]

    @property
    def client_id(self) -> str:
        """The full client identifier (OpenID4VP 1.0 section 5.9.3, x509_hash)."""
        return f"x509_hash:{x509_hash(self.chain[0])}"

    @property
    def ods(self) -> str:
        """The organisation's ODS code by its registrations, or nothing without any."""
        found = (self.organisation(purpose, "").ods for purpose in self.registrations)
        return next((ods for ods in found if ods), "")

    def organisation(self, purpose: str, name: str) -> Organisation:
        """Who this desk is by its own registration; ``name`` where there is none."""
        found = self.registered(purpose)
        return Organisation(name) if found is None else Organisation(found.name or name, found.ods)

    def registered(self, purpose: str) -> Registered | None:
        """What the authority registered for ``purpose``, or None where there is nothing."""
        registration = self.registrations.get(purpose)
        if registration is None:
            return None
        claims = parse_json_object(jws.parse(registration).payload)
        told = (str(claims.get(name) or "") for name in ("name", "ods", "retention"))
        return Registered(*told)

    def sign_request(self, claims: Mapping[str, Json]) -> str:
        """The request object over ``claims`` (section 5, HAIP 1.0 section 5.1)."""
        header: dict[str, Json] = {
            "typ": REQUEST_OBJECT_TYPE,
            "x5c": [b64_encode(der) for der in self.chain],
        }
        return jws.sign(header=header, payload=claims, signer=self.signer)


def load_identity(settings: VerifierSettings) -> DeskIdentity:
    """The identity that the files of ``settings`` hold.

    Raises:
        SettingsError: ``verifier.setup`` where a file is missing or they do not belong together.
        KeyMaterialError: ``key.unreadable`` and others of the key file.
    """
    passphrase = None
    if settings.key_passphrase_file is not None:
        passphrase = read_file(settings.key_passphrase_file).strip()
    signer = load_signer(settings.key_uri, passphrase)
    chain = certificates(settings.certificate_file)
    if public_key_from_certificate(chain[0]).thumbprint() != signer.public_key.thumbprint():
        raise SettingsError("verifier.setup", "the certificate is for another key")
    _check_host(chain[0], settings)
    return DeskIdentity(signer, chain, _registrations(settings.registrations_folder))


def read_file(path: Path) -> bytes:
    """The bytes of a small set-up file; ``verifier.setup`` names it where it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise SettingsError("verifier.setup", f"cannot read {path.name}") from error
    if len(data) > MAX_FILE:
        raise SettingsError("verifier.setup", f"{path.name} is too large")
    return data


def certificates(path: Path) -> tuple[bytes, ...]:
    """The DER certificates of a PEM file, as they stand there; ``verifier.setup`` without any."""
    try:
        found = x509.load_pem_x509_certificates(read_file(path))
    except ValueError as error:
        raise SettingsError("verifier.setup", f"{path.name} holds no certificate") from error
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)


def _check_host(der: bytes, settings: VerifierSettings) -> None:
    """Wallets send answers only to a host that the certificate names."""
    certificate = x509.load_der_x509_certificate(der)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise SettingsError("verifier.setup", "the certificate names no host") from error
    host = urlsplit(settings.public_url).hostname
    if host not in {name.lower() for name in names.get_values_for_type(x509.DNSName)}:
        raise SettingsError("verifier.setup", f"the certificate is not for the host {host}")


def _registrations(folder: Path) -> dict[str, str]:
    return {
        path.stem: read_file(path).decode("ascii", "replace").strip()
        for path in sorted(folder.glob("*.jwt"))
    }
