"""BBS signatures: one signature over many messages, and proofs that show some of them.

draft-irtf-cfrg-bbs-signatures, ciphersuite BLS12-381-SHA-256. A draft, on a library that is not
constant-time: experimental, and off wherever it is not asked for (docs/adr/0024). It is no entry of
``healthpassport.suites.SUITES``, since it signs messages, not a message, and loading that table
must not load the curve. What is *not* here: credentials (``healthpassport.formats``).
"""

from __future__ import annotations

from healthpassport.suites.bbs.generators import MAX_MESSAGES
from healthpassport.suites.bbs.keys import SecretKey, key_gen, public_key, secret_key
from healthpassport.suites.bbs.proofs import proof_gen, proof_verify
from healthpassport.suites.bbs.randomness import Randomness
from healthpassport.suites.bbs.signing import BbsSigner, bbs_signer, sign, verify

__all__ = [
    "MAX_MESSAGES",
    "BbsSigner",
    "Randomness",
    "SecretKey",
    "bbs_signer",
    "key_gen",
    "proof_gen",
    "proof_verify",
    "public_key",
    "secret_key",
    "sign",
    "verify",
]
