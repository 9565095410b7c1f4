"""Two desks put together what they were shown: nothing ties two copies of one patient's record.

What two copies have in common is listed here with its reason, value by value, and nothing else may
be; a stranger with the same record has the very same in common with them. What does tie (a copy
shown twice, an issuer who remembers) is asserted as well: docs/privacy.md says so.
"""

from __future__ import annotations

import random
import re
import secrets
from functools import cache
from itertools import pairwise

import pytest
from copies_world import ALLERGIES, CHOICE, KINDS, PHARMACY, SD_JWT, WARD, Copy, Practice, with_rows
from linking import common, idle, traits, unexplained
from repository import ROOT
from simulated_issuer import NOW

from healthpassport.formats import sd_jwt_vc
from healthpassport.keys.signer import generate_signer
from healthpassport.summary import disclosure_tree, to_payload

SELECTIVE = ("dc+sd-jwt", "ecdsa-sd-2023", "bbs-2023")

# What two copies may have in common, and with whom a patient shares it.
CHOSEN = ("familyName", "givenNames#", "givenNames.count", "birthDate", "nhsNumber.*")
ENVELOPE = ("asOf", "state", "itemCount", "endedCount", "window", "warnings.count")  # always shown
SD_JWT_COMMON = {
    "what the patient chose": (
        *(f"disclosure.{name}" for name in CHOSEN),
        "disclosure.#.unit.*",
        "disclosure.onset",
    ),
    "the envelope of this record": tuple(f"issuer.payload.{name}" for name in ENVELOPE),
    "how much there is": (
        "issuer.payload._sd.count",
        "issuer.payload.items.count",
        "issuer.payload.items.shown",
        "issuer.payload.negations.shown",
        "disclosure.#._sd.count",
    ),
    "everybody of this issuer and day": ("issuer.payload.iat", "issuer.payload.exp"),
    "everybody of this issuer": (
        "issuer.header.x5c*",
        "issuer.payload.iss",
        "issuer.payload.source.*",
        "issuer.payload.status.status_list.uri",
    ),
    "everybody": (
        "issuer.header.alg",
        "issuer.header.typ",
        "issuer.payload.vct",
        "issuer.payload._sd_alg",
        "issuer.payload.cnf.jwk.crv",
        "issuer.payload.cnf.jwk.kty",
        "holder.header.*",
    ),
}
SUBJECT = "vc.credentialSubject"
W3C_COMMON = {
    "what the patient chose": (
        *(f"{SUBJECT}.{name}" for name in CHOSEN),
        f"{SUBJECT}.items#.unit.*",
        f"{SUBJECT}.items#.onset",
    ),
    "the envelope of this record": tuple(f"{SUBJECT}.{name}" for name in ENVELOPE),
    "how much is shown": (f"{SUBJECT}.items.count",),
    "everybody of this issuer and day": ("vc.validFrom", "vc.validUntil", "vc.proof.created"),
    "everybody of this issuer": (
        "vc.issuer",
        "vc.proof.verificationMethod",
        f"{SUBJECT}.source.*",
        "vc.credentialStatus#.statusListCredential",
    ),
    "everybody": (
        "@context*",
        "type*",
        "proof.type",
        "proof.proofPurpose",
        "proof.cryptosuite",
        "verifiableCredential.count",
        "vc.@context*",
        "vc.type*",
        f"{SUBJECT}.type",
        "vc.credentialStatus.count",
        "vc.credentialStatus#.type",
        "vc.credentialStatus#.statusPurpose",
        "vc.proof.type",
        "vc.proof.proofPurpose",
        "vc.proof.cryptosuite",
    ),
}
# Beside that, of each suite: how much there is.
COUNTS = {
    "dc+sd-jwt": (),
    "ecdsa-sd-2023": ("vc.proof.proof.labels.count", "vc.proof.proof.signatures.count"),
    "eddsa-rdfc-2022": (),
    "bbs-2023": ("vc.proof.proof.proof.count",),  # its length: all statements, withheld or not
}
# Orders that each copy draws anew: with few statements two draws are alike now and then.
DRAWN = frozenset(f"vc.proof.proof.{name}" for name in ("mandatory", "selective"))
DRAWN_BBS = DRAWN | {"vc.proof.proof.labels"}
# What ties two presentations of the same copy.
TIES = {
    "dc+sd-jwt": {
        "issuer.signature",
        "issuer.signature.half",
        "issuer.payload.cnf.jwk.x",
        "issuer.payload.cnf.jwk.y",
        "issuer.payload.status.status_list.idx",
        "issuer.payload._sd#",
        "issuer.payload.items#....",
        "disclosure.#._sd#",
        "disclosure.salt",
        "disclosure.digest-input",
        "holder.payload.sd_hash",
    },
    "holder and status": {
        "holder",
        "proof.verificationMethod",
        f"{SUBJECT}.id",
        "vc.credentialStatus#.statusListIndex",
    },
    "ecdsa-sd-2023": {
        "vc.proof.proof.signature",
        "vc.proof.proof.signature.half",
        "vc.proof.proof.key",
        "vc.proof.proof.signatures",
        "vc.proof.proof.signatures.half",
        "vc.proof.proof.labels",
    },
    "eddsa-rdfc-2022": {"vc.proof.proof.signature", "vc.proof.proof.signature.half"},
    "bbs-2023": set(),
}


