"""Proofs that must be refused: altered, foreign, stale, downgraded, out of place."""

from __future__ import annotations

import copy
import json
from datetime import timedelta

import integrity_world as world
import pytest
from integrity_world import (
    CONTEXT_URL,
    DOMAIN,
    EVERY_SUITE,
    HOLDER,
    ISSUER,
    ISSUER_384,
    ISSUER_ED,
    MADE,
    NOW,
    SIGNERS,
    STRANGER,
    VOCABULARY,
    credential,
    did_of,
    issued,
    method_of,
    presented,
    verify,
    verify_as_holder,
    verify_presented,
    with_proof,
)

from healthpassport import cbor, dids, multibase
from healthpassport.errors import PassportError
from healthpassport.formats import data_integrity
from healthpassport.keys.multikey import multikey

SHOWN = (
    "/credentialSubject/id",
    "/credentialSubject/familyName",
    "/credentialSubject/allergies/1",
    "/credentialSubject/allergies/2/unit",
)
PLAIN = [name for name in SIGNERS if name != "ecdsa-sd-2023"]


def refused(code, call, *arguments, **changes):
    with pytest.raises(PassportError) as refusal:
        call(*arguments, **changes)
    assert refusal.value.code == code


@pytest.fixture(scope="module")
def base():
    return issued()


@pytest.fixture(scope="module")
def shown(base):
    return world.derived(base, *SHOWN)


@pytest.fixture(scope="module", params=sorted(SIGNERS))
def any_shown(request):
    """What a verifier is shown, of every suite in the default allow list."""
    document = issued(request.param)
    return world.derived(document, *SHOWN) if request.param == "ecdsa-sd-2023" else document


@pytest.fixture(scope="module")
def presentation(shown):
    return presented(shown)


def repacked(document, change, header=None):
    """``document`` with the components of its CBOR proof value changed."""
    data = multibase.decode(document["proof"]["proofValue"])
    components = list(cbor.decode(data[3:]))
    components = change(components) or components
    value = multibase.encode_base64url((header or data[:3]) + cbor.encode(components))
    return with_proof(document, proofValue=value)


# --- purpose, verification method and relationship


def test_di_001_a_proof_for_authentication_is_no_assertion(any_shown):
    refused(
        "PROOF_VERIFICATION_ERROR", verify, with_proof(any_shown, proofPurpose="authentication")
    )
    made = issued("eddsa-jcs-2022", purpose="authentication")
    refused("PROOF_VERIFICATION_ERROR", verify, made)


@pytest.mark.parametrize("purpose", [None, "assertionMethod", ["authentication"], ""])
def test_di_002_a_presentation_is_signed_to_authenticate(presentation, purpose):
    changed = with_proof(presentation, proofPurpose=purpose)
    refused("PROOF_VERIFICATION_ERROR", verify_presented, changed)


def hosted(relationship, signer=ISSUER_ED, controller="did:web:surgery.example"):
    """A did:web document whose one key is listed under ``relationship``, and its resolver."""
    did = "did:web:surgery.example"
    method = {
        "id": f"{did}#key",
        "type": "Multikey",
        "controller": controller,
        "publicKeyMultibase": multikey(signer.public_key),
    }
    document = {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [method],
        relationship: [method["id"]],
    }
    return did, lambda url: dids.resolve(url, documents={did: document})


def test_di_003_a_key_that_is_not_listed_for_assertions_makes_none():
    did, resolve = hosted("authentication")
    document = credential(did)
    made = issued("eddsa-jcs-2022", document=document, verification_method=f"{did}#key")
    refused("did.relationship", verify, made, resolve=resolve)
    _, listed = hosted("assertionMethod")
    assert verify(made, resolve=listed).proofs[0].owner == did


@pytest.mark.parametrize(
    "url",
    [
        "#key",
        "key",
        "/keys/1",
        "data:application/json,{}",
        "https://surgery.example/keys/1#key",
        "did:web:surgery.example",
        "did:web:surgery.example#other",
        "did:web:surgery.example#key#key",
    ],
)
def test_di_005_a_method_url_that_leads_to_no_key_is_refused(url):
    did, resolve = hosted("assertionMethod")
    made = issued("eddsa-jcs-2022", document=credential(did), verification_method=url)
    refused("did.url", verify, made, resolve=resolve)


