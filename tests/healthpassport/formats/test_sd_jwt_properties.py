"""Any tree of claims, any choice of disclosures: what goes in comes out, and nothing else."""

from __future__ import annotations

import copy
import json
import random
import secrets
from typing import Any

import forge
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from healthpassport.errors import PassportError
from healthpassport.formats import sd_jwt

RESERVED = {"_sd", "...", "_sd_alg"}
names = st.text(min_size=1, max_size=5).filter(lambda name: name not in RESERVED)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False, width=32).map(
        lambda number: number + 0.0
    )  # no -0.0
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)
claims = st.dictionaries(names, values, max_size=5)
chances = st.randoms(use_true_random=True)  # drawn from a seed that a failure reports


def places(value: Any, place: tuple = ()) -> list[tuple]:
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [
        p for name, member in members for p in [(*place, name), *places(member, (*place, name))]
    ]


def without(value: Any, hidden: set[tuple], place: tuple = ()) -> Any:
    if isinstance(value, dict):
        return {
            name: without(member, hidden, (*place, name))
            for name, member in value.items()
            if (*place, name) not in hidden
        }
    if isinstance(value, list):
        return [
            without(entry, hidden, (*place, index))
            for index, entry in enumerate(value)
            if (*place, index) not in hidden
        ]
    return value


def issued(tree: dict[str, Any], disclosable: list[tuple], chance: random.Random) -> str:
    return sd_jwt.issue(
        tree,
        disclosable=disclosable,
        header={"typ": "example+sd-jwt"},
        signer=forge.ISSUER,
        salts=chance.randbytes,
        decoys=sd_jwt.Decoys(members=chance.randint(1, 4), elements=chance.randint(1, 4)),
    )


def processed(text: str) -> sd_jwt.ProcessedSdJwt:
    return sd_jwt.verify(
        sd_jwt.parse(text),
        issuer_key=forge.ISSUER.public_key,
        expected_typ="example+sd-jwt",
        expected_algorithms={"ES256"},
    )


@given(claims, chances)
def test_what_was_chosen_is_shown_and_nothing_else(tree, chance):
    disclosable = [place for place in places(tree) if chance.random() < 0.5]
    text = issued(tree, disclosable, chance)
    whole = processed(text)
    assert whole.payload == tree
    assert set(whole.places) == set(disclosable)
    hidden = {place for place in disclosable if chance.random() < 0.5}
    # What stands in something hidden is hidden with it.
    kept = [
        place
        for place in whole.places
        if not any(place[:length] in hidden for length in range(1, len(place) + 1))
    ]
    texts = [whole.places[place].text for place in kept]
    chance.shuffle(texts)
    seen = processed("~".join([text.partition("~")[0], *texts, ""]))
    assert seen.payload == without(tree, hidden)
    assert len(seen.places) == len(kept)


@given(claims, chances)
def test_a_disclosure_without_the_one_that_holds_it_is_refused(tree, chance):
    text = issued(tree, places(tree), chance)
    whole = processed(text)
    nested = [place for place in whole.places if len(place) > 1]
    if nested:
        lone = whole.places[chance.choice(nested)].text
        with pytest.raises(PassportError, match=r"sdjwt\.disclosure_unreferenced"):
            processed(f"{text.partition('~')[0]}~{lone}~")


SOUND = sd_jwt.issue(
    {"a": [1, {"b": "c"}], "d": "e"},
    disclosable=[("a", None), ("a", 1, "b"), ("d",)],
    header={"typ": "example+sd-jwt"},
    signer=forge.ISSUER,
    salts=secrets.token_bytes,
)


@given(st.integers(0, len(SOUND) - 1), st.integers(1, 127))
@settings(max_examples=400)
def test_no_changed_byte_verifies(place, flip):
    changed = SOUND[:place] + chr(ord(SOUND[place]) ^ flip) + SOUND[place + 1 :]
    with pytest.raises(PassportError):
        processed(changed)


@given(st.text(alphabet="~.eyJAQ_-= \n\u00e9", max_size=60))
def test_any_text_is_refused_in_our_words(text):
    with pytest.raises(PassportError):
        processed(text)


def marked(value: Any, disclosable: set[tuple], place: tuple = ()) -> Any:
    """``value`` with the reference implementation's marks."""
    if isinstance(value, dict):
        found = {}
        for name, member in value.items():
            here = (*place, name)
            key = SDObj(name) if here in disclosable else name
            found[key] = marked(member, disclosable, here)
        return found
    if isinstance(value, list):
        inner = [marked(entry, disclosable, (*place, i)) for i, entry in enumerate(value)]
        return [SDObj(e) if (*place, i) in disclosable else e for i, e in enumerate(inner)]
    return value


def reference_key(signer: forge.SoftwareSigner):
    from jwcrypto.jwk import JWK  # noqa: PLC0415 - only here

    return JWK(**signer.private_jwk())


@given(claims, chances)
@settings(deadline=None)
def test_the_reference_implementation_issues_what_we_read(tree, chance):
    disclosable = {place for place in places(tree) if chance.random() < 0.5}
    issuer = SDJWTIssuer(
        copy.deepcopy(marked(tree, disclosable)),
        reference_key(forge.ISSUER),
        add_decoy_claims=chance.random() < 0.5,
        extra_header_parameters={"typ": "example+sd-jwt"},
    )
    seen = processed(issuer.sd_jwt_issuance)
    assert seen.payload == tree
    assert set(seen.places) == disclosable


@given(claims, chances)
@settings(deadline=None)
def test_the_reference_implementation_reads_what_we_issue(tree, chance):
    text = issued(tree, [place for place in places(tree) if chance.random() < 0.5], chance)
    key = reference_key(forge.ISSUER)
    verifier = SDJWTVerifier(text, lambda *_: key, None, None)
    assert verifier.get_verified_payload() == tree
    holder = SDJWTHolder(text)
    holder.create_presentation({}, None, None, None)
    ours = processed(holder.sd_jwt_presentation)
    theirs = SDJWTVerifier(holder.sd_jwt_presentation, lambda *_: key, None, None)
    assert json.dumps(ours.payload) == json.dumps(theirs.get_verified_payload())
