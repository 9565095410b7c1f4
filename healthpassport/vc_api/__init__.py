"""The VC-API adapter: what third-party test suites drive, without any HTTP of its own.

Each call takes a parsed body and gives an ``Answer``; issuing uses keys that were made for it. A
test surface: off unless asked for, on loopback, never with a real issuer's keys. What is *not*
here: routes (``issuer.api``, ``verifier.api``) and any cryptography.
"""

from __future__ import annotations

from healthpassport.vc_api.adapter import (
    Issuers,
    derive_credential,
    verify_credential,
    verify_presentation,
)
from healthpassport.vc_api.answers import Answer
from healthpassport.vc_api.contexts import read_contexts
from healthpassport.vc_api.keys import PROFILES, OwnIssuer, issuers, read_seed
from healthpassport.vc_api.loopback import write_certificate
from healthpassport.vc_api.surroundings import Surroundings, surroundings

__all__ = [
    "PROFILES",
    "Answer",
    "Issuers",
    "OwnIssuer",
    "Surroundings",
    "derive_credential",
    "issuers",
    "read_contexts",
    "read_seed",
    "surroundings",
    "verify_credential",
    "verify_presentation",
    "write_certificate",
]
