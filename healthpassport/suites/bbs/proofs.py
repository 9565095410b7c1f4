"""Proofs: that one holds a signature over some messages, showing only those that one chooses.

draft-irtf-cfrg-bbs-signatures sections 3.5.3, 3.5.4, 3.6.3, 3.6.4 and 3.7. Two proofs of the same
signature have nothing in common but what is disclosed. What is *not* here: what the messages mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from healthpassport.errors import CredentialError
from healthpassport.suites.bbs import curve, keys
from healthpassport.suites.bbs.generators import Generators, check_count, generators
from healthpassport.suites.bbs.hashing import hash_to_scalar, messages_to_scalars
from healthpassport.suites.bbs.octets import (
    Proof,
    Signature,
    length_octets,
    proof_from_octets,
    scalar_octets,
    signature_from_octets,
    undisclosed_count,
)
from healthpassport.suites.bbs.randomness import Randomness, random_scalars
from healthpassport.suites.bbs.signing import domain_of


def proof_gen(  # noqa: PLR0917 - the draft's arguments in the draft's order
    public: bytes,
    signature: bytes,
    header: bytes,
    presentation_header: bytes,
    messages: Sequence[bytes],
    disclosed_indexes: Sequence[int],
    *,
    randomness: Randomness,
) -> bytes:
    """A proof that discloses the messages at ``disclosed_indexes`` (ascending, from 0).

    The signature is not checked: a holder does so once, with ``verify``, when it is received.

    Raises:
        KeyMaterialError: ``bbs.key`` where ``public`` is no public key.
        CredentialError: ``bbs.index``, ``bbs.octets``, ``bbs.randomness``,
            ``bbs.too_many_messages``.
    """
    keys.point_of(public)
    points = generators(len(messages))
    read = signature_from_octets(signature)
    _check_indexes(disclosed_indexes, len(messages))
    shown = frozenset(disclosed_indexes)
    hidden = [index for index in range(len(messages)) if index not in shown]
    scalars = messages_to_scalars(messages)
    blinds = random_scalars(5 + len(hidden), randomness)

    domain = domain_of(public, points, header)
    total = curve.sum_of_products(points.points, (1, domain, *scalars))
    commitments = _commit(read, total, domain, [points.messages[i] for i in hidden], blinds)
    disclosed = {index: scalars[index] for index in disclosed_indexes}
    challenge = _challenge(commitments, disclosed, presentation_header)
    kept_back = [scalars[index] for index in hidden]
    return _respond(commitments, challenge, read.e, blinds, kept_back).octets()


def proof_verify(
    public: bytes,
    proof: bytes,
    header: bytes,
    presentation_header: bytes,
    disclosed: Mapping[int, bytes],
) -> None:
    """Check that ``proof`` discloses these messages by index; a failure raises.

    Raises:
        KeyMaterialError: ``bbs.key`` where ``public`` is no public key.
        CredentialError: ``bbs.proof``, ``bbs.octets``, ``bbs.index``, ``bbs.too_many_messages``.
    """
    total = undisclosed_count(proof) + len(disclosed)
    check_count(total)
    indexes = sorted(disclosed)
    _check_indexes(indexes, total)
    read = proof_from_octets(proof)
    point = keys.point_of(public)
    points = generators(total)
    scalars = messages_to_scalars(disclosed[index] for index in indexes)
    shown = dict(zip(indexes, scalars, strict=True))
    commitments = _recompute(read, points, domain_of(public, points, header), shown)
    # Section 3.6.4 steps 5 and 6
    if _challenge(commitments, shown, presentation_header) != read.challenge:
        raise CredentialError("bbs.proof")
    if not curve.pairings_cancel((read.a_bar, point), (read.b_bar, curve.NEGATIVE_BASE_G2)):
        raise CredentialError("bbs.proof")


@dataclass(frozen=True, slots=True)
class _Commitments:
    """What prover and verifier both compute before the challenge (section 3.7.1 step 8)."""

    a_bar: curve.G1
    b_bar: curve.G1
    d: curve.G1
    t1: curve.G1
    t2: curve.G1
    domain: int

    def octets(self) -> bytes:
        points = (self.a_bar, self.b_bar, self.d, self.t1, self.t2)
        written = b"".join(point.to_compressed_bytes() for point in points)
        return written + scalar_octets(self.domain)


def _commit(
    signature: Signature,
    total: curve.G1,
    domain: int,
    hidden: Sequence[curve.G1],
    blinds: Sequence[int],
) -> _Commitments:
    """Blind the signature and commit to what is kept back (section 3.7.1; ``total`` is B)."""
    r1, r2, e, r1_blind, r3_blind, *messages = blinds
    d = curve.multiply(total, r2)
    a_bar = curve.multiply(signature.a, r1 * r2 % curve.ORDER)
    b_bar = curve.multiply(d, r1) - curve.multiply(a_bar, signature.e)
    t1 = curve.multiply(a_bar, e) + curve.multiply(d, r1_blind)
    t2 = curve.sum_of_products((d, *hidden), (r3_blind, *messages))
    return _Commitments(a_bar, b_bar, d, t1, t2, domain)


def _respond(
    commitments: _Commitments,
    challenge: int,
    e: int,
    blinds: Sequence[int],
    hidden: Sequence[int],
) -> Proof:
    """Answer the challenge (section 3.7.2)."""
    r1, r2, e_blind, r1_blind, r3_blind, *messages = blinds
    r3 = pow(r2, -1, curve.ORDER)
    answers = (
        (blind + scalar * challenge) % curve.ORDER
        for blind, scalar in zip(messages, hidden, strict=True)
    )
    return Proof(
        a_bar=commitments.a_bar,
        b_bar=commitments.b_bar,
        d=commitments.d,
        e=(e_blind + e * challenge) % curve.ORDER,
        r1=(r1_blind - r1 * challenge) % curve.ORDER,
        r3=(r3_blind - r3 * challenge) % curve.ORDER,
        undisclosed=tuple(answers),
        challenge=challenge,
    )


def _recompute(
    proof: Proof, points: Generators, domain: int, disclosed: Mapping[int, int]
) -> _Commitments:
    """The commitments as the verifier finds them (section 3.7.3).

    The challenge is multiplied into the sum of Bv, so that T2 is one sum over all generators.
    """
    c = proof.challenge
    t1 = curve.sum_of_products((proof.b_bar, proof.a_bar, proof.d), (c, proof.e, proof.r1))
    answers = iter(proof.undisclosed)
    scalars = (
        disclosed[index] * c % curve.ORDER if index in disclosed else next(answers)
        for index in range(len(points.messages))
    )
    t2 = curve.sum_of_products(
        (proof.d, *points.points), (proof.r3, c, domain * c % curve.ORDER, *scalars)
    )
    return _Commitments(proof.a_bar, proof.b_bar, proof.d, t1, t2, domain)


def _challenge(
    commitments: _Commitments, disclosed: Mapping[int, int], presentation_header: bytes
) -> int:
    """The challenge over everything that the proof says (section 3.7.4)."""
    shown = b"".join(
        length_octets(index) + scalar_octets(scalar) for index, scalar in disclosed.items()
    )
    return hash_to_scalar(
        length_octets(len(disclosed))
        + shown
        + commitments.octets()
        + length_octets(len(presentation_header))
        + presentation_header
    )


def _check_indexes(indexes: Sequence[int], messages: int) -> None:
    """Ascending, each once, and each of a message (section 3.6.3 steps 6 and 8)."""
    ascending = all(left < right for left, right in pairwise(indexes))
    if not ascending or (indexes and (indexes[0] < 0 or indexes[-1] >= messages)):
        raise CredentialError("bbs.index")