def test_a_resolver_that_gives_another_key_is_not_believed():
    made = issued("eddsa-jcs-2022")
    other = dids.resolve(method_of(HOLDER))
    refused("PROOF_VERIFICATION_ERROR", verify, made, resolve=lambda _url: other)


# --- times


def test_di_008_a_proof_that_expired_is_refused():
    made = issued("eddsa-jcs-2022", expires=NOW - timedelta(minutes=2))
    refused("di.expired", verify, made)
    assert verify(made, now=NOW - timedelta(minutes=3))
    assert verify(issued("eddsa-jcs-2022", expires=NOW - timedelta(seconds=30)))


def test_a_proof_of_the_future_is_refused():
    made = issued("eddsa-jcs-2022", created=NOW + timedelta(minutes=2))
    refused("di.created", verify, made)
    assert verify(issued("eddsa-jcs-2022", created=NOW + timedelta(seconds=30)))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23",
        "2026-02-30T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23 11:00:00Z",
        "2026-11-23T11:00:00+15:00",
        "2026-11-23T11:00:00+1:00",
        "12026-11-23T11:00:00Z",
        "",
        1_795_000_000,
        None,
        ["2026-11-23T11:00:00Z"],
    ],
)
@pytest.mark.parametrize("member", ["created", "expires"])
def test_a_time_that_is_none_is_refused(member, text):
    made = issued("eddsa-jcs-2022")
    made["proof"][member] = text
    refused("PROOF_VERIFICATION_ERROR", verify, made)


# --- suites and policy


def test_di_009_an_unknown_suite_is_refused(any_shown):
    refused("di.cryptosuite", verify, with_proof(any_shown, cryptosuite="ecdsa-xyz-2099"))
    refused("di.cryptosuite", verify, with_proof(any_shown, cryptosuite=None))
    refused("di.cryptosuite", verify, with_proof(any_shown, type="Ed25519Signature2020"))


@pytest.mark.parametrize("name", sorted(EVERY_SUITE))
def test_di_009_a_suite_with_another_suites_key_is_refused(name):
    takes = data_integrity.CRYPTOSUITES[name].key_algorithms
    for signer in (ISSUER, ISSUER_384, ISSUER_ED):
        if signer.algorithm not in takes:
            made = issued("eddsa-jcs-2022")
            made["issuer"] = did_of(signer)
            changed = with_proof(made, cryptosuite=name, verificationMethod=method_of(signer))
            refused("di.cryptosuite", verify, changed, allowed=EVERY_SUITE)


def test_di_010_a_weaker_proof_that_is_left_over_is_not_enough(base, shown):
    second = {"verification_method": method_of(ISSUER), "signer": ISSUER}
    both = issued("ecdsa-jcs-2019", document=world.verify(shown).document, **second)
    both["proof"] = [shown["proof"], both["proof"]]
    only = frozenset({"ecdsa-sd-2023"})
    assert len(verify(both, allowed=only).proofs) == 2
    stripped = {**both, "proof": both["proof"][1]}
    assert verify(stripped)
    refused("di.policy", verify, stripped, allowed=only)
    refused("di.policy", verify, {**both, "proof": both["proof"][1:]}, allowed=only)


def test_di_010_every_proof_of_a_set_must_verify(shown):
    good = shown["proof"]
    broken = with_proof(shown, proofValue=good["proofValue"][:-1] + "A")["proof"]
    foreign = {**good, "cryptosuite": "ecdsa-xyz-2099"}
    for other in (broken, foreign):
        with pytest.raises(PassportError):
            verify({**shown, "proof": [good, other]})
        with pytest.raises(PassportError):
            verify({**shown, "proof": [other, good]})


def test_an_experimental_suite_is_in_no_default():
    assert "bbs-2023" in EVERY_SUITE - data_integrity.DEFAULT_ALLOWED
    made = issued("eddsa-jcs-2022")
    refused("di.policy", verify, with_proof(made, cryptosuite="bbs-2023"))


