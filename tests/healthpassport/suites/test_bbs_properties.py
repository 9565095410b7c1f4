"""Any messages, any choice of them: what is signed and shown is accepted, and nothing else."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.errors import CredentialError
from healthpassport.suites import bbs

SECRET = bbs.key_gen(b"a secret of a property, of 32 octets or more")
PUBLIC = bbs.public_key(SECRET)
lists = st.lists(st.binary(max_size=40), max_size=12)


@settings(max_examples=25, deadline=None)
@given(st.data(), lists, st.binary(max_size=20), st.binary(max_size=20))
def test_any_subset_can_be_shown_and_no_other_is_accepted(data, messages, header, shown_to):
    chosen = sorted(data.draw(st.sets(st.sampled_from(range(len(messages) or 1)))))
    chosen = [index for index in chosen if index < len(messages)]
    signature = bbs.sign(SECRET, PUBLIC, header, messages, randomness=secrets.token_bytes)
    bbs.verify(PUBLIC, signature, header, messages)
    proof = bbs.proof_gen(
        PUBLIC, signature, header, shown_to, messages, chosen, randomness=secrets.token_bytes
    )
    disclosed = {index: messages[index] for index in chosen}
    bbs.proof_verify(PUBLIC, proof, header, shown_to, disclosed)

    for index in chosen[:1]:
        altered = {**disclosed, index: messages[index] + b"\0"}
        with pytest.raises(CredentialError, match=r"bbs\.proof"):
            bbs.proof_verify(PUBLIC, proof, header, shown_to, altered)
    with pytest.raises(CredentialError, match=r"bbs\.proof"):
        bbs.proof_verify(PUBLIC, proof, header, shown_to + b"\0", disclosed)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=400))
def test_octets_that_are_no_signature_or_proof_are_refused(octets):
    with pytest.raises(CredentialError, match=r"bbs\."):
        bbs.verify(PUBLIC, octets, b"", [b"message"])
    with pytest.raises(CredentialError, match=r"bbs\."):
        bbs.proof_verify(PUBLIC, octets, b"", b"", {0: b"message"})