def explained(kind):
    of_format = SD_JWT_COMMON if kind == SD_JWT else W3C_COMMON
    return frozenset(COUNTS[kind]).union(*of_format.values())


def drawn(kind):
    return DRAWN_BBS if kind == "bbs-2023" else DRAWN


@pytest.fixture(scope="module")
def batch_of(tmp_path_factory):
    """Five copies of one patient and two of the next, whose record says the same, in each kind."""

    @cache
    def made(kind):
        practice = Practice(tmp_path_factory.mktemp("practice"), kind)
        return practice.collect(), practice.collect(2)

    return made


@pytest.mark.parametrize("kind", KINDS)
def test_two_copies_have_in_common_only_what_is_listed(batch_of, kind):
    copies, _ = batch_of(kind)
    found = common(WARD.shown(copies[0]), PHARMACY.shown(copies[1])) - drawn(kind)
    assert unexplained(found, explained(kind)) == set()
    assert idle(found, explained(kind)) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_copy_of_a_batch_is_unlike_every_other(batch_of, kind):
    copies, _ = batch_of(kind)
    shown = [WARD.shown(copy) for copy in copies]  # even to one desk, for one request
    by_chance = drawn(kind) | {"proof.challenge", "proof.created", "proof.domain"}
    by_chance |= {f"holder.payload.{name}" for name in ("aud", "nonce", "iat")}
    for first, second in pairwise([*shown, shown[0]]):
        assert unexplained(common(first, second) - by_chance, explained(kind)) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_with_the_same_record_is_as_like_as_the_patient(batch_of, kind):
    copies, strangers = batch_of(kind)
    first = WARD.shown(copies[0])
    own = common(first, PHARMACY.shown(copies[1])) - drawn(kind)
    other = common(first, PHARMACY.shown(strangers[0])) - drawn(kind)
    assert own == other


@pytest.mark.parametrize("kind", SELECTIVE)
def test_without_anything_chosen_only_envelope_and_issuer_are_in_common(batch_of, kind):
    copies, _ = batch_of(kind)
    found = common(WARD.shown(copies[0], set()), PHARMACY.shown(copies[1], set())) - drawn(kind)
    of_format = SD_JWT_COMMON if kind == SD_JWT else W3C_COMMON
    assert unexplained(found, explained(kind) - set(of_format["what the patient chose"])) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_copy_shown_twice_is_recognised(batch_of, kind):
    copies, _ = batch_of(kind)
    found = common(WARD.shown(copies[0]), PHARMACY.shown(copies[0]))
    tied = TIES[kind] if kind == SD_JWT else TIES[kind] | TIES["holder and status"]
    assert unexplained(found, explained(kind)) - drawn(kind) == tied - drawn(kind)


def test_a_bbs_proof_hides_signature_and_withheld_values_but_not_its_order(batch_of):
    """The proofs have no octet in common; the order of the labels is the copy's own."""
    copies, _ = batch_of("bbs-2023")
    found = common(WARD.shown(copies[0]), PHARMACY.shown(copies[0]))
    assert not any(place.startswith("vc.proof.proof.proof.part") for place in found)
    assert "vc.proof.proof.proof" not in found
    assert found & DRAWN_BBS == DRAWN_BBS