@pytest.mark.parametrize("allowed", [frozenset(), frozenset({"ecdsa-sd-2023"})])
def test_what_is_not_allowed_is_not_enough(allowed):
    refused("di.policy", verify, issued("eddsa-jcs-2022"), allowed=allowed)


# --- what is signed


def test_a_value_that_was_changed_is_noticed(any_shown):
    changed = copy.deepcopy(any_shown)
    changed["credentialSubject"]["familyName"] = "Other"
    refused("di.signature", verify, changed)


@pytest.mark.parametrize("member", ["created", "nonce", "domain", "challenge", "expires", "id"])
def test_a_member_of_the_proof_that_was_added_or_changed_is_noticed(any_shown, member):
    values = {
        "created": "2026-11-22T11:00:00Z",
        "expires": "2036-11-22T11:00:00Z",
        "id": "urn:uuid:0b2f1d9e-0a51-4c6a-9d3a-6f0d6e0c0009",
    }
    changed = with_proof(any_shown, **{member: values.get(member, "another")})
    refused("di.signature", verify, changed)


def test_di_014_a_member_that_no_context_defines_is_refused(any_shown):
    changed = copy.deepcopy(any_shown)
    changed["credentialSubject"]["bloodGroup"] = "O negative"
    jcs = "-jcs-" in any_shown["proof"]["cryptosuite"]
    refused("di.signature" if jcs else "jsonld.term_undefined", verify, changed)
    with pytest.raises(PassportError):
        issued(document=unsigned(changed))


def unsigned(document):
    return {name: value for name, value in document.items() if name != "proof"}


def test_di_015_a_clique_of_blank_nodes_is_refused_in_bounded_time():
    made = issued("ecdsa-rdfc-2019")
    nodes = [{"id": f"_:n{i}"} for i in range(10)]
    made["credentialSubject"]["allergies"] = [
        {**node, "allergies": [other for other in nodes if other != node]} for node in nodes
    ]
    refused("limit.canonicalization", verify, made)


def test_a_context_that_was_swapped_or_is_unknown_is_refused(any_shown):
    model = any_shown["@context"][0]
    refused(
        "di.signature"
        if "-jcs-" in any_shown["proof"]["cryptosuite"]
        else "jsonld.context_unknown",
        verify,
        with_context(any_shown, [model, "https://other.example/v1"]),
    )
    other = json.loads(json.dumps(world.CONTEXT).replace(VOCABULARY, "https://other.example/#"))
    known = world.contexts().extended({"https://other.example/v1": other})
    swapped = with_context(any_shown, [model, "https://other.example/v1"])
    refused("di.signature", verify, swapped, contexts=known)
    alone = with_context(any_shown, [model])
    with pytest.raises(PassportError):
        verify(alone)


def with_context(document, context):
    """``document`` with another context, in a -jcs- proof too."""
    proof = document["proof"]
    changed = {**proof, "@context": context} if "@context" in proof else proof
    return {**document, "@context": context, "proof": changed}


def test_a_context_that_was_appended_is_not_in_what_a_jcs_proof_vouches_for():
    made = issued("ecdsa-jcs-2019")
    extended = {**made, "@context": [*made["@context"], "https://w3id.org/security/multikey/v1"]}
    assert verify(extended).document["@context"] == made["@context"]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "@context": made["@context"][:1]})


def test_a_context_inside_the_proof_must_be_the_documents():
    made = issued("ecdsa-rdfc-2019")
    assert verify(with_proof(made, **{"@context": made["@context"]}))
    other = with_proof(made, **{"@context": [CONTEXT_URL]})
    refused("PROOF_VERIFICATION_ERROR", verify, other)


# --- ecdsa-sd-2023


def test_di_018_a_base_proof_is_not_for_verifiers(base, shown):
    refused("di.proof_value", verify, base)
    refused("di.proof_value", verify, repacked(shown, lambda _: None, b"\xd9\x5d\x00"))
    for header in (b"\xd9\x5d\x02", b"\xd9\x5d\x03", b"\xd9\x5e\x01", b"\xd8\x5d\x01"):
        refused("di.proof_value", verify, repacked(shown, lambda _: None, header))
    refused("di.proof_value", verify_as_holder, shown)


