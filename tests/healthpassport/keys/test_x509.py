from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID
from simulated_ca import AT, HOST, Made, make, make_root, usage

from healthpassport.errors import KeyMaterialError
from healthpassport.keys import public_key_from_certificate
from healthpassport.keys.x509 import (
    DOCUMENT_SIGNING,
    JWT_SIGNING,
    LeafCertificate,
    validate_chain,
    x509_hash,
)

ROOT = make_root()
MIDDLE = make("Middle", ROOT, ca=True)
LATER = AT + timedelta(days=1)
EARLIER = AT - timedelta(days=1)


def check(*chain: Made, anchors=(ROOT,), at=AT, host=HOST) -> LeafCertificate:
    return validate_chain(
        tuple(made.der for made in chain),
        anchors=tuple(made.der for made in anchors),
        at=at,
        expected_host=host,
    )


def refusal(*chain: Made, **changes) -> str:
    with pytest.raises(KeyMaterialError) as caught:
        check(*chain, **changes)
    return caught.value.code


def test_a_leaf_below_the_anchor_is_accepted():
    made = make("Leaf", ROOT)
    leaf = check(made)
    assert leaf.dns_names == (HOST,)
    assert leaf.sha256 == x509_hash(made.der)
    assert leaf.public_key == public_key_from_certificate(made.der)
    assert leaf.not_after == AT + timedelta(days=10)


def test_a_leaf_with_an_ed25519_key_is_accepted_below_an_anchor_on_p256():
    key = ed25519.Ed25519PrivateKey.generate()
    leaf = check(make("Leaf", MIDDLE, key=key), MIDDLE)
    assert leaf.public_key.raw == key.public_key().public_bytes_raw()
    assert refusal(make("Leaf", ROOT, key=key), at=LATER + timedelta(days=30))
    above = make("Other root", ca=True)
    assert refusal(make("Leaf", above, key=key)) == "x509.untrusted_root"


def test_a_leaf_below_an_intermediate_is_accepted():
    assert check(make("Leaf", MIDDLE), MIDDLE).dns_names == (HOST,)


def test_any_host_is_accepted_where_none_is_expected():
    assert check(make("Leaf", ROOT, host="other.example"), host=None).dns_names


def test_the_host_is_compared_without_case():
    assert check(make("Leaf", ROOT, host="Issuer.Example"), host="ISSUER.example")


@pytest.mark.parametrize("purposes", [(), (JWT_SIGNING,), (DOCUMENT_SIGNING, JWT_SIGNING)])
def test_purposes_for_signing_are_accepted(purposes):
    assert check(make("Leaf", ROOT, purposes=purposes))


def test_one_of_several_anchors_is_enough():
    assert check(make("Leaf", ROOT), anchors=(make_root("Other"), ROOT))


def test_sdj_023_a_self_signed_leaf_that_names_the_issuer():
    assert refusal(make("Leaf")) == "x509.untrusted_root"


def test_sdj_023_a_self_signed_leaf_is_refused_even_as_an_anchor():
    leaf = make("Leaf")
    assert refusal(leaf, anchors=(leaf,)) == "x509.untrusted_root"


def test_sdj_023_a_chain_that_ends_at_a_root_of_its_own():
    other = make_root("Other")
    assert refusal(make("Leaf", other)) == "x509.untrusted_root"
    middle = make("Middle", other, ca=True)
    assert refusal(make("Leaf", middle), middle) == "x509.untrusted_root"


def test_sdj_023_a_root_that_only_bears_the_anchors_name():
    assert refusal(make("Leaf", make_root())) == "x509.untrusted_root"


def test_sdj_023_no_anchor_at_all():
    assert refusal(make("Leaf", ROOT), anchors=()) == "x509.untrusted_root"


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param((make("Leaf", ROOT, end=EARLIER),), id="sdj-024 expired"),
        pytest.param((make("Leaf", ROOT, begin=LATER),), id="sdj-024 not yet valid"),
        pytest.param(
            (make("Leaf", MIDDLE), make("Middle", ROOT, ca=False, key=MIDDLE.key)),
            id="sdj-024 CA:FALSE intermediate",
        ),
        pytest.param((make("Leaf", ROOT, host="evil.example"),), id="sdj-024 wrong SAN"),
        pytest.param((make("Leaf", ROOT, host="*.example"),), id="sdj-024 wildcard SAN"),
        pytest.param((make("Leaf", ROOT, host=None),), id="sdj-024 no SAN"),
        pytest.param(
            (make("Leaf", ROOT, key_usage=usage(signature=False)),), id="sdj-024 key usage"
        ),
        pytest.param(
            (make("Leaf", ROOT, key_usage=usage(certificates=True)),), id="sdj-024 usage of a CA"
        ),
        pytest.param(
            (make("Leaf", ROOT, purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)),),
            id="sdj-024 extended key usage",
        ),
        pytest.param((make("Leaf", ROOT, ca=True),), id="sdj-024 the leaf is a CA"),
    ],
)
def test_sdj_024_a_chain_that_is_wrong_in_one_way(chain):
    assert refusal(*chain) == "x509.path_invalid"


