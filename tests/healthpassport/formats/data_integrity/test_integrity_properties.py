"""Whatever a holder chooses to show verifies, and what is not shown leaves no trace."""

from __future__ import annotations

import copy
import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integrity_world import (
    EVERY_SUITE,
    ISSUER,
    STRANGER,
    credential,
    derived,
    did_of,
    issued,
    verify,
)

from healthpassport import multibase
from healthpassport.errors import PassportError
from healthpassport.formats.data_integrity import proofs
from healthpassport.formats.data_integrity.cryptosuites import (
    bbs_proof_value,
    ecdsa_sd_proof_value,
    statements,
)
from healthpassport.suites import bbs

BBS_ISSUER = bbs.bbs_signer(bbs.key_gen(b"a made-up key material of 32 octets at least"))
SIGNERS = {"ecdsa-sd-2023": ISSUER, "bbs-2023": BBS_ISSUER}
SUBJECT = "/credentialSubject"
FEW = settings(max_examples=25, deadline=None)


def leaves(value: Any, place: str = "") -> dict[str, str]:
    """Every value of a document by its pointer; JSON literals are one value."""
    if isinstance(value, dict) and not place.endswith("/unit"):
        found = {}
        for name, member in value.items():
            escaped = name.replace("~", "~0").replace("/", "~1")
            found |= leaves(member, f"{place}/{escaped}")
        return found
    if isinstance(value, list):
        found = {}
        for index, entry in enumerate(value):
            found |= leaves(entry, f"{place}/{index}")
        return found
    return {place: json.dumps(value)}


def marked() -> dict[str, Any]:
    """A record each of whose values occurs nowhere else, so that a trace of it can be found."""
    document = credential(ISSUER)
    subject = document["credentialSubject"]
    for number, pointer in enumerate(leaves(subject)):
        if pointer.split("/")[1] in {"id", "type", "state"} or pointer.endswith("/type"):
            continue
        node: Any = subject
        *parts, last = [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]
        for part in parts:
            node = node[int(part) if isinstance(node, list) else part]
        key = int(last) if isinstance(node, list) else last
        node[key] = {"text": f"Value-{number:03}"} if last == "unit" else f"Value-{number:03}"
    return document


MARKED = marked()
BASES = {
    suite: issued(suite, document=MARKED | {"issuer": did_of(signer)}, signer=signer)
    for suite, signer in SIGNERS.items()
}
CHOICES = sorted(leaves(MARKED["credentialSubject"]))
FULL = {
    f"{SUBJECT}{pointer}": value for pointer, value in leaves(MARKED["credentialSubject"]).items()
}


@pytest.mark.parametrize("suite", SIGNERS)
@FEW
@given(chosen=st.sets(st.sampled_from(CHOICES)))
def test_any_choice_verifies_and_hides_the_rest(suite, chosen):
    shown = derived(BASES[suite], *(SUBJECT + pointer for pointer in chosen))
    found = verify(shown, allowed=EVERY_SUITE).document
    wanted = {FULL[SUBJECT + pointer] for pointer in chosen}
    kept = set(leaves(found["credentialSubject"]).values())
    assert wanted <= kept
    text = json.dumps(shown)
    octets = multibase.decode(shown["proof"]["proofValue"])
    for pointer, value in FULL.items():
        mark = json.loads(value)
        mark = mark["text"] if isinstance(mark, dict) else mark
        if mark.startswith("Value-") and pointer.removeprefix(SUBJECT) not in chosen:
            assert mark not in text
            assert mark.encode() not in octets


@pytest.mark.parametrize("suite", SIGNERS)
@FEW
@given(chosen=st.sets(st.sampled_from(CHOICES), min_size=1), data=st.data())
def test_no_shown_value_can_be_replaced(suite, chosen, data):
    shown = derived(BASES[suite], *(SUBJECT + pointer for pointer in chosen))
    changed = copy.deepcopy(shown)
    text = json.dumps(changed["credentialSubject"])
    marks = sorted(v for v in FULL.values() if v.startswith('"Value-') and v in text)
    if not marks:
        return
    mark = data.draw(st.sampled_from(marks))
    other = data.draw(st.text(string.ascii_letters, min_size=1).filter(lambda t: t != mark))
    changed["credentialSubject"] = json.loads(text.replace(mark, json.dumps(other)))
    with pytest.raises(PassportError) as refusal:
        verify(changed, allowed=EVERY_SUITE)
    assert refusal.value.code == "di.signature"