@pytest.mark.parametrize("member", ["validUntil", "issuer"])
def test_di_019_a_mandatory_statement_that_was_taken_away_is_noticed(shown, member):
    changed = {name: value for name, value in shown.items() if name != member}
    refused("di.signature", verify, changed)


def labels_of(shown):
    return cbor.decode(multibase.decode(shown["proof"]["proofValue"])[3:])[3]


LABEL_CHANGES = {
    "twice": lambda labels: dict.fromkeys(labels, labels[0]),
    "out of range": lambda labels: labels | {len(labels): bytes(32)},
    "far out of range": lambda labels: labels | {2**40: bytes(32)},
    "negative": lambda labels: {-1 if k == 0 else k: v for k, v in labels.items()},
    "one missing": lambda labels: {k: v for k, v in labels.items() if k != len(labels) - 1},
    "none": lambda _labels: {},
    "a list": lambda labels: list(labels.values()),
    "short": lambda labels: {k: v[:31] for k, v in labels.items()},
    "long": lambda labels: {k: v + b"\0" for k, v in labels.items()},
    "a text": lambda labels: dict.fromkeys(labels, "b0"),
    "text keys": lambda labels: {f"c14n{k}": v for k, v in labels.items()},
}


@pytest.mark.parametrize("change", LABEL_CHANGES.values(), ids=LABEL_CHANGES)
def test_di_020_a_label_map_that_is_not_that_of_the_document_is_refused(shown, change):
    changed = repacked(shown, lambda c: [*c[:3], change(c[3]), c[4]])
    refused("di.proof_value", verify, changed)


def test_di_020_labels_that_were_exchanged_are_noticed(shown):
    def exchanged(components):
        labels = list(components[3].values())
        return [*components[:3], dict(enumerate(labels[1:] + labels[:1])), components[4]]

    assert len(labels_of(shown)) > 1
    refused("di.signature", verify, repacked(shown, exchanged))


INDEX_CHANGES = {
    "out of range": lambda i: [*i[:-1], 10_000],
    "not rising": lambda i: [i[1], i[0], *i[2:]],
    "twice": lambda i: [i[0], i[0], *i[2:]],
    "negative": lambda i: [-1, *i[1:]],
    "a text": lambda i: ["0", *i[1:]],
    "bytes": bytes,
    "nested": lambda i: [i],
}


@pytest.mark.parametrize("change", INDEX_CHANGES.values(), ids=INDEX_CHANGES)
def test_di_020_indexes_that_cannot_be_are_refused(shown, change):
    changed = repacked(shown, lambda c: [*c[:4], change(c[4])])
    refused("di.proof_value", verify, changed)


def test_di_020_an_index_of_another_statement_is_noticed(shown):
    def moved(components):
        indexes = components[4]
        free = next(i for i in range(len(indexes) + 1) if i not in indexes)
        return [*components[:4], sorted([free, *indexes[1:]])]

    refused("di.signature", verify, repacked(shown, moved))


SIGNATURE_CHANGES = {
    "swapped": lambda s: [s[1], s[0], *s[2:]],
    "one too many": lambda s: [*s, s[0]],
    "one too few": lambda s: s[1:],
    "none": lambda _s: [],
    "the first twice": lambda s: [s[0], s[0], *s[2:]],
}


@pytest.mark.parametrize("change", SIGNATURE_CHANGES.values(), ids=SIGNATURE_CHANGES)
def test_di_021_signatures_of_other_statements_are_noticed(shown, change):
    refused("di.signature", verify, repacked(shown, lambda c: [*c[:2], change(c[2]), *c[3:]]))


def test_a_statement_that_was_added_with_a_signature_of_its_own_is_noticed(shown):
    changed = copy.deepcopy(shown)
    changed["credentialSubject"]["givenName"] = "Added"
    more = repacked(changed, lambda c: [*c[:2], [*c[2], bytes(63) + b"\1"], *c[3:]])
    refused("di.signature", verify, more)


