"""Cards as text: written and read back, by ourselves and by others, and everything else refused."""

from __future__ import annotations

import cbor2
import pytest
import segno
from card_forge import (
    ENDS,
    ISS,
    LIST,
    SIGNED,
    SIGNER,
    bent,
    card,
    claims,
    hostile,
    packed,
    unpacked,
)
from cryptography.hazmat.primitives.asymmetric import ec
from cwt import COSE, COSEAlgs, COSEHeaders, COSEKey, VerifyError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_examples import SUBJECT, allergies, identity, records

from healthpassport import cards
from healthpassport.cards import base45
from healthpassport.errors import CardError, JoseError, PassportError
from healthpassport.keys import generate_signer
from schemas.cards import table

CASES = list(hostile())
CARRIED = [one.record_type for one in table().sections]


def code_of(text: str) -> str | None:
    try:
        cards.parse(text)
    except PassportError as error:
        return error.code
    return None


def test_a_card_reads_back_as_what_was_signed():
    parsed = cards.parse(card())
    assert cards.verify(parsed, issuer_key=SIGNER.public_key) == claims()
    assert parsed.claims.iss == ISS
    assert (parsed.claims.issued_at, parsed.claims.expires_at) == (SIGNED, ENDS)
    assert (parsed.claims.status_uri, parsed.claims.status_index) == (LIST, 7)


def test_dose_stands_on_the_card_letter_for_letter():
    dose = "ONE to be taken at 08:00 — 2.5 micrograms, NOT on Sundays"
    medicine = records_of(dose)
    found = cards.parse(card(identity(), allergies(), medicine)).claims.content
    assert found.section("MedicationSummary").items[0].unit["dose"] == dose


def records_of(dose: str):
    from record_examples import AS_OF, SOURCE, Item, Record, SectionState  # noqa: PLC0415

    item = Item({"text": "Levothyroxine", "group": "current", "dose": dose})
    counts = {"current": 1, "onHold": 0, "recentlyStopped": 0}
    state = SectionState.ITEMS
    return Record(
        "MedicationSummary",
        SOURCE,
        state,
        AS_OF,
        subject=SUBJECT,
        items=(item,),
        always={"counts": counts},
    )


@pytest.mark.parametrize(("text", "code"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_hostile_card_is_refused(text, code):
    assert code_of(text) == code


def test_another_key_did_not_sign_it():
    with pytest.raises(JoseError, match=r"jws\.signature"):
        cards.verify(cards.parse(card()), issuer_key=generate_signer().public_key)


def test_a_key_of_another_algorithm_did_not_sign_it():
    with pytest.raises(JoseError, match=r"jws\.key_alg_mismatch"):
        cards.verify(cards.parse(card()), issuer_key=generate_signer("EdDSA").public_key)


def test_an_edwards_key_signs_cards_too():
    signer = generate_signer("EdDSA")
    parsed = cards.parse(card(signer=signer))
    assert cards.verify(parsed, issuer_key=signer.public_key) == claims()


def test_a_key_that_no_card_bears_makes_none():
    with pytest.raises(CardError, match=r"card\.key"):
        card(signer=generate_signer("ES384"))


def test_what_the_issuer_signed_for_something_else_is_no_card():
    """The same bytes signed without the text that only cards have."""
    message = cbor2.loads(unpacked(card())).value
    signed = cbor2.dumps(["Signature1", message[0], b"", message[2]])
    text = packed(cbor2.dumps(cbor2.CBORTag(18, [*message[:3], SIGNER.sign(signed)])))
    with pytest.raises(JoseError, match=r"jws\.signature"):
        cards.verify(cards.parse(text), issuer_key=SIGNER.public_key)


def test_each_changed_byte_is_noticed():
    message = bytearray(unpacked(card()))
    for at in range(len(message)):
        message[at] ^= 1
        with pytest.raises(PassportError):
            cards.verify(cards.parse(packed(bytes(message))), issuer_key=SIGNER.public_key)
        message[at] ^= 1


def test_the_message_is_what_another_cbor_writes():
    """The peer's deterministic encoding (RFC 8949 section 4.2.1) of the same values."""
    message = unpacked(card())
    assert cbor2.dumps(cbor2.loads(message), canonical=True) == message
    payload = cbor2.loads(message).value[2]
    assert cbor2.dumps(cbor2.loads(payload)) == payload


def test_another_cose_verifies_our_card():
    public = SIGNER.public_key.key
    key = COSEKey.new(
        {
            1: 2,
            3: -7,
            -1: 1,
            -2: public.public_numbers().x.to_bytes(32, "big"),
            -3: public.public_numbers().y.to_bytes(32, "big"),
            2: cards.key_name(SIGNER.public_key.thumbprint()),
        }
    )
    peer = COSE.new()
    payload = peer.decode(unpacked(card()), key, external_aad=table().external_aad)
    assert cbor2.loads(payload)[1] == ISS
    with pytest.raises(VerifyError):
        peer.decode(unpacked(card()), key)


def test_our_reader_takes_a_card_that_another_cose_signed():
    private = ec.derive_private_key(20261125, ec.SECP256R1())
    numbers = private.private_numbers()
    name = cards.key_name(SIGNER.public_key.thumbprint())
    key = COSEKey.new(
        {
            1: 2,
            2: name,
            3: -7,
            -1: 1,
            -2: numbers.public_numbers.x.to_bytes(32, "big"),
            -3: numbers.public_numbers.y.to_bytes(32, "big"),
            -4: numbers.private_value.to_bytes(32, "big"),
        }
    )
    message = COSE.new().encode_and_sign(
        cbor2.loads(unpacked(card())).value[2],
        key,
        protected={COSEHeaders.ALG: COSEAlgs.ES256, COSEHeaders.KID: name},
        external_aad=table().external_aad,
    )
    assert cards.verify(cards.parse(packed(message)), issuer_key=SIGNER.public_key) == claims()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
    ],
)
def test_the_examples_of_rfc_9285_section_4(data, text):
    assert (base45.encode(data), base45.decode(text)) == (text, data)


