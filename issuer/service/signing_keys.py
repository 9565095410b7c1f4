"""Making the keys that an issuer signs with, and the request to certify or list each.

A key is written once, readable by its owner alone, encrypted where a passphrase is given. What is
*not* here: certifying it (the authority does) and the keys of API clients (``clients``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthpassport.encoding import dump_json
from healthpassport.errors import SettingsError
from healthpassport.keys import generate_signer, save_signer
from healthpassport.keys.requests import certificate_request
from healthpassport.keys.uris import make_key

ALGORITHMS: Final = ("ES256", "EdDSA")  # what an authority certifies for an issuer
SECOND_ALGORITHM: Final = "ML-DSA-44"  # of the key beside it, which is listed and not certified


@dataclass(frozen=True, slots=True)
class NewSigningKey:
    """A key that was written: its address, its thumbprint, and its PKCS #10 request in PEM."""

    uri: str
    thumbprint: str
    csr_pem: bytes


def make_signing_key(
    path: Path, *, algorithm: str, host: str, passphrase: bytes | None
) -> NewSigningKey:
    """A new key in the new file ``path``, and the request to certify or list it for ``host``.

    Raises:
        KeyMaterialError: ``jws.alg_not_allowed``, ``key.exists``, ``key.unreadable``.
    """
    signer = generate_signer(algorithm)
    uri = save_signer(signer, path, passphrase)
    return NewSigningKey(
        uri, signer.public_key.thumbprint(), certificate_request(signer, host=host)
    )


def make_token_key(uri: str, *, algorithm: str, host: str, secret: bytes | None) -> NewSigningKey:
    """A new key on the token at ``uri``, and the request to certify it for ``host``.

    Raises:
        KeyMaterialError: ``key.exists``, ``key.mechanism`` and the other codes of a token.
    """
    signer = make_key(uri, secret, algorithm=algorithm)
    request = certificate_request(signer, host=host)
    return NewSigningKey(uri, signer.public_key.thumbprint(), request)


def make_reports_key(path: Path, jwk: Path, *, passphrase: bytes | None) -> tuple[str, str]:
    """A new key for patients' reports: its address, and its thumbprint.

    The private key goes into the new file ``path``, the public JWK into ``jwk``.

    Raises:
        KeyMaterialError: ``key.exists``, ``key.unreadable``. SettingsError: ``issuer.folder``.
    """
    signer = generate_signer()
    uri = save_signer(signer, path, passphrase)
    try:
        jwk.write_bytes(dump_json(signer.public_key.jwk()) + b"\n")
    except OSError as error:
        raise SettingsError("issuer.folder") from error
    return uri, signer.public_key.thumbprint()