COMPONENT_CHANGES = {
    "key of another curve": lambda c: [c[0], b"\x81\x24" + c[1][2:], *c[2:]],
    "key too long": lambda c: [c[0], c[1] + b"\0", *c[2:]],
    "key off its curve": lambda c: [c[0], b"\x80\x24\x02" + b"\xff" * 32, *c[2:]],
    "key not compressed": lambda c: [c[0], b"\x80\x24\x04" + c[1][3:], *c[2:]],
    "short base signature": lambda c: [c[0][:63], *c[1:]],
    "long base signature": lambda c: [c[0] + b"\0", *c[1:]],
    "short signature": lambda c: [*c[:2], [c[2][0][:63], *c[2][1:]], *c[3:]],
    "signature as text": lambda c: [*c[:2], ["s" * 64, *c[2][1:]], *c[3:]],
    "four members": lambda c: c[:4],
    "six members": lambda c: [*c, []],
    "a map": lambda c: dict(enumerate(c)),
    "a tagged member": lambda c: [*c[:4], cbor.Tagged(64, c[4])],
}


@pytest.mark.parametrize("change", COMPONENT_CHANGES.values(), ids=COMPONENT_CHANGES)
def test_a_proof_value_of_another_shape_is_refused(shown, change):
    changed = repacked(shown, change)
    with pytest.raises(PassportError) as refusal:
        verify(changed)
    # A key that is none shows only after the issuer's signature over it, which is then wrong.
    assert refusal.value.code in {"di.proof_value", "di.signature"}


def test_cbor_that_is_not_the_shortest_is_refused(shown):
    data = multibase.decode(shown["proof"]["proofValue"])
    assert data[3] == 0x85
    longer = multibase.encode_base64url(data[:3] + b"\x98\x05" + data[4:])
    endless = multibase.encode_base64url(data[:3] + b"\x9f" + data[4:] + b"\xff")
    followed = multibase.encode_base64url(data + b"\0")
    cut = multibase.encode_base64url(data[:-1])
    bomb = multibase.encode_base64url(data[:3] + b"\x9b" + b"\xff" * 8)
    nested = multibase.encode_base64url(data[:3] + b"\x81" * 5_000)
    for value in (longer, endless, followed, cut, bomb, nested, "u", "", "z" + "1" * 50, "u!"):
        refused("di.proof_value", verify, with_proof(shown, proofValue=value))


@pytest.mark.parametrize("value", [None, 5, ["u2V0B"], {}])
def test_a_proof_value_that_is_no_text_is_refused(shown, value):
    changed = {**shown, "proof": {**shown["proof"], "proofValue": value}}
    refused("PROOF_VERIFICATION_ERROR", verify, changed)


POINTERS = {
    "a bad escape": "/credentialSubject/~2",
    "behind the last": "/credentialSubject/allergies/-",
    "leading zero": "/credentialSubject/allergies/00",
    "no slash": "credentialSubject",
    "nothing there": "/credentialSubject/unknown",
    "beyond the list": "/credentialSubject/allergies/9",
    "through a text": "/issuer/0",
}


@pytest.mark.parametrize("pointer", POINTERS.values(), ids=POINTERS)
def test_di_024_a_pointer_that_leads_nowhere_is_refused(base, pointer):
    refused("di.pointer", world.derived, base, pointer)
    refused("di.pointer", issued, mandatory_pointers=[pointer])


def test_di_024_too_many_pointers_are_refused(base):
    many = ["/credentialSubject/familyName"] * 10_000
    refused("di.pointer", world.derived, base, *many)
    refused("di.pointer", issued, mandatory_pointers=many)


def test_a_base_proof_that_was_changed_is_noticed_by_its_holder(base):
    assert verify_as_holder(base)
    moved = repacked(base, lambda c: [*c[:3], [c[3][1], c[3][0], *c[3][2:]], c[4]])
    unlisted = repacked(base, lambda c: [*c[:4], c[4][1:]])
    for changed in (moved, unlisted, {**base, "validUntil": "2028-11-01T00:00:00Z"}):
        refused("di.signature", verify_as_holder, changed)
    refused("di.proof_value", world.derived, unlisted, *SHOWN)


