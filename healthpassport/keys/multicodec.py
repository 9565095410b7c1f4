"""How keys of every type are spelt as Multikey text (Controlled Identifiers 1.0 section 2.2.2).

A table of headers, each the varint of its multicodec, and the writing of public keys. ML-DSA-44
stands in the table of the quantum-safe suites (header 0x1210) and comes as base64url: base58 of
1,314 octets would be slow. What is *not* here: reading (``keys.multikey``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from healthpassport import multibase
from healthpassport.keys.bls import BLS_OCTETS
from healthpassport.keys.curves import ED25519_BYTES
from healthpassport.keys.ml_dsa import ML_DSA_44
from healthpassport.keys.ml_dsa import PUBLIC_OCTETS as ML_DSA_44_BYTES

BBS: Final = "BBS"
_SECRET_RANGE: Final = (b"\x26", b"\x27")  # the second octet of the varints of 0x1300 to 0x13ff
_BLS_SECRET_AS_PRINTED: Final = b"\x80\x30"
_COMPRESSED: Final = (b"\2", b"\3")  # SEC 1 section 2.3.3: the sign of y, then x


@dataclass(frozen=True, slots=True)
class KeyCodec:
    """One key type: the algorithm of its keys, the headers, the octets behind them, the base."""

    algorithm: str
    header: bytes
    octets: int
    base: str = multibase.BASE58
    secret_header: bytes = b""

    def text(self, octets: bytes) -> str:
        """``octets`` as Multikey text."""
        encode = (
            multibase.encode_base58 if self.base == multibase.BASE58 else multibase.encode_base64url
        )
        return encode(self.header + octets)


CODECS: Final[Mapping[str, KeyCodec]] = MappingProxyType(
    {
        codec.algorithm: codec
        for codec in (
            KeyCodec("ES256", b"\x80\x24", 33, secret_header=b"\x86\x26"),  # 0x1200, 0x1306
            KeyCodec("ES384", b"\x81\x24", 49, secret_header=b"\x87\x26"),  # 0x1201, 0x1307
            KeyCodec("EdDSA", b"\xed\x01", ED25519_BYTES, secret_header=b"\x80\x26"),  # 0x1300
            KeyCodec(BBS, b"\xeb\x01", BLS_OCTETS),  # 0xeb
            KeyCodec(ML_DSA_44, b"\x90\x24", ML_DSA_44_BYTES, multibase.BASE64URL),  # 0x1210
        )
    }
)


def is_secret(header: bytes) -> bool:
    """Whether a key behind ``header`` is secret: multicodec has them from 0x1300 to 0x13ff.

    For BLS12-381 section 2.2.2 prints 0x8030, though the varint of its 0x130a is 0x8a26: both are.
    """
    return header[1:2] in _SECRET_RANGE or header == _BLS_SECRET_AS_PRINTED


def multikey_text(algorithm: str, raw: bytes) -> str:
    """The Multikey of a public key from ``PublicKey.algorithm`` and ``PublicKey.raw``."""
    octets = compressed(raw) if algorithm in {"ES256", "ES384"} else raw
    return CODECS[algorithm].text(octets)


def compressed(raw: bytes) -> bytes:
    """The point whose coordinates are the two halves of ``raw``, compressed (SEC 1, 2.3.3)."""
    return _COMPRESSED[raw[-1] & 1] + raw[: len(raw) // 2]