@given(st.binary(max_size=200))
def test_base45_reads_what_it_wrote(data):
    assert base45.decode(base45.encode(data)) == data


@given(st.text(alphabet=base45.ALPHABET, max_size=60))
def test_base45_has_one_spelling(text):
    try:
        data = base45.decode(text)
    except CardError:
        return
    assert base45.encode(data) == text


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(records().filter(lambda record: record.type in CARRIED))
def test_whatever_a_definition_allows_comes_back_whole(record):
    """But for codes of code systems, which no card holds."""
    held = (
        [identity(), allergies(), record]
        if record.type != "AllergySummary"
        else [identity(), record]
    )
    content = cards.build(held, cards.CardChoices())
    written = claims(content=content)
    from healthpassport.cards.content import read_claims, write_claims  # noqa: PLC0415

    payload = write_claims(written)
    if len(payload) <= table().limits["inflatedOctets"]:
        assert read_claims(payload) == written


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_noise_is_refused_with_a_code_of_ours(data):
    for text in (packed(data), "HPC1:" + base45.encode(data)):
        assert (code_of(text) or "").startswith("card.")


@settings(max_examples=100)
@given(st.text(max_size=100))
def test_any_text_is_refused_with_a_code_of_ours(text):
    assert (code_of("HPC1:" + text) or "").startswith("card.")


def test_the_largest_card_fits_the_code_that_paper_carries():
    limits = table().limits
    text = "HPC1:" + "A" * (cards.limit_octets() // 2 * 3)
    assert len(text) <= limits["characters"]
    assert segno.make(text, error="m", boost_error=False).version <= limits["qrVersion"]
    assert segno.make("A" * limits["characters"], error="m", boost_error=False).version <= 20


def test_a_card_that_is_too_large_is_not_made():
    many = tuple(
        type(allergies().items[0])({"text": f"Allergy to {n} {n * 7919:x} {n * 104729:x}"})
        for n in range(60)
    )
    with pytest.raises(CardError, match=r"card\.too_large: \d+ bytes too many"):
        card(identity(), allergies(items=many))


def test_bending_a_card_leaves_the_sound_one_sound():
    """The hostile cases differ from a sound card in what they name alone."""
    assert code_of(bent(lambda row: None)) is None
