"""BBS signatures and proofs: what is right is accepted, whatever is altered is refused."""

from __future__ import annotations

import secrets

import pytest
from py_arkworks_bls12381 import G1Point, G2Point

from healthpassport.errors import CredentialError, KeyMaterialError, PassportError
from healthpassport.keys import PublicKey
from healthpassport.keys.bls import BlsPublicKey
from healthpassport.suites import bbs
from healthpassport.suites.bbs import curve, hashing
from healthpassport.suites.bbs.generators import generators

SECRET = bbs.key_gen(b"a secret of a test that has 32 octets or more")
PUBLIC = bbs.public_key(SECRET)
OTHER = bbs.public_key(bbs.key_gen(b"another secret of a test, of 32 octets or more"))
HEADER, SHOWN_TO = b"of this issuer", b"to this desk, once"
MESSAGES = [b"family name", b"first name", b"", b"birth date", b"allergy"]
SHOWN = [0, 2, 4]
SIGNATURE = bbs.sign(SECRET, PUBLIC, HEADER, MESSAGES, randomness=secrets.token_bytes)
PROOF = bbs.proof_gen(
    PUBLIC, SIGNATURE, HEADER, SHOWN_TO, MESSAGES, SHOWN, randomness=secrets.token_bytes
)
DISCLOSED = {index: MESSAGES[index] for index in SHOWN}
ORDER = curve.ORDER.to_bytes(32, "big")
IDENTITY_G1 = b"\xc0" + bytes(47)


def proof(messages=MESSAGES, shown=SHOWN, *, signature=SIGNATURE, randomness=secrets.token_bytes):
    return bbs.proof_gen(
        PUBLIC, signature, HEADER, SHOWN_TO, messages, shown, randomness=randomness
    )


def refused(code, check, *given, error=PassportError, **named):
    with pytest.raises(error) as caught:
        check(*given, **named)
    assert caught.value.code == code


def outside_subgroup(point, octets):
    """A point of the curve whose order is not r, written as ``octets`` compressed octets."""
    for x in range(1, 100):
        written = bytes((0x80,)) + x.to_bytes(octets - 1, "big")
        try:
            found = point.from_compressed_bytes_unchecked(written)
        except ValueError:
            continue
        if not found.is_in_subgroup():
            return written
    raise AssertionError


# What others compute


def test_the_published_expansions_of_rfc_9380_are_ours():
    tag = b"QUUX-V01-CS02-with-expander-SHA256-128"  # appendix K.1
    for message, expected in {
        b"": "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235",
        b"abc": "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615",
    }.items():
        assert hashing.expand_message(message, tag, 32).hex() == expected


def test_the_published_point_of_rfc_9380_is_the_librarys():
    tag = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"  # appendix J.9.1
    found = curve.hash_to_g1(b"", tag).to_compressed_bytes()
    x = "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1"  # noqa: E501 - a coordinate
    assert bytes((found[0] & 0x1F,)) + found[1:] == bytes.fromhex(x)


def test_the_drafts_first_signature_is_ours():
    secret = bbs.secret_key(
        bytes.fromhex("60e55110f76883a13d030b2f6bd11883422d5abde717569fc0731f51237169fc")
    )
    header = bytes.fromhex("11223344556677889900aabbccddeeff")
    message = "9872ad089e452c7b6e283dfac2a80d58e8d0ff71cc4d5e310a1debdda4a45f02"
    made = bbs.bbs_signer(secret).sign_messages(
        header, [bytes.fromhex(message)], secrets.token_bytes
    )
    assert made.hex() == (
        "84773160b824e194073a57493dac1a20b667af70cd2352d8af241c77658da525"
        "3aa8458317cca0eae615690d55b1f27164657dcafee1d5c1973947aa70e2cfbb"
        "4c892340be5969920d0916067b4565a0"
    )


# What is right


