"""Signed messages: what is checked beside the signature, and what is never looked up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from forge import b64, jwt
from hypothesis import given
from hypothesis import strategies as st

from healthpassport import suites
from healthpassport.errors import JoseError, PassportError
from healthpassport.jose import jws
from healthpassport.jose.times import numeric_date, to_numeric_date
from healthpassport.keys import generate_signer

SIGNERS = {name: generate_signer(name) for name in ("ES256", "ES384", "EdDSA")}
SIGNER = SIGNERS["ES256"]


def checked(token: str | jws.ParsedJws, **changes: object) -> jws.VerifiedJws:
    expected = {"key": SIGNER.public_key, "expected_typ": "x", "expected_algorithms": {"ES256"}}
    return jws.verify(token, **(expected | changes))


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_what_is_signed_verifies_with_its_key_and_with_no_other(algorithm):
    signer = SIGNERS[algorithm]
    token = jws.sign(header={"typ": "x", "alg": "none"}, payload={"a": 1}, signer=signer)
    seen = checked(token, key=signer.public_key, expected_algorithms={algorithm})
    assert seen.claims == {"a": 1}
    assert seen.header == {"typ": "x", "alg": algorithm}
    other = generate_signer(algorithm).public_key
    with pytest.raises(JoseError, match=r"jws\.signature"):
        checked(token, key=other, expected_algorithms={algorithm})


def test_ed25519_is_the_newer_name_of_the_same_algorithm():
    signer = SIGNERS["EdDSA"]
    token = jwt({"a": 1}, signer=signer, typ="x", header={"alg": "Ed25519"})
    names = {"Ed25519"}
    assert checked(token, key=signer.public_key, expected_algorithms=names).claims == {"a": 1}


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES256K", ""])
def test_the_table_knows_no_other_algorithm(algorithm):
    with pytest.raises(JoseError, match=r"jws\.alg_not_allowed"):
        suites.verify(SIGNER.public_key, algorithm, b"", b"")


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        suites.SUITES["none"] = suites.SUITES["ES256"]


@pytest.mark.parametrize("name", suites.SUITES)
def test_a_suite_refuses_a_key_of_another_kind_itself(name):
    suite = suites.SUITES[name]
    other = SIGNERS["EdDSA" if name.startswith("ES") else "ES256"].public_key
    mislabelled = type(other)(suite.key_algorithm, other.raw, other.key)
    assert not suite.check(mislabelled, bytes(suite.signature_octets), b"")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expected_typ": "y"}, "jws.typ"),
        ({"expected_algorithms": {"ES384"}}, "jws.alg_not_allowed"),
        ({"expected_algorithms": ()}, "jws.alg_not_allowed"),
        ({"key": SIGNERS["EdDSA"].public_key}, "jws.key_alg_mismatch"),
        ({"known_kids": {"b"}}, "jws.kid_unknown"),
    ],
)
def test_the_caller_says_what_is_expected(changes, code):
    token = jwt({"a": 1}, signer=SIGNER, typ="x", header={"kid": "a"})
    assert checked(token, known_kids={"a"})
    assert checked(token)
    with pytest.raises(PassportError) as refusal:
        checked(token, **changes)
    assert refusal.value.code == code


def test_no_kid_is_needed():
    assert checked(jwt({}, signer=SIGNER, typ="x"), known_kids=())


def test_an_untyped_message_is_read_only_where_none_is_expected():
    token = jwt({}, signer=SIGNER, typ=None)
    assert checked(token, expected_typ=None)
    with pytest.raises(JoseError, match=r"jws\.typ"):
        checked(token)


def test_a_payload_that_is_no_json_verifies_as_bytes_alone():
    token = jws.sign(header={"typ": "x"}, payload=b"\x00\x01", signer=SIGNER)
    parsed = jws.parse(token)
    jws.check_signature(
        parsed, key=SIGNER.public_key, expected_typ="x", expected_algorithms={"ES256"}
    )
    assert parsed.payload == b"\x00\x01"
    with pytest.raises(PassportError, match=r"json\.invalid"):
        checked(parsed)


def test_a_header_key_is_read_only_where_the_protocol_binds_it():
    token = jwt({}, signer=SIGNER, typ="x", header={"jwk": SIGNER.public_key.jwk()})
    with pytest.raises(JoseError, match=r"jws\.key_source_not_allowed"):
        jws.parse(token)
    assert checked(jws.parse(token, embedded_key_allowed=True))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c.d", ".e30.AA", "e30..AA"])
def test_text_that_is_not_three_parts_is_refused(text):
    with pytest.raises(JoseError, match=r"jws\.syntax"):
        jws.parse(text)


def test_a_token_and_a_header_have_limits():
    with pytest.raises(JoseError, match=r"limit\.size"):
        jws.parse("a" * 11, max_bytes=10)
    with pytest.raises(PassportError, match=r"limit\.size"):
        jws.parse(f"{b64('{' + ' ' * 65_536 + '}')}.e30.AA")


CHAINS = {
    "string": "MAA=",
    "empty": [],
    "numbers": [1],
    "nine": ["MAA="] * 9,
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_a_chain_that_is_no_list_of_certificates_is_refused(chain):
    parsed = jws.parse(jwt({}, signer=SIGNER, header={"x5c": chain}))
    with pytest.raises(JoseError, match=r"jws\.x5c"):
        parsed.certificates()


def test_certificates_come_as_der_leaf_first():
    parsed = jws.parse(jwt({}, signer=SIGNER, header={"x5c": ["MAA=", "MQA="]}))
    assert parsed.certificates() == (b"\x30\x00", b"\x31\x00")
    assert jws.parse(jwt({}, signer=SIGNER)).certificates() == ()
    with pytest.raises(PassportError, match=r"b64\.not_canonical"):
        jws.parse(jwt({}, signer=SIGNER, header={"x5c": ["MA-="]})).certificates()


@given(st.text(alphabet='eyJ.~=AQ_- {}"\n\u00e9', max_size=40))
def test_any_text_is_parsed_or_refused(text):
    try:
        jws.parse(text)
    except PassportError as error:
        assert error.status in {400, 413}  # noqa: PT017 - both ways out are right


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_flipped_bit_verifies(place, flip):
    token = jws.sign(header={"typ": "x"}, payload={"a": 1}, signer=SIGNER)
    octets = bytearray(token.encode())
    octets[place % len(octets)] ^= flip
    with pytest.raises(PassportError):
        checked(octets.decode("latin-1"))


def test_times_are_whole_seconds_in_utc():
    moment = datetime(2026, 11, 23, 12, 0, 0, 999_999, tzinfo=UTC)
    seconds = to_numeric_date(moment)
    assert numeric_date({"exp": seconds}, "exp") == moment.replace(microsecond=0)
    assert numeric_date({"exp": seconds + 0.5}, "exp") == moment.replace(microsecond=0)
    assert numeric_date({}, "exp") is None
