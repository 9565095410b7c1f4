"""A status list as a credential: who serves it cannot make it say something else than was signed.

Lists lie on servers that their issuer does not watch, so that whoever answers there may spell a
signed list in another way.
"""

from __future__ import annotations

import copy
import json
import os
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hostile_holder import edited
from hypothesis import given, settings
from hypothesis import strategies as st
from verification_world import ISS, LIST, NOW

from healthpassport.canonical import bundled
from healthpassport.dids.documents import method_url
from healthpassport.dids.web import did_web
from healthpassport.errors import PassportError, StatusError
from healthpassport.formats.data_integrity import add_proof
from healthpassport.keys.signer import generate_signer
from healthpassport.refresh.list_credentials import read_status_list
from healthpassport.status.bitstring import BitstringEntry
from healthpassport.status.bitstring_writing import build, credential, encode

SIGNER = generate_signer()
DID = did_web(ISS)
WITHDRAWN = BitstringEntry("revocation", 7, LIST)
CREDENTIALS = "https://www.w3.org/2018/credentials#"
DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"


def served(**changes: Any) -> dict[str, Any]:
    """A list in which entry 7 is withdrawn; ``changes`` are arguments of ``add_proof``."""
    document = credential(
        build(size=1 << 17, marked=[7]),
        uri=LIST,
        issuer=DID,
        purpose="revocation",
        valid_from=NOW - timedelta(hours=1),
        valid_until=NOW + timedelta(hours=1),
        ttl=timedelta(minutes=5),
    )
    options: dict[str, Any] = {
        "cryptosuite": "ecdsa-rdfc-2019",
        "signer": SIGNER,
        "verification_method": method_url(DID, SIGNER.public_key),
        "purpose": "assertionMethod",
        "created": NOW,
        "contexts": bundled(),
        "randomness": os.urandom,
    }
    return add_proof(document, **(options | changes))


def read(document: Any) -> Any:
    return read_status_list(
        json.dumps(document), expected_uri=LIST, iss=ISS, keys=[SIGNER.public_key], now=NOW
    )


def refused(document: Any) -> str:
    with pytest.raises(StatusError) as refusal:
        read(document)
    return refusal.value.code


def test_a_list_as_signed_tells_of_a_withdrawal():
    assert read(served()).status(WITHDRAWN) == 1


def test_di_014_another_list_in_front_of_the_signed_one_is_refused():
    signed = served()
    inside = {n: v for n, v in signed.items() if n not in {"@context", "proof"}}
    empty = signed["credentialSubject"] | {"encodedList": encode(build(size=1 << 17))}
    for keyword in ("@set", "@graph", "@included"):
        forged = {**signed, "credentialSubject": empty, keyword: [copy.deepcopy(inside)]}
        assert refused(forged) == "status.signer"


def test_a_list_whose_end_is_hidden_behind_its_iri_is_refused():
    signed = served()
    end = {"@value": signed.pop("validUntil"), "@type": DATE_TIME}
    assert refused({**signed, CREDENTIALS + "validUntil": end}) == "status.signer"


@pytest.mark.parametrize("more", [{}, {"also": "@nest"}, "https://www.w3.org/ns/credentials/v2"])
def test_a_list_under_another_context_is_refused(more):
    signed = served()
    with pytest.raises(Exception, match=r"status\.signer|vcdm\.malformed_value"):
        read({**signed, "@context": [*signed["@context"], more]})


def test_a_list_of_another_key_or_purpose_of_the_proof_is_refused():
    assert refused(served(signer=generate_signer())) == "status.signer"
    assert refused(served(purpose="authentication")) == "status.signer"


def test_an_altered_list_is_refused():
    signed = served()
    signed["credentialSubject"]["encodedList"] = encode(build(size=1 << 17))
    assert refused(signed) == "status.signer"


SERVED = served()


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**63))
def test_no_edit_makes_a_list_say_something_else(seed):
    chance = random.Random(seed)  # noqa: S311 - repeats on purpose
    try:
        found = read(edited(SERVED, chance))
    except PassportError:
        return
    # A purpose may be written twice: statements are a set.
    purposes = tuple(sorted(set(found.list.purposes)))
    assert replace(found, list=replace(found.list, purposes=purposes)) == read(SERVED)