def test_a_signature_and_a_proof_of_it_are_accepted():
    bbs.verify(PUBLIC, SIGNATURE, HEADER, MESSAGES)
    bbs.proof_verify(PUBLIC, PROOF, HEADER, SHOWN_TO, DISCLOSED)
    assert (len(SIGNATURE), len(PROOF)) == (80, 272 + 2 * 32)


def test_the_signature_does_not_depend_on_the_randomness_that_blinds_it():
    made = bbs.sign(SECRET, PUBLIC, HEADER, MESSAGES, randomness=lambda size: b"\5" * size)
    assert made == SIGNATURE


def test_two_proofs_of_one_signature_share_no_octets_but_by_chance():
    first, second = proof(), proof()
    assert first != second
    scalars = range(144, len(first), 32)
    points = range(0, 144, 48)
    assert not {first[at : at + 48] for at in points} & {second[at : at + 48] for at in points}
    assert not {first[at : at + 32] for at in scalars} & {second[at : at + 32] for at in scalars}


def test_no_messages_at_all_can_be_signed_and_proved():
    signature = bbs.sign(SECRET, PUBLIC, b"", [], randomness=secrets.token_bytes)
    bbs.verify(PUBLIC, signature, b"", [])
    made = bbs.proof_gen(PUBLIC, signature, b"", b"", [], [], randomness=secrets.token_bytes)
    bbs.proof_verify(PUBLIC, made, b"", b"", {})


def test_equal_messages_can_be_signed_and_shown_apart():
    messages = [b"same", b"same", b"same"]
    signature = bbs.sign(SECRET, PUBLIC, HEADER, messages, randomness=secrets.token_bytes)
    made = proof(messages, [1], signature=signature)
    bbs.proof_verify(PUBLIC, made, HEADER, SHOWN_TO, {1: b"same"})


def test_the_signer_gives_a_public_key_of_the_keys_layer():
    signer = bbs.bbs_signer(SECRET)
    assert signer.public_key == PublicKey("BBS", PUBLIC, BlsPublicKey(PUBLIC))
    assert signer.algorithm == "BBS"
    assert "secret" not in repr(signer)


def test_a_secret_key_comes_back_from_its_octets_and_is_not_shown():
    assert bbs.secret_key(SECRET.octets()) == SECRET
    assert str(SECRET.scalar) not in repr(SECRET)


def test_generators_do_not_depend_on_how_many_are_asked_for():
    assert generators(70).messages[:10] == generators(10).messages
    assert generators(70).octets[: 11 * 48] == generators(10).octets
    assert len(set(generators(70).points)) == 72


# What is altered


def test_a_signature_over_other_messages_is_refused():
    for messages in (
        [MESSAGES[1], MESSAGES[0], *MESSAGES[2:]],
        MESSAGES[:-1],
        [*MESSAGES, b""],
        [*MESSAGES[:-1], b"allergY"],
        [],
    ):
        refused("bbs.signature", bbs.verify, PUBLIC, SIGNATURE, HEADER, messages)


def test_a_signature_with_another_header_or_key_is_refused():
    refused("bbs.signature", bbs.verify, PUBLIC, SIGNATURE, b"", MESSAGES)
    refused("bbs.signature", bbs.verify, OTHER, SIGNATURE, HEADER, MESSAGES)


def test_di_022_a_proof_for_another_presentation_header_is_refused():
    for other in (b"", SHOWN_TO + b"\0", b"to another desk"):
        refused("bbs.proof", bbs.proof_verify, PUBLIC, PROOF, HEADER, other, DISCLOSED)


def test_a_proof_with_another_header_or_key_is_refused():
    refused("bbs.proof", bbs.proof_verify, PUBLIC, PROOF, HEADER + b"x", SHOWN_TO, DISCLOSED)
    refused("bbs.proof", bbs.proof_verify, OTHER, PROOF, HEADER, SHOWN_TO, DISCLOSED)