# --- plain signatures


def signature_values(document):
    """Signatures that are none: of the wrong range, form and length."""
    octets = multibase.decode(document["proof"]["proofValue"])
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551.to_bytes(32, "big")
    der = b"\x30\x44\x02\x20" + octets[:32] + b"\x02\x20" + octets[32:64]
    return {
        "zeros": bytes(len(octets)),
        "s is zero": octets[:32] + bytes(32),
        "r is zero": bytes(32) + octets[32:],
        "s is the order": octets[:32] + order,
        "DER": der,
        "cut": octets[:-1],
        "longer": octets + b"\0",
        "of P-384": octets + octets[:32],
        "one octet": b"\1",
    }


@pytest.mark.parametrize("suite", PLAIN)
def test_di_034_signatures_that_are_none_are_refused(suite):
    made = issued(suite)
    for value in signature_values(made).values():
        refused("di.signature", verify, with_proof(made, proofValue=multibase.encode_base58(value)))


@pytest.mark.parametrize("place", [0, 2])
def test_di_034_statement_signatures_that_are_none_are_refused(shown, place):
    def replaced(components, value):
        if place == 0:
            return [value, *components[1:]]
        return [*components[:2], [value, *components[2][1:]], *components[3:]]

    for value in (bytes(64), b"\xff" * 64):
        changed = repacked(shown, lambda c, value=value: replaced(c, value))
        refused("di.signature", verify, changed)


@pytest.mark.parametrize("suite", PLAIN)
def test_a_signature_in_another_base_is_refused(suite):
    made = issued(suite)
    octets = multibase.decode(made["proof"]["proofValue"])
    for value in (multibase.encode_base64url(octets), "z", "z0", "zO", "m" + "A" * 88, "É"):
        refused("di.proof_value", verify, with_proof(made, proofValue=value))


# --- whose it is


def test_di_033_a_key_that_is_not_the_issuers_is_refused(any_shown):
    for issuer in (did_of(STRANGER), {"id": did_of(STRANGER), "name": "Surgery"}):
        suite = any_shown["proof"]["cryptosuite"]
        made = issued(suite, document=credential(issuer))
        final = world.derived(made, *SHOWN) if suite == "ecdsa-sd-2023" else made
        refused("trust.key_not_of_issuer", verify, final)


@pytest.mark.parametrize("issuer", [{"name": "Surgery"}, [], 5, ""])
def test_an_issuer_without_identifier_has_no_key(issuer):
    made = issued("eddsa-jcs-2022", document=credential() | {"issuer": issuer})
    refused("trust.key_not_of_issuer", verify, made)


def test_an_issuer_that_is_an_object_is_known_by_its_id():
    made = issued("eddsa-jcs-2022", document=credential({"id": did_of(ISSUER_ED)}))
    assert verify(made).proofs[0].owner == did_of(ISSUER_ED)


def test_a_document_that_calls_another_the_controller_of_its_key_gains_nothing():
    class Claimed:
        """A method in a document of its own that names the issuer as controller."""

        id = "did:web:attacker.example#key"
        controller = did_of(ISSUER)
        public_key = STRANGER.public_key

        def require(self, _relationship):
            return None

    made = issued(
        "ecdsa-jcs-2019",
        signer=STRANGER,
        document=credential(ISSUER),
        verification_method=Claimed.id,
    )
    refused("trust.key_not_of_issuer", verify, made, resolve=lambda _url: Claimed())


def test_a_countersignature_that_is_not_the_issuers_does_not_stand_in_for_one():
    first = issued("eddsa-jcs-2022")
    both = issued("ecdsa-jcs-2019", document=first, signer=STRANGER)
    assert len(verify(both).proofs) == 2
    alone = {**both, "proof": both["proof"][1]}
    refused("trust.key_not_of_issuer", verify, alone)
    # The issuer's proof is there, but only the stranger's is of an allowed suite.
    refused("trust.key_not_of_issuer", verify, both, allowed=frozenset({"ecdsa-jcs-2019"}))


# --- presentations


