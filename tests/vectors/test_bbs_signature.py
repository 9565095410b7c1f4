"""The fixtures of the BBS draft for BLS12-381-SHA-256, valid and not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from shared_inputs import SHARED

from healthpassport.errors import PassportError
from healthpassport.suites import bbs
from healthpassport.suites.bbs import hashing
from healthpassport.suites.bbs.generators import generators
from healthpassport.suites.bbs.octets import scalar_octets
from healthpassport.suites.bbs.randomness import random_scalars

pytestmark = pytest.mark.shared

FOLDER = SHARED / "vectors" / "bbs-signature" / "bls12-381-sha-256"
octets = bytes.fromhex


def fixture(name: str) -> dict[str, Any]:
    path = FOLDER / f"{name}.json"
    if not path.exists():
        pytest.skip("the fixtures do not stand beside the checkout")
    return json.loads(path.read_text(encoding="utf-8"))


def cases(kind: str) -> list[Any]:
    paths = sorted((FOLDER / kind).glob("*.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return [pytest.param(case, id=case["caseName"]) for case in found]


def accepts(check: Callable[..., None], *given: object) -> bool:
    try:
        check(*given)
    except PassportError:
        return False
    return True


def mocked_random(seed: bytes, tag: bytes, count: int) -> Callable[[int], bytes]:
    """The draft's "Mocked Random Scalars": slices of one expanded seed."""
    size = hashing.EXPAND_OCTETS
    expanded = hashing.expand_message(seed, tag, count * size)
    slices = iter([expanded[at : at + size] for at in range(0, len(expanded), size)])
    return lambda _size: next(slices)


def test_every_fixture_is_there():
    if not FOLDER.exists():
        pytest.skip("the fixtures do not stand beside the checkout")
    assert (len(cases("signature")), len(cases("proof"))) == (10, 15)


def test_key_pair():
    case = fixture("keypair")
    secret = bbs.key_gen(
        octets(case["keyMaterial"]), octets(case["keyInfo"]), octets(case["keyDst"])
    )
    assert secret.octets().hex() == case["keyPair"]["secretKey"]
    assert bbs.public_key(secret).hex() == case["keyPair"]["publicKey"]


def test_hash_to_scalar():
    case = fixture("h2s")
    assert octets(case["dst"]) == hashing.HASH_TO_SCALAR
    found = hashing.hash_to_scalar(octets(case["message"]))
    assert scalar_octets(found).hex() == case["scalar"]


def test_messages_to_scalars():
    case = fixture("MapMessageToScalarAsHash")
    assert octets(case["dst"]) == hashing.MAP_MESSAGE
    found = hashing.messages_to_scalars(octets(one["message"]) for one in case["cases"])
    assert [scalar_octets(one).hex() for one in found] == [one["scalar"] for one in case["cases"]]


def test_generators():
    case = fixture("generators")
    found = generators(len(case["MsgGenerators"]))
    assert found.base.to_compressed_bytes().hex() == case["P1"]
    assert found.domain.to_compressed_bytes().hex() == case["Q1"]
    assert [one.to_compressed_bytes().hex() for one in found.messages] == case["MsgGenerators"]
    assert found.octets.hex() == case["Q1"] + "".join(case["MsgGenerators"])


def test_mocked_random_scalars():
    case = fixture("mockedRng")
    source = mocked_random(octets(case["seed"]), octets(case["dst"]), case["count"])
    found = random_scalars(case["count"], source)
    assert [scalar_octets(one).hex() for one in found] == case["mockedScalars"]


@pytest.mark.parametrize("case", cases("signature"))
def test_signature(case):
    pair, valid = case["signerKeyPair"], case["result"]["valid"]
    header = octets(case["header"])
    messages = [octets(message) for message in case["messages"]]
    public, signature = octets(pair["publicKey"]), octets(case["signature"])
    assert accepts(bbs.verify, public, signature, header, messages) == valid
    if valid:
        secret = bbs.secret_key(octets(pair["secretKey"]))
        made = bbs.sign(secret, public, header, messages, randomness=lambda size: b"\7" * size)
        assert made == signature


@pytest.mark.parametrize("case", cases("proof"))
def test_proof(case):
    public, header = octets(case["signerPublicKey"]), octets(case["header"])
    proof, shown_to = octets(case["proof"]), octets(case["presentationHeader"])
    messages = [octets(message) for message in case["messages"]]
    indexes, valid = case["disclosedIndexes"], case["result"]["valid"]
    disclosed = {index: messages[index] for index in indexes if index < len(messages)}
    assert accepts(bbs.proof_verify, public, proof, header, shown_to, disclosed) == valid
    if valid:
        rng = fixture("mockedRng")
        tag = hashing.API_ID + b"MOCK_RANDOM_SCALARS_DST_"
        source = mocked_random(octets(rng["seed"]), tag, 5 + len(messages) - len(indexes))
        made = bbs.proof_gen(
            public,
            octets(case["signature"]),
            header,
            shown_to,
            messages,
            indexes,
            randomness=source,
        )
        assert made == proof