def test_a_proof_with_other_disclosed_messages_is_refused():
    for other in (
        {**DISCLOSED, 0: b"other"},
        {0: MESSAGES[2], 2: MESSAGES[0], 4: MESSAGES[4]},
        {0: MESSAGES[0], 1: MESSAGES[2], 4: MESSAGES[4]},
        {0: MESSAGES[0], 2: MESSAGES[2]},
        {**DISCLOSED, 3: b"more"},
    ):
        refused("bbs.proof", bbs.proof_verify, PUBLIC, PROOF, HEADER, SHOWN_TO, other)


def test_a_proof_made_from_a_wrong_signature_is_refused():
    other = [*MESSAGES[:-1], b"never signed"]
    refused(
        "bbs.proof",
        bbs.proof_verify,
        PUBLIC,
        proof(other),
        HEADER,
        SHOWN_TO,
        {**DISCLOSED, 4: b"never signed"},
    )


@pytest.mark.parametrize("at", range(len(SIGNATURE)))
def test_one_altered_bit_of_a_signature_is_refused(at):
    altered = bytes(o ^ (1 << at % 8) if n == at else o for n, o in enumerate(SIGNATURE))
    with pytest.raises(CredentialError):
        bbs.verify(PUBLIC, altered, HEADER, MESSAGES)


@pytest.mark.parametrize("at", range(0, len(PROOF), 7))
def test_one_altered_bit_of_a_proof_is_refused(at):
    altered = bytes(o ^ (1 << at % 8) if n == at else o for n, o in enumerate(PROOF))
    with pytest.raises(CredentialError):
        bbs.proof_verify(PUBLIC, altered, HEADER, SHOWN_TO, DISCLOSED)


# What is malformed


@pytest.mark.parametrize("octets", [b"", SIGNATURE[:-1], SIGNATURE + b"\0", PROOF])
def test_a_signature_of_another_length_is_refused(octets):
    refused("bbs.octets", bbs.verify, PUBLIC, octets, HEADER, MESSAGES)
    refused("bbs.octets", proof, signature=octets)


@pytest.mark.parametrize(
    "octets", [b"", PROOF[:-1], PROOF + b"\1", PROOF[:271], PROOF[:144], SIGNATURE]
)
def test_a_proof_of_a_length_that_no_proof_has_is_refused(octets):
    refused("bbs.octets", bbs.proof_verify, PUBLIC, octets, HEADER, SHOWN_TO, DISCLOSED)


def test_a_proof_that_is_a_scalar_longer_or_shorter_is_refused():
    for octets in (PROOF + b"\1" * 32, PROOF[:240] + b"\1" * 32 + PROOF[240:]):
        refused("bbs.proof", bbs.proof_verify, PUBLIC, octets, HEADER, SHOWN_TO, DISCLOSED)
    shorter = PROOF[:-32]  # of four messages: there is no fifth to disclose
    refused("bbs.index", bbs.proof_verify, PUBLIC, shorter, HEADER, SHOWN_TO, DISCLOSED)


@pytest.mark.parametrize("scalar", [bytes(32), ORDER, b"\xff" * 32])
def test_a_scalar_that_is_zero_or_not_below_the_order_is_refused(scalar):
    refused("bbs.octets", bbs.verify, PUBLIC, SIGNATURE[:48] + scalar, HEADER, MESSAGES)
    for at in range(144, len(PROOF), 32):
        octets = PROOF[:at] + scalar + PROOF[at + 32 :]
        refused("bbs.octets", bbs.proof_verify, PUBLIC, octets, HEADER, SHOWN_TO, DISCLOSED)


