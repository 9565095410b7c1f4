"""The octets of proof values: what is read, and what is refused."""

from __future__ import annotations

import pytest
from integrity_world import HOLDER, ISSUER, contexts, credential, numbered_octets, refused

from healthpassport import cbor, multibase
from healthpassport.formats.data_integrity.cryptosuites import (
    bbs_2023,
    bbs_proof_value,
    ecdsa_sd_proof_value,
    one_signature,
    statement_key,
)
from healthpassport.formats.data_integrity.cryptosuites.values import Making

KEY = statement_key.new_statement_key(numbered_octets())
PUBLIC = statement_key.public_octets(KEY)
SIGNATURE = bytes(64)
SD_BASE = [SIGNATURE, PUBLIC, bytes(32), [SIGNATURE], ["/issuer"]]
SD_DERIVED = [SIGNATURE, PUBLIC, [SIGNATURE], {0: bytes(32)}, [0, 2]]
BBS_BASE = [bytes(80), bytes(64), bytes(96), bytes(32), ["/issuer"]]
BBS_DERIVED = [bytes(272), {0: 1, 1: 0}, [0, 2], [1], b""]
PROOF = {"type": "DataIntegrityProof", "proofPurpose": "assertionMethod"}
KINDS = {
    "sd base": (ecdsa_sd_proof_value.read_base, b"\xd9\x5d\x00", SD_BASE),
    "sd derived": (ecdsa_sd_proof_value.read_derived, b"\xd9\x5d\x01", SD_DERIVED),
    "bbs base": (bbs_proof_value.read_base, b"\xd9\x5d\x02", BBS_BASE),
    "bbs derived": (bbs_proof_value.read_derived, b"\xd9\x5d\x03", BBS_DERIVED),
}
WRITERS = {
    ecdsa_sd_proof_value.read_base: ecdsa_sd_proof_value.write_base,
    ecdsa_sd_proof_value.read_derived: ecdsa_sd_proof_value.write_derived,
    bbs_proof_value.read_base: bbs_proof_value.write_base,
    bbs_proof_value.read_derived: bbs_proof_value.write_derived,
}


def value_of(header, components):
    return multibase.encode_base64url(header + cbor.encode(components))


@pytest.mark.parametrize(("read", "header", "components"), KINDS.values(), ids=KINDS)
def test_what_was_written_is_read_and_written_again(read, header, components):
    value = value_of(header, components)
    assert WRITERS[read](read(value)) == value


@pytest.mark.parametrize(("read", "header", "components"), KINDS.values(), ids=KINDS)
def test_no_header_but_its_own_is_read(read, header, components):
    for other in {row[1] for row in KINDS.values()} - {header} | {b"", b"\xd9", b"\xd9\x5d"}:
        refused("di.proof_value", read, value_of(other, components))


WRONG = [-1, b"", b"\0" * 65, "text", [], {}, ["text", 5], [5, "text"], {0: "text"}, {1: 0}]


@pytest.mark.parametrize(("read", "header", "components"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("place", range(5))
def test_a_member_of_another_kind_is_refused(read, header, components, place):
    sound = components[place]
    for wrong in WRONG:
        # Empty lists, maps and headers are of the right kind; so is nothing else of these.
        if type(wrong) is type(sound) and (not wrong or not sound):
            continue
        changed = [*components[:place], wrong, *components[place + 1 :]]
        refused("di.proof_value", read, value_of(header, changed))


@pytest.mark.parametrize("count", [0, 4, 6])
@pytest.mark.parametrize(("read", "header", "components"), KINDS.values(), ids=KINDS)
def test_another_number_of_members_is_refused(read, header, components, count):
    refused("di.proof_value", read, value_of(header, (components * 2)[:count]))


def test_lists_beyond_their_limits_are_refused():
    many = [*SD_BASE[:3], [SIGNATURE] * 10_001, []]
    refused("di.proof_value", KINDS["sd base"][0], value_of(b"\xd9\x5d\x00", many))
    pointers = [*SD_BASE[:4], ["/issuer"] * 1_001]
    refused("di.proof_value", KINDS["sd base"][0], value_of(b"\xd9\x5d\x00", pointers))
    indexes = [*SD_DERIVED[:4], list(range(10_001))]
    refused("di.proof_value", KINDS["sd derived"][0], value_of(b"\xd9\x5d\x01", indexes))
    labels = [*BBS_DERIVED[:1], {n: n for n in range(10_001)}, *BBS_DERIVED[2:]]
    refused("di.proof_value", KINDS["bbs derived"][0], value_of(b"\xd9\x5d\x03", labels))


def test_statement_signatures_are_checked_one_by_one():
    messages = ['_:a <p> "1" .\n', '_:a <p> "é" .\n']
    signatures = statement_key.sign_each(KEY, messages)
    statement_key.check_each(PUBLIC, signatures, messages)
    statement_key.check_each(PUBLIC, [], [])
    check = statement_key.check_each
    refused("di.signature", check, PUBLIC, signatures[::-1], messages)
    refused("di.signature", check, PUBLIC, signatures[:1], messages)
    refused("di.signature", check, PUBLIC, [SIGNATURE, SIGNATURE], messages)
    refused("di.signature", check, PUBLIC, signatures, [messages[0], messages[1] + "\n"])
    off_the_curve = PUBLIC[:3] + b"\xff" * 32
    refused("di.proof_value", check, off_the_curve, signatures, messages)


def test_the_key_of_a_proof_comes_from_its_randomness_alone():
    again = statement_key.new_statement_key(numbered_octets())
    assert statement_key.public_octets(again) == PUBLIC
    drawn = []

    def source(length):
        drawn.append(length)
        return b"\xff" * length

    assert statement_key.new_statement_key(source)
    assert drawn == [40]


def test_a_signer_of_another_kind_makes_no_proof():
    def making(signer):
        return Making(credential(), PROOF, signer, contexts(), (), numbered_octets())

    class Silent:
        public_key = ISSUER.public_key

    refused("PROOF_GENERATION_ERROR", one_signature.make_jcs, making(Silent()))
    refused("PROOF_GENERATION_ERROR", bbs_2023.make, making(HOLDER))
