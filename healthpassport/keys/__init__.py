"""Keys: public keys as JWK and thumbprint, signers that hold a private key, key files.

A private key never leaves its ``Signer``, except as a JWK for a vault that encrypts it. What is
*not* here: which algorithm is accepted (``healthpassport.suites``) and which key is trusted.
"""

from __future__ import annotations

from healthpassport.keys.files import load_file_signer, save_signer
from healthpassport.keys.multikey import public_key_from_multikey, signer_from_multikey
from healthpassport.keys.public import (
    PublicKey,
    public_key_from_certificate,
    public_key_from_jwk,
)
from healthpassport.keys.signer import (
    Signer,
    SoftwareSigner,
    generate_signer,
    signer_from_private_jwk,
)
from healthpassport.keys.uris import load_signer

__all__ = [
    "PublicKey",
    "Signer",
    "SoftwareSigner",
    "generate_signer",
    "load_file_signer",
    "load_signer",
    "public_key_from_certificate",
    "public_key_from_jwk",
    "public_key_from_multikey",
    "save_signer",
    "signer_from_multikey",
    "signer_from_private_jwk",
]