@pytest.mark.parametrize("domain", ["x509_hash:other", None, [], ["x509_hash:desk", "other"]])
def test_di_026_a_presentation_for_another_receiver_is_refused(shown, presentation, domain):
    if domain == []:
        made = with_proof(presentation, domain=None)
    else:
        made = presented(shown, domain=domain)
    refused("INVALID_DOMAIN_ERROR", verify_presented, made)


def test_di_026_every_receiver_that_is_expected_must_be_named(shown):
    made = presented(shown, domain=[DOMAIN, "https://desk.example"])
    assert verify_presented(made, expected_domain=["https://desk.example", DOMAIN])
    refused("INVALID_DOMAIN_ERROR", verify_presented, made)


@pytest.mark.parametrize("challenge", ["another-challenge", None, ""])
def test_a_presentation_for_another_request_is_refused(shown, challenge):
    refused("INVALID_CHALLENGE_ERROR", verify_presented, presented(shown, challenge=challenge))


def test_an_empty_challenge_matches_nothing(shown):
    made = presented(shown, challenge="")
    refused("INVALID_CHALLENGE_ERROR", verify_presented, made, expected_challenge="")


def test_di_028_a_record_of_another_holder_is_refused(shown):
    thief = world.generate_signer("EdDSA")
    stolen = presented(shown, holder=thief)
    document, holder = verify_presented(stolen)
    assert holder == did_of(thief)
    received = document.document["verifiableCredential"][0]
    refused(
        "match.holder_binding",
        data_integrity.check_subject,
        verify(received).document,
        expected_holder=holder,
    )


def test_di_028_a_presentation_that_names_another_holder_is_refused(shown):
    for holder in (did_of(HOLDER), {"id": did_of(HOLDER)}, ["x"], 5):
        made = presented(
            shown,
            holder=world.generate_signer("EdDSA"),
            cryptosuite="eddsa-jcs-2022",
            document={"holder": holder},
        )
        refused("match.holder_binding", verify_presented, made)


@pytest.mark.parametrize(
    "subject",
    [None, [], {}, {"familyName": "A"}, "text", [{"id": "HOLDER"}, {"id": "did:key:other"}]],
)
def test_di_028_a_subject_that_is_not_the_holder_is_refused(subject):
    text = json.dumps(subject).replace("HOLDER", did_of(HOLDER))
    document = {"credentialSubject": json.loads(text)}
    refused(
        "match.holder_binding",
        data_integrity.check_subject,
        document,
        expected_holder=did_of(HOLDER),
    )


def test_the_holder_of_a_presentation_may_show_what_is_theirs(presentation):
    document, holder = verify_presented(presentation)
    received = document.document["verifiableCredential"][0]
    data_integrity.check_subject(verify(received).document, expected_holder=holder)


def test_a_credential_that_was_exchanged_in_a_presentation_is_noticed(base, presentation):
    other = world.derived(base, "/credentialSubject/id")
    changed = {**presentation, "verifiableCredential": [other]}
    refused("di.signature", verify_presented, changed)


# --- sets and chains


FIRST = "urn:uuid:26329423-bec9-4b2e-88cb-000000000001"
SECOND = "urn:uuid:26329423-bec9-4b2e-88cb-000000000002"


def chain():
    first = issued("eddsa-jcs-2022", proof_id=FIRST)
    return issued(
        "ecdsa-jcs-2019", document=first, signer=STRANGER, proof_id=SECOND, previous_proof=FIRST
    )


def test_a_chain_verifies_and_none_of_its_proofs_can_be_changed():
    made = chain()
    assert [proof.cryptosuite for proof in verify(made).proofs] == [
        "eddsa-jcs-2022",
        "ecdsa-jcs-2019",
    ]
    first, second = made["proof"]
    again = issued("eddsa-jcs-2022", proof_id=FIRST, created=MADE - timedelta(hours=1))
    refused("di.signature", verify, {**made, "proof": [again["proof"], second]})
    cut = {name: value for name, value in second.items() if name != "previousProof"}
    refused("di.signature", verify, {**made, "proof": [first, cut]})