def test_with_some_rows_the_order_in_a_bbs_proof_is_as_good_as_a_name(tmp_path):
    copies = Practice(tmp_path, "bbs-2023", with_rows(8)).collect(12)
    choice = CHOICE | {("items", n) for n in range(8)}
    orders = [of(WARD.shown(copy, choice), "vc.proof.proof.labels") for copy in copies]
    assert len(set(orders)) == len(orders)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("dc+sd-jwt", {"issuer.payload.itemCount"}),  # up to four
        ("ecdsa-sd-2023", {f"{SUBJECT}.itemCount"}),
        ("bbs-2023", {f"{SUBJECT}.itemCount", "vc.proof.proof.proof.count"}),
    ],
)
def test_of_withheld_rows_only_their_number_is_told(tmp_path, kind, told):
    shown = [
        WARD.shown(Practice(tmp_path / str(count), kind, with_rows(count)).collect(1)[0])
        for count in (2, 4)
    ]
    assert all(not {f"Allergy {n}" for n in (1, 2, 3)} & traits(text).keys() for text in shown)
    few, many = map(numbers, shown)
    assert {place for place in few | many if few.get(place) != many.get(place)} == told


def test_the_digests_of_a_list_are_filled_up_to_fours(tmp_path):
    practices = (Practice(tmp_path / str(n), SD_JWT, with_rows(n)) for n in (1, 4, 5, 8))
    shown = [WARD.shown(practice.collect(1)[0]) for practice in practices]
    assert [of(text, "issuer.payload.items.count") for text in shown] == [4, 4, 8, 8]


@pytest.mark.parametrize("kind", KINDS)
def test_the_issuer_knows_each_copy_again(batch_of, kind):
    """Issuer and desk together can tell who it was, also where the signature is hidden."""
    copies, _ = batch_of(kind)
    text = copies[0].text
    issued = traits(text if kind == SD_JWT else f'{{"verifiableCredential":[{text}]}}')
    shown = traits(WARD.shown(copies[0]))
    known = {place for value in issued.keys() & shown.keys() for place in shown[value]}
    if kind == SD_JWT:
        assert known >= TIES[kind] - {"holder.payload.sd_hash"}
    else:
        assert known >= TIES["holder and status"]
        assert ("vc.proof.proof.signature" in known) is (kind != "bbs-2023")


def numbers(text):
    """How much there is of everything, by its place."""
    found = (key for key in traits(text) if isinstance(key, tuple) and isinstance(key[1], int))
    times = {"issuer.payload.status.status_list.idx", "holder.payload.iat"}
    return {place: value for place, value in found if place not in times}


def of(text, place):
    """The value at ``place``."""
    key = next(value for value, places in traits(text).items() if place in places)
    return key[1] if isinstance(key, tuple) else key


def with_fault(name, practice_key, now):
    """Two copies as a careless issuer would make them: alike in what ``name`` says."""
    one_holder, copies = generate_signer(), []
    for number in range(2):
        holder = one_holder if name == "holder" else generate_signer()
        index = 7 if name == "index" else 7 + number
        seed = 7 if name == "salts" else secrets.randbits(64)
        text = sd_jwt_vc.issue(
            payload=to_payload(ALLERGIES),
            disclosable=disclosure_tree("AllergySummary"),
            signer=practice_key,
            iss="https://issuer.example",
            holder_jwk=holder.public_key.jwk(),
            issued_at=now,
            expires_at=now.replace(year=2027),
            salts=random.Random(seed).randbytes,  # noqa: S311 - the fault itself
            status={"status_list": {"idx": index, "uri": "https://issuer.example/status/1"}},
        )
        copies.append(Copy(SD_JWT, text, holder))
    return copies


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        ("salts", "disclosure.salt"),
        ("salts", "issuer.payload._sd#"),
        ("index", "issuer.payload.status.status_list.idx"),
        ("holder", "issuer.payload.cnf.jwk.x"),
    ],
)
def test_a_careless_issuer_s_copies_would_be_found_out(fault, place):
    first, second = with_fault(fault, generate_signer(), NOW)
    found = common(WARD.shown(first), PHARMACY.shown(second))
    assert place in unexplained(found, explained(SD_JWT))


def test_a_time_to_the_second_would_be_in_common_with_nobody_else():
    key = generate_signer()
    first, second = with_fault("", key, NOW)
    _, stranger = with_fault("", key, NOW.replace(second=13))
    own = common(WARD.shown(first), PHARMACY.shown(second))
    assert own - common(WARD.shown(first), PHARMACY.shown(stranger)) == {
        "issuer.payload.iat",
        "issuer.payload.exp",
    }


def test_the_page_on_privacy_names_every_part_that_is_always_shown():
    page = (ROOT / "docs" / "privacy.md").read_text()
    for name in ENVELOPE:
        assert re.search(rf"`{name.removesuffix('.count')}`", page), name