@pytest.mark.parametrize("suite", SIGNERS)
@FEW
@given(data=st.data())
def test_no_octet_of_a_shown_proof_can_be_changed(suite, data):
    shown = SHOWN[suite]
    value = bytearray(multibase.decode(shown["proof"]["proofValue"]))
    place = data.draw(st.integers(0, len(value) - 1))
    value[place] ^= data.draw(st.integers(1, 255))
    changed = {**shown, "proof": {**shown["proof"]}}
    changed["proof"]["proofValue"] = multibase.encode_base64url(bytes(value))
    with pytest.raises(PassportError) as refusal:
        verify(changed, allowed=EVERY_SUITE)
    assert refusal.value.code in {"di.signature", "di.proof_value"}


SHOWN = {suite: derived(base, f"{SUBJECT}/allergies/1") for suite, base in BASES.items()}
READERS = (
    ecdsa_sd_proof_value.read_base,
    ecdsa_sd_proof_value.read_derived,
    bbs_proof_value.read_base,
    bbs_proof_value.read_derived,
)
HEADERS = (b"\xd9\x5d\x00", b"\xd9\x5d\x01", b"\xd9\x5d\x02", b"\xd9\x5d\x03")


@settings(max_examples=200, deadline=None)
@given(octets=st.binary(max_size=200), header=st.sampled_from(HEADERS), text=st.text(max_size=30))
def test_the_readers_of_proof_values_refuse_or_read_and_never_fail_otherwise(octets, header, text):
    for value in (multibase.encode_base64url(header + octets), text, "u" + text):
        for read in READERS:
            try:
                read(value)
            except PassportError as refusal:
                assert refusal.code == "di.proof_value"  # noqa: PT017 - a reader may also accept


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
NAMES = ("type", "id", "created", "expires", "domain", "challenge", "previousProof", "nonce")
OTHER_NAMES = ("cryptosuite", "verificationMethod", "proofPurpose", "proofValue", "@context", "x")
MEMBERS = st.sampled_from(NAMES + OTHER_NAMES)


@settings(max_examples=100, deadline=None)
@given(changes=st.dictionaries(MEMBERS, JSON, max_size=4), listed=st.booleans())
def test_no_proof_of_any_shape_fails_otherwise_than_by_a_refusal(changes, listed):
    sound = SHOWN["ecdsa-sd-2023"]["proof"]
    proof = {**sound, **changes}
    document = {**SHOWN["ecdsa-sd-2023"], "proof": [proof, sound] if listed else proof}
    try:
        found = verify(document)
    except PassportError:
        return
    assert proof == sound or listed
    assert found.document == verify(SHOWN["ecdsa-sd-2023"]).document


@FEW
@given(document=st.dictionaries(st.text(max_size=8), JSON, max_size=3))
def test_no_document_makes_reading_proofs_fail_otherwise_than_by_a_refusal(document):
    try:
        proofs.read_proofs(document)
    except PassportError as refusal:
        assert refusal.code in {"PROOF_VERIFICATION_ERROR", "di.cryptosuite"}  # noqa: PT017


@given(key=st.binary(min_size=32, max_size=32), count=st.integers(0, 40))
def test_shuffled_labels_are_the_places_in_the_order_of_the_hmacs(key, count):
    names = [f"c14n{n}" for n in range(count)]
    shuffled = statements.shuffled_labels(key)(names)
    by_hmac = statements.hmac_labels(key)(names)
    assert sorted(shuffled.values(), key=lambda label: int(label[1:])) == [
        f"b{n}" for n in range(count)
    ]
    assert sorted(names, key=by_hmac.get) == sorted(names, key=lambda n: int(shuffled[n][1:]))


def test_a_stranger_cannot_add_a_statement_with_a_key_of_their_own():
    forged = issued(document=MARKED, signer=STRANGER)
    shown = derived(forged, f"{SUBJECT}/allergies/1")
    with pytest.raises(PassportError) as refusal:
        verify(shown)
    assert refusal.value.code == "trust.key_not_of_issuer"