@pytest.mark.parametrize(
    "point",
    [
        IDENTITY_G1,
        b"\xe0" + bytes(47),  # the identity with a sign
        b"\x40" + bytes(47),  # the identity, said not to be compressed
        bytes(48),
        b"\x9f" + b"\xff" * 47,  # a coordinate above the field's prime
        outside_subgroup(G1Point, 48),
        bytes((SIGNATURE[0] & 0x7F,)) + SIGNATURE[1:48],  # not compressed
    ],
)
def test_what_is_no_point_of_the_group_is_refused(point):
    refused("bbs.octets", bbs.verify, PUBLIC, point + SIGNATURE[48:], HEADER, MESSAGES)
    for at in (0, 48, 96):
        octets = PROOF[:at] + point + PROOF[at + 48 :]
        refused("bbs.octets", bbs.proof_verify, PUBLIC, octets, HEADER, SHOWN_TO, DISCLOSED)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        PUBLIC[:-1],
        PUBLIC + b"\0",
        bytes(96),
        b"\xc0" + bytes(95),
        b"\xe0" + bytes(95),
        outside_subgroup(G2Point, 96),
        b"\x9f" + b"\xff" * 95,
    ],
)
def test_what_is_no_public_key_is_refused_by_all_four(key):
    given = {"randomness": secrets.token_bytes}
    refused("bbs.key", bbs.sign, SECRET, key, HEADER, MESSAGES, **given, error=KeyMaterialError)
    refused("bbs.key", bbs.verify, key, SIGNATURE, HEADER, MESSAGES)
    refused("bbs.key", bbs.proof_gen, key, SIGNATURE, HEADER, b"", MESSAGES, SHOWN, **given)
    refused("bbs.key", bbs.proof_verify, key, PROOF, HEADER, SHOWN_TO, DISCLOSED)


def test_a_key_of_another_length_is_not_even_a_value():
    refused("bbs.key", BlsPublicKey, PUBLIC[:-1])


@pytest.mark.parametrize("octets", [b"", bytes(32), ORDER, b"\1" * 31, b"\1" * 33])
def test_what_is_no_secret_key_is_refused(octets):
    refused("bbs.key", bbs.secret_key, octets)


def test_too_little_key_material_or_too_long_a_description_is_refused():
    refused("bbs.key_material", bbs.key_gen, bytes(31))
    refused("bbs.key_material", bbs.key_gen, bytes(32), bytes(65_536))


@pytest.mark.parametrize("shown", [[5], [-1], [-1, 0], [0, 0], [2, 0], [0, 1, 2, 3, 4, 5]])
def test_indexes_that_are_out_of_range_twice_or_not_in_order_are_refused(shown):
    refused("bbs.index", proof, shown=shown)


def test_disclosed_messages_at_places_that_do_not_exist_are_refused():
    for index in (-1, 5, 2**70):
        disclosed = {0: MESSAGES[0], 2: MESSAGES[2], index: MESSAGES[4]}
        refused("bbs.index", bbs.proof_verify, PUBLIC, PROOF, HEADER, SHOWN_TO, disclosed)


def test_more_messages_than_are_accepted_are_refused_before_any_work():
    many = [b""] * (bbs.MAX_MESSAGES + 1)
    refused("bbs.too_many_messages", bbs.verify, PUBLIC, SIGNATURE, HEADER, many)
    refused("bbs.too_many_messages", proof, many)
    long = PROOF + b"\1" * 32 * bbs.MAX_MESSAGES
    refused("bbs.too_many_messages", bbs.proof_verify, PUBLIC, long, HEADER, SHOWN_TO, DISCLOSED)
    assert bbs.MAX_MESSAGES >= 6_000


@pytest.mark.parametrize("source", [bytes, lambda size: b"\1" * size, lambda _size: b"\1"])
def test_a_source_of_randomness_that_repeats_itself_makes_no_proof(source):
    refused("bbs.randomness", proof, randomness=source)


def test_a_source_of_zeros_blinds_no_signature():
    refused("bbs.randomness", bbs.sign, SECRET, PUBLIC, HEADER, MESSAGES, randomness=bytes)


def test_as_many_scalars_as_points_are_needed():
    with pytest.raises(ValueError, match="as many scalars"):
        curve.sum_of_products(generators(3).points, (1, 2))


@pytest.mark.parametrize(("tag", "octets"), [(b"x" * 256, 32), (b"x", 255 * 32 + 1)])
def test_hashes_that_the_function_is_not_made_for_are_refused(tag, octets):
    with pytest.raises(ValueError, match="too many octets"):
        hashing.expand_message(b"", tag, octets)
