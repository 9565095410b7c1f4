"""SUITES: every signature algorithm that this project can check, on one screen.

An algorithm that stands here is *supported*; which of them a caller *allows* is an argument, and a
token never chooses (RFC 8725 section 3.1). Symmetric algorithms and ``none`` can never be added: a
suite takes a ``PublicKey``. What is *not* here: making signatures (``healthpassport.keys``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from healthpassport.errors import JoseError
from healthpassport.keys import PublicKey
from healthpassport.suites import ecdsa, eddsa, ml_dsa


@dataclass(frozen=True, slots=True)
class Suite:
    """One algorithm: its JOSE name, the keys that it takes, its signature's octets, its check."""

    algorithm: str
    key_algorithm: str
    signature_octets: int
    check: Callable[[PublicKey, bytes, bytes], bool]


SUITES: Final[Mapping[str, Suite]] = MappingProxyType(
    {
        suite.algorithm: suite
        for suite in (
            Suite("ES256", "ES256", 64, ecdsa.check),  # RFC 7518 section 3.4; HAIP 1.0 section 7
            Suite("ES384", "ES384", 96, ecdsa.check),  # RFC 7518 section 3.4
            Suite("EdDSA", "EdDSA", 64, eddsa.check),  # RFC 8037 section 3.1
            Suite("Ed25519", "EdDSA", 64, eddsa.check),  # RFC 9864 section 2.2: its new name
            Suite("ML-DSA-44", "ML-DSA-44", 2_420, ml_dsa.check),  # RFC 9964
        )
    }
)

# Never a default: a post-quantum signature counts beside another one, where a policy asks for it.
POST_QUANTUM: Final = frozenset({"ML-DSA-44"})
SUPPORTED_ALGORITHMS: Final = frozenset(SUITES) - POST_QUANTUM


def verify(public_key: PublicKey, algorithm: str, signature: bytes, message: bytes) -> None:
    """Check ``signature`` over ``message``; nothing is returned, a failure raises.

    Raises:
        JoseError: ``jws.alg_not_allowed`` for an algorithm that is not in the table,
            ``jws.key_alg_mismatch`` where key or signature belong to another algorithm,
            ``jws.signature`` where the signature is wrong.
    """
    suite = SUITES.get(algorithm)
    if suite is None:
        raise JoseError("jws.alg_not_allowed")
    if suite.key_algorithm != public_key.algorithm:
        raise JoseError("jws.key_alg_mismatch")
    if len(signature) != suite.signature_octets:
        _refuse_length(len(signature))
    if not suite.check(public_key, signature, message):
        raise JoseError("jws.signature")


def _refuse_length(octets: int) -> None:
    """A signature of another algorithm's length was made with another key than the one named."""
    if any(octets == suite.signature_octets for suite in SUITES.values()):
        raise JoseError("jws.key_alg_mismatch", "the signature is of another algorithm")
    raise JoseError("jws.signature", "no algorithm makes a signature of this length")
