"""Hashes to scalars, for the ciphersuite BLS12-381-SHA-256.

draft-irtf-cfrg-bbs-signatures sections 4.1.2 and 4.2.2, over RFC 9380 section 5.3.1. What is *not*
here: hashing to the curve, which the curve's library does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from healthpassport.suites.bbs.curve import ORDER

CIPHERSUITE: Final = b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_"  # section 7.2.2
API_ID: Final = CIPHERSUITE + b"H2G_HM2S_"  # section 3.5
HASH_TO_SCALAR: Final = API_ID + b"H2S_"
MAP_MESSAGE: Final = API_ID + b"MAP_MSG_TO_SCALAR_AS_HASH_"
EXPAND_OCTETS: Final = 48  # section 7.2.2, expand_len

_BLOCK: Final = hashlib.sha256().block_size
_DIGEST: Final = hashlib.sha256().digest_size
_MAX_BLOCKS: Final = 255  # RFC 9380 section 5.3.1 step 2
_MAX_SEPARATION: Final = 255
_PADDED: Final = hashlib.sha256(
    bytes(_BLOCK)
)  # step 4: every first hash begins with a block of zeros


def expand_message(message: bytes, separation: bytes, octets: int) -> bytes:
    """``octets`` uniform octets for ``message`` (RFC 9380 section 5.3.1, expand_message_xmd).

    Raises:
        ValueError: more octets or a longer separation tag than the function is made for.
    """
    blocks = -(-octets // _DIGEST)  # step 1
    if blocks > _MAX_BLOCKS or len(separation) > _MAX_SEPARATION:  # step 2
        raise ValueError("too many octets, or too long a separation tag")
    tag = separation + bytes((len(separation),))  # step 3
    first = _PADDED.copy()
    first.update(message + octets.to_bytes(2, "big") + b"\0" + tag)  # steps 5 to 7
    seed = first.digest()
    block = hashlib.sha256(seed + b"\1" + tag).digest()  # step 8
    found = block
    number = int.from_bytes(seed, "big")
    for index in range(2, blocks + 1):  # steps 9 and 10
        mixed = (number ^ int.from_bytes(block, "big")).to_bytes(_DIGEST, "big")
        block = hashlib.sha256(mixed + bytes((index,)) + tag).digest()
        found += block
    return found[:octets]  # steps 11 and 12


def hash_to_scalar(message: bytes, separation: bytes = HASH_TO_SCALAR) -> int:
    """The scalar of ``message`` (section 4.2.2)."""
    return int.from_bytes(expand_message(message, separation, EXPAND_OCTETS), "big") % ORDER


def messages_to_scalars(messages: Iterable[bytes]) -> list[int]:
    """The scalar of each message, each for itself (section 4.1.2)."""
    return [hash_to_scalar(message, MAP_MESSAGE) for message in messages]