def test_di_030_a_previous_proof_that_is_not_there_is_refused():
    made = chain()
    second = made["proof"][1]
    for previous in (FIRST, "urn:uuid:nothing", [FIRST, "urn:uuid:nothing"]):
        alone = {**made, "proof": [{**second, "previousProof": previous}]}
        refused("PROOF_VERIFICATION_ERROR", verify, alone)


def test_di_030_a_circle_of_proofs_is_refused():
    first, second = chain()["proof"]
    made = chain()
    circle = [{**first, "previousProof": SECOND}, second]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": circle})
    itself = [{**first, "previousProof": [FIRST]}]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": itself})


@pytest.mark.parametrize("previous", [[], "", 5, {}, [5], [FIRST, FIRST], None])
def test_di_030_a_previous_proof_that_is_no_reference_is_refused(previous):
    made = chain()
    proofs = [made["proof"][0], {**made["proof"][1], "previousProof": previous}]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": proofs})


def test_two_proofs_of_one_id_are_refused():
    made = chain()
    first = made["proof"][0]
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": [first, first]})


# --- the shape of a proof


@pytest.mark.parametrize("proof", [None, [], "text", 5, [None], [[{}]], {}, [{}]])
def test_a_document_without_proof_is_refused(proof):
    refused("PROOF_VERIFICATION_ERROR", verify, credential() | {"proof": proof})
    refused("PROOF_VERIFICATION_ERROR", verify, credential())


def test_too_many_proofs_are_refused():
    made = issued("eddsa-jcs-2022")
    refused("PROOF_VERIFICATION_ERROR", verify, {**made, "proof": [made["proof"]] * 17})


MEMBERS = {
    "type": [None, 5, ["DataIntegrityProof"], ""],
    "verificationMethod": [None, 5, {"id": "did:key:z6Mk#z6Mk"}, ""],
    "id": ["relative", 5, "with space:x y", ["urn:x:y"]],
    "domain": [5, [], [5], ["a", "a"], {}],
    "challenge": [5, ["a"], None],
    "nonce": [5, {}],
}


@pytest.mark.parametrize(
    ("member", "value"), [(name, value) for name, values in MEMBERS.items() for value in values]
)
def test_a_member_of_another_type_is_refused(member, value):
    made = issued("eddsa-jcs-2022")
    made["proof"][member] = value
    refused("PROOF_VERIFICATION_ERROR", verify, made)


def test_no_refusal_repeats_a_value_of_the_record(any_shown):
    changed = copy.deepcopy(any_shown)
    changed["credentialSubject"]["familyName"] = "Penicillin-anaphylaxis"
    with pytest.raises(PassportError) as refusal:
        verify(changed)
    assert "Penicillin" not in json.dumps(refusal.value.problem())
    assert VOCABULARY not in json.dumps(refusal.value.problem())


# --- what is never signed


def test_a_proof_is_not_made_with_the_wrong_key_or_over_nothing():
    refused("di.cryptosuite", issued, "eddsa-jcs-2022", signer=ISSUER)
    refused("di.cryptosuite", issued, signer=ISSUER_384)
    refused("PROOF_GENERATION_ERROR", issued, "eddsa-jcs-2022", mandatory_pointers=["/issuer"])
    refused("PROOF_GENERATION_ERROR", issued, "eddsa-jcs-2022", previous_proof=FIRST)
    first = issued("eddsa-jcs-2022", proof_id=FIRST)
    refused("PROOF_GENERATION_ERROR", issued, "eddsa-jcs-2022", document=first, proof_id=FIRST)
    refused("PROOF_GENERATION_ERROR", issued, document=first, previous_proof=FIRST, signer=ISSUER)
    refused("PROOF_GENERATION_ERROR", issued, "ecdsa-jcs-2019", document=first, previous_proof=[])


def test_nothing_is_derived_from_what_cannot_be(base, shown):
    refused("PROOF_GENERATION_ERROR", world.derived, issued("eddsa-jcs-2022"), *SHOWN)
    refused("PROOF_GENERATION_ERROR", world.derived, base, cryptosuite="bbs-2023")
    refused("di.proof_value", world.derived, shown, *SHOWN)
    refused("PROOF_GENERATION_ERROR", world.derived, issued(mandatory_pointers=()))
