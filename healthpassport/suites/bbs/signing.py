"""Signing a list of messages, and checking such a signature.

draft-irtf-cfrg-bbs-signatures sections 3.5.1, 3.5.2, 3.6.1 and 3.6.2. The curve's library is not
constant-time, so the one number that depends on the secret alone, 1 / (SK + e), is computed from
a blinded one. What is *not* here: proofs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from healthpassport.errors import CredentialError
from healthpassport.keys.bls import BlsPublicKey
from healthpassport.keys.multicodec import BBS
from healthpassport.keys.public import PublicKey
from healthpassport.suites.bbs import curve, keys
from healthpassport.suites.bbs.generators import Generators, generators
from healthpassport.suites.bbs.hashing import API_ID, hash_to_scalar, messages_to_scalars
from healthpassport.suites.bbs.octets import (
    Signature,
    length_octets,
    scalars_octets,
    signature_from_octets,
)
from healthpassport.suites.bbs.randomness import Randomness, random_scalars


def sign(
    secret: keys.SecretKey,
    public: bytes,
    header: bytes,
    messages: Sequence[bytes],
    *,
    randomness: Randomness,
) -> bytes:
    """The 80 octets of the signature over ``header`` and ``messages``.

    The signature is the same at each call: ``randomness`` only blinds how it is computed.

    Raises:
        KeyMaterialError: ``bbs.key`` where ``public`` is no public key.
        CredentialError: ``bbs.too_many_messages``, ``bbs.randomness``.
    """
    keys.point_of(public)
    points = generators(len(messages))
    scalars = messages_to_scalars(messages)
    domain = domain_of(public, points, header)
    e = hash_to_scalar(scalars_octets((secret.scalar, *scalars, domain)))
    total = curve.sum_of_products(points.points, (1, domain, *scalars))
    (blind,) = random_scalars(1, randomness)
    # blind / ((SK + e) * blind): what is inverted is a random number, whatever SK is.
    inverse = pow((secret.scalar + e) * blind % curve.ORDER, -1, curve.ORDER) * blind % curve.ORDER
    return Signature(curve.multiply(total, inverse), e).octets()


def verify(public: bytes, signature: bytes, header: bytes, messages: Sequence[bytes]) -> None:
    """Check ``signature`` over ``header`` and ``messages``; nothing is returned, a failure raises.

    Raises:
        KeyMaterialError: ``bbs.key`` where ``public`` is no public key.
        CredentialError: ``bbs.signature``, ``bbs.octets``, ``bbs.too_many_messages``.
    """
    points = generators(len(messages))
    read = signature_from_octets(signature)
    point = keys.point_of(public)
    domain = domain_of(public, points, header)
    # A * e - B in one sum (section 3.6.2 steps 2 and 3).
    scalars = (curve.ORDER - s for s in (1, domain, *messages_to_scalars(messages)))
    rest = curve.sum_of_products(
        (read.a, *points.points), (read.e, *(s % curve.ORDER for s in scalars))
    )
    if not curve.pairings_cancel((read.a, point), (rest, curve.BASE_G2)):
        raise CredentialError("bbs.signature")


def domain_of(public: bytes, points: Generators, header: bytes) -> int:
    """The scalar of key, generators and header (section 4.2.3)."""
    count = length_octets(len(points.messages))
    fixed = public + count + points.octets + API_ID
    return hash_to_scalar(fixed + length_octets(len(header)) + header)


@dataclass(frozen=True, slots=True)
class BbsSigner:
    """A secret key in this process and the key with which its signatures are checked."""

    public_key: PublicKey
    secret: keys.SecretKey = field(compare=False, repr=False)

    @property
    def algorithm(self) -> str:
        """``BBS``."""
        return self.public_key.algorithm

    def sign_messages(
        self, header: bytes, messages: Sequence[bytes], randomness: Randomness
    ) -> bytes:
        """The signature over ``header`` and ``messages``; errors as ``sign``."""
        return sign(self.secret, self.public_key.raw, header, messages, randomness=randomness)


def bbs_signer(secret: keys.SecretKey) -> BbsSigner:
    """The signer of ``secret``."""
    octets = keys.public_key(secret)
    return BbsSigner(PublicKey(BBS, octets, BlsPublicKey(octets)), secret)