def test_sdj_024_an_expired_intermediate():
    middle = make("Middle", ROOT, ca=True, end=EARLIER)
    assert refusal(make("Leaf", middle), middle) == "x509.path_invalid"


def test_sdj_024_an_intermediate_that_may_not_sign_certificates():
    middle = make("Middle", ROOT, ca=True, key_usage=usage(certificates=False))
    assert refusal(make("Leaf", middle), middle) == "x509.path_invalid"


def test_sdj_024_a_path_longer_than_the_anchor_allows():
    short = make("Short", ca=True, path_length=0, begin=AT - timedelta(9), end=AT + timedelta(9))
    middle = make("Middle", short, ca=True)
    leaf = make("Leaf", middle)
    assert refusal(leaf, middle, anchors=(short,)) == "x509.path_invalid"


def test_the_anchor_must_not_stand_in_the_chain():
    assert refusal(make("Leaf", ROOT), ROOT) == "x509.path_invalid"


def test_validity_is_judged_at_the_given_time():
    leaf = make("Leaf", ROOT, end=EARLIER)
    assert check(leaf, at=EARLIER - timedelta(hours=1))
    assert refusal(leaf, at=AT) == "x509.path_invalid"


def test_an_expired_anchor_ends_no_path():
    assert refusal(make("Leaf", ROOT), at=AT + timedelta(days=101)) == "x509.path_invalid"


def test_a_signature_that_does_not_fit_is_refused():
    other = ec.generate_private_key(ec.SECP256R1())
    assert refusal(make("Leaf", ROOT, signing_key=other)) == "x509.untrusted_root"


def test_a_spare_certificate_in_the_chain_is_refused():
    assert refusal(make("Leaf", ROOT), MIDDLE) == "x509.path_invalid"


def test_a_chain_in_the_wrong_order_is_refused():
    assert refusal(MIDDLE, make("Leaf", MIDDLE)) in {"x509.path_invalid", "x509.untrusted_root"}


def test_no_chain_and_an_endless_chain_are_refused():
    assert refusal() == "x509.path_invalid"
    assert refusal(*[MIDDLE] * 6) == "x509.path_invalid"


def test_a_key_that_no_algorithm_uses_is_refused():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert refusal(make("Leaf", ROOT, key=key)) == "x509.path_invalid"


@pytest.mark.parametrize("der", [b"", b"x", b"\x30\x00", make("Leaf", ROOT).der[:-1]])
def test_what_is_no_certificate_is_refused(der):
    with pytest.raises(KeyMaterialError) as caught:
        validate_chain((der,), anchors=(ROOT.der,), at=AT, expected_host=None)
    assert caught.value.code == "x509.invalid"


def test_a_chain_that_was_good_is_judged_again_at_each_time():
    leaf = make("Leaf", ROOT)
    assert check(leaf) is check(leaf)
    assert refusal(leaf, at=AT + timedelta(days=11)) == "x509.path_invalid"
    assert refusal(leaf, at=AT - timedelta(days=11)) == "x509.path_invalid"
    assert refusal(leaf, host="evil.example") == "x509.path_invalid"
    assert refusal(leaf, anchors=(make_root("Other"),)) == "x509.untrusted_root"
    assert check(leaf)


def test_an_anchor_that_was_renewed_with_the_same_key_ends_the_path():
    leaf = make("Leaf", ROOT)
    renewed = make("Root", ca=True, key=ROOT.key, begin=EARLIER, end=AT + timedelta(days=400))
    assert check(leaf, anchors=(renewed,))
    assert refusal(leaf, anchors=(renewed,), at=EARLIER - timedelta(days=1)) == "x509.path_invalid"
    old = make("Root", ca=True, key=ROOT.key, begin=AT - timedelta(days=99), end=EARLIER)
    assert check(leaf, anchors=(old, renewed))


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("value", [0x00, 0x05, 0x4D, 0xFF])
def test_a_certificate_with_any_byte_altered_is_refused_and_breaks_nothing(value):
    leaf = make("Leaf", ROOT).der
    for place in range(len(leaf)):
        altered = leaf[:place] + bytes([value]) + leaf[place + 1 :]
        if altered == leaf:
            continue
        for chain in ((altered,), (leaf, altered)):
            with pytest.raises(KeyMaterialError):
                validate_chain(chain, anchors=(ROOT.der,), at=AT, expected_host=HOST)


def test_a_signature_has_one_spelling_whatever_bits_it_ends_with():
    for _ in range(2_000):
        leaf = make("Leaf", ROOT).der
        signature = load_der_x509_certificate(leaf).signature
        if not signature[-1] & 0b11111:  # five bits that could be called unused
            break
    assert not signature[-1] & 0b11111
    place = len(leaf) - len(signature) - 1
    altered = leaf[:place] + b"\x05" + leaf[place + 1 :]
    assert load_der_x509_certificate(altered).signature == signature  # the library takes it
    with pytest.raises(KeyMaterialError, match=r"^x509\.invalid"):
        validate_chain((altered,), anchors=(ROOT.der,), at=AT, expected_host=HOST)
    assert validate_chain((leaf,), anchors=(ROOT.der,), at=AT, expected_host=HOST)
