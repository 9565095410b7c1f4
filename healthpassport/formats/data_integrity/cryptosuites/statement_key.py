"""The P-256 key of one ecdsa-sd-2023 proof, which signs each statement that may be withheld.

vc-di-ecdsa 1.0 section 3.6.5 steps 2 to 4 and section 3.6.7 step 8. It signs hundreds of short
messages, so the library is called directly: the key is read once and nothing stands between. What
is *not* here: the issuer's key, which signs this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.cryptosuites.values import Randomness
from healthpassport.keys.curves import P256

SIGNATURE_OCTETS: Final = 64
HEADER: Final = b"\x80\x24"  # Controlled Identifiers 1.0 section 2.2.2: p256-pub as a varint
# Section 3.5.8 step 4 says 36; header and compressed point are 35, as in the published examples.
PUBLIC_OCTETS: Final = 35
_ORDER: Final = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551
_EXTRA: Final = 8  # FIPS 186-5 appendix A.2.1: 64 bits more than the order has
_HALF: Final = SIGNATURE_OCTETS // 2


def new_statement_key(randomness: Randomness) -> ec.EllipticCurvePrivateKey:
    """A key from ``randomness`` (FIPS 186-5 appendix A.2.1)."""
    number = int.from_bytes(randomness(_HALF + _EXTRA), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, P256.curve)


def public_octets(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key as the proof carries it (section 3.6.5 step 4)."""
    return HEADER + key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def sign_each(key: ec.EllipticCurvePrivateKey, messages: Iterable[str]) -> list[bytes]:
    """A signature, r and s, over the UTF-8 of each message (section 3.6.5 step 3)."""
    found = []
    for message in messages:
        r, s = decode_dss_signature(key.sign(message.encode(), P256.signature))
        found.append(r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big"))
    return found


def check_each(octets: bytes, signatures: Sequence[bytes], messages: Sequence[str]) -> None:
    """Check signatures of 64 octets, one for each message, by the key ``octets``.

    Raises:
        CredentialError: ``di.signature`` where the counts differ or one is wrong,
            ``di.proof_value`` where ``octets`` are no key.
    """
    if len(signatures) != len(messages):  # section 3.6.7 step 3
        raise CredentialError("di.signature", "there are not as many signatures as statements")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(P256.curve, octets[len(HEADER) :])
        for signature, message in zip(signatures, messages, strict=True):
            r, s = signature[:_HALF], signature[_HALF:]
            key.verify(
                encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")),
                message.encode(),
                P256.signature,
            )
    except InvalidSignature as error:
        raise CredentialError("di.signature", "a statement is not the one signed") from error
    except ValueError as error:
        raise CredentialError("di.proof_value", "its key is not on its curve") from error
