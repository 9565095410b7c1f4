"""Records that a desk and a wallet refuse although the issuer's own key signed them."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import forge
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from forge import ISSUER, NOW, b64, claims, digest, disclosure, jwt, record

from healthpassport.errors import PassportError
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import generate_signer, public_key_from_jwk

BOTH = pytest.mark.parametrize("receive", [forge.as_verifier, forge.as_wallet])

ALLERGY = disclosure("salt", "onset", "2001")
ELEMENT = disclosure("salt", "Latex")


def refused(receive, sd_part: str, code: str, **changes: object) -> None:
    with pytest.raises(PassportError) as refusal:
        receive(sd_part, **changes)
    assert refusal.value.code == code
    assert refusal.value.status == (413 if code == "limit.size" else 400)


def nested(*entry: object) -> str:
    """A record with one disclosure of ``entry`` inside an object."""
    text = disclosure(*entry)
    return record(text, _sd=None, place={"_sd": [digest(text)]})


def test_the_sound_record_that_the_others_are_made_from_is_accepted():
    assert forge.as_verifier(record(ALLERGY)).payload["onset"] == "2001"
    assert forge.as_wallet(record(ALLERGY)).payload["onset"] == "2001"


SHAPES = {
    "sdj-001": (record(ALLERGY, _sd=[digest(ALLERGY)] * 2), "sdjwt.digest_duplicate"),
    "sdj-001-of-a-decoy": (record(_sd=["decoy", "decoy"]), "sdjwt.digest_duplicate"),
    "sdj-002": (record(ALLERGY, place={"_sd": [digest(ALLERGY)]}), "sdjwt.digest_duplicate"),
    "sdj-002-in-an-array": (
        record(ELEMENT, _sd=None, a=[{"...": digest(ELEMENT)}, {"...": digest(ELEMENT)}]),
        "sdjwt.digest_duplicate",
    ),
    "sdj-005": (record(ALLERGY) + ALLERGY + "~", "sdjwt.disclosure_duplicate"),
    "sdj-006": (record(disclosure("s", "_sd", ["x"])), "sdjwt.claim_name_reserved"),
    "sdj-006-three-dots": (record(disclosure("s", "...", "x")), "sdjwt.claim_name_reserved"),
    "sdj-006-hash-name": (record(disclosure("s", "_sd_alg", "md5")), "sdjwt.claim_name_reserved"),
    "sdj-006-nested": (nested("s", "_sd", ["x"]), "sdjwt.claim_name_reserved"),
    "sdj-008-vct": (record(disclosure("s", "vct", "other")), "sdjwt.claim_name_collision"),
    "sdj-008-iss": (record(disclosure("s", "iss", "other")), "sdjwt.claim_name_collision"),
    "sdj-008-exp": (record(disclosure("s", "exp", 9)), "sdjwt.claim_name_collision"),
    "sdj-008-cnf": (record(disclosure("s", "cnf", {})), "sdjwt.claim_name_collision"),
    "sdj-008-own": (
        record(disclosure("s", "given_name", "B"), given_name="A"),
        "sdjwt.claim_name_collision",
    ),
    "sdj-009": (
        record(disclosure("s1", "onset", "2001"), disclosure("s2", "onset", "2010")),
        "sdjwt.claim_name_collision",
    ),
    "sdj-012-four": (record(disclosure("s", "n", "v", "more")), "sdjwt.disclosure_arity"),
    "sdj-012-one": (record(disclosure("s")), "sdjwt.disclosure_arity"),
    "sdj-012-none": (record(disclosure()), "sdjwt.disclosure_arity"),
    "sdj-012-object": (record(b64('{"s": "v"}')), "sdjwt.disclosure_arity"),
    "sdj-012-string": (record(b64('"text"')), "sdjwt.disclosure_arity"),
    "sdj-012-null": (record(b64("null")), "sdjwt.disclosure_arity"),
    "sdj-012-element-as-member": (record(ELEMENT), "sdjwt.disclosure_arity"),
    "sdj-012-member-as-element": (
        record(ALLERGY, _sd=None, a=[{"...": digest(ALLERGY)}]),
        "sdjwt.disclosure_arity",
    ),
    "sdj-014-string": (record(_sd="text"), "sdjwt.sd_not_array_of_strings"),
    "sdj-014-object": (record(_sd={"a": "b"}), "sdjwt.sd_not_array_of_strings"),
    "sdj-014-number": (record(_sd=["a", 1]), "sdjwt.sd_not_array_of_strings"),
    "sdj-014-element": (record(_sd=None, a=[{"...": 1}]), "sdjwt.sd_not_array_of_strings"),
    "three-dots-outside-an-array": (record(a={"...": "x"}), "sdjwt.claim_name_reserved"),
    "three-dots-with-company": (record(a=[{"...": "x", "b": 1}]), "sdjwt.claim_name_reserved"),
    "salt-of-the-wrong-type": (record(disclosure(1, "n", "v")), "sdjwt.disclosure_malformed"),
    "salt-of-an-element": (record(disclosure(None, "v")), "sdjwt.disclosure_malformed"),
    "name-of-the-wrong-type": (record(disclosure("s", 5, "v")), "sdjwt.disclosure_malformed"),
    "an-unreferenced-disclosure": (
        record(ALLERGY, ELEMENT, _sd=[digest(ALLERGY)]),
        "sdjwt.disclosure_unreferenced",
    ),
    "a-reserved-name-spelt-with-an-escape": (
        record(b64('["s","a",{"\\u005fsd":["x","x"]}]')),
        "sdjwt.digest_duplicate",
    ),
    "an-altered-disclosure": (
        record(ALLERGY).replace(ALLERGY, disclosure("salt", "onset", "1999")),
        "sdjwt.disclosure_unreferenced",
    ),
    "sdj-041-md5": (record(_sd_alg="md5"), "sdjwt.sd_alg"),
    "sdj-041-sha-1": (record(_sd_alg="sha-1"), "sdjwt.sd_alg"),
    "sdj-041-unknown": (record(_sd_alg="SHA-256"), "sdjwt.sd_alg"),
    "sdj-041-number": (record(_sd_alg=256), "sdjwt.sd_alg"),
    "sdj-041-not-by-policy": (record(_sd_alg="sha-512"), "sdjwt.sd_alg"),
    "sdj-041-nested": (record(a={"_sd_alg": "sha-256"}), "sdjwt.sd_alg"),
}


@BOTH
@pytest.mark.parametrize(("sd_part", "code"), SHAPES.values(), ids=SHAPES)
def test_a_payload_or_disclosure_of_the_wrong_shape_is_refused(receive, sd_part, code):
    refused(receive, sd_part, code)


SIGNED = jwt(claims())
HEADERS = {
    "sdj-021": ({"jwk": ISSUER.public_key.jwk()}, "jws.key_source_not_allowed"),
    "sdj-022-jku": ({"jku": "https://evil.example/keys"}, "jws.key_source_not_allowed"),
    "sdj-022-x5u": ({"x5u": "https://evil.example/chain"}, "jws.key_source_not_allowed"),
    "sdj-026-path": ({"kid": "../../etc/passwd"}, "jws.kid_unknown"),
    "sdj-026-sql": ({"kid": "' OR 1=1 --"}, "jws.kid_unknown"),
    "sdj-026-long": ({"kid": "k" * 40_000}, "jws.kid_unknown"),
    "sdj-026-number": ({"kid": 42}, "jws.kid_unknown"),
    "sdj-026-empty": ({"kid": ""}, "jws.kid_unknown"),
    "sdj-027": ({"crit": ["foo"], "foo": 1}, "jws.crit_unsupported"),
    "sdj-028-empty": ({"crit": []}, "jws.crit_malformed"),
    "sdj-028-string": ({"crit": "alg"}, "jws.crit_malformed"),
    "sdj-028-registered": ({"crit": ["alg"]}, "jws.crit_malformed"),
    "sdj-028-absent": ({"crit": ["foo"]}, "jws.crit_malformed"),
    "sdj-028-twice": ({"crit": ["foo", "foo"], "foo": 1}, "jws.crit_malformed"),
    "sdj-028-number": ({"crit": [1]}, "jws.crit_malformed"),
    "sdj-029": ({"b64": False, "crit": ["b64"]}, "jws.crit_unsupported"),
    "sdj-029-without-crit": ({"b64": False}, "jws.crit_unsupported"),
    "sdj-047-jwt": ({"typ": "JWT"}, "jws.typ"),
    "sdj-047-missing": ({"typ": None}, "jws.typ"),
    "sdj-047-older": ({"typ": "vc+sd-jwt"}, "jws.typ"),
    "sdj-047-status": ({"typ": "statuslist+jwt"}, "jws.typ"),
    "sdj-047-proof": ({"typ": "openid4vci-proof+jwt"}, "jws.typ"),
    "sdj-047-media-type": ({"typ": "application/dc+sd-jwt"}, "jws.typ"),
    "sdj-047-list": ({"typ": ["dc+sd-jwt"]}, "jws.typ"),
    "sdj-019-none": ({"alg": "none"}, "jws.alg_not_allowed"),
    "sdj-019-lower-case": ({"alg": "es256"}, "jws.alg_not_allowed"),
    "sdj-019-missing": ({"alg": None}, "jws.alg_not_allowed"),
    "sdj-020-header": ({"alg": "ES384"}, "jws.key_alg_mismatch"),
    "sdj-020-eddsa": ({"alg": "EdDSA"}, "jws.key_alg_mismatch"),
}


@BOTH
@pytest.mark.parametrize(("header", "code"), HEADERS.values(), ids=HEADERS)
def test_a_header_that_asks_for_something_else_is_refused(receive, header, code):
    refused(receive, jwt(claims(), header=header) + "~", code)


def hmac_keys() -> dict[str, bytes]:
    key = ISSUER.public_key.key
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return {
        "sdj-019-pem": key.public_bytes(serialization.Encoding.PEM, spki),
        "sdj-019-der": key.public_bytes(serialization.Encoding.DER, spki),
        "sdj-019-jwk": json.dumps(ISSUER.public_key.jwk()).encode(),
        "sdj-019-point": b"\x04" + ISSUER.public_key.raw,
    }


@BOTH
@pytest.mark.parametrize("secret", hmac_keys().values(), ids=hmac_keys())
def test_the_public_key_is_never_an_hmac_secret(receive, secret):
    text = f"{b64(json.dumps({'alg': 'HS256', 'typ': 'dc+sd-jwt'}))}.{b64(json.dumps(claims()))}"
    tag = b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())
    refused(receive, f"{text}.{tag}~", "jws.alg_not_allowed")


@BOTH
def test_sdj_020_a_signature_of_p384_under_es256_is_refused(receive):
    other = generate_signer("ES384")
    token = jwt(claims(), signer=other, header={"alg": "ES256"}) + "~"
    refused(receive, token, "jws.key_alg_mismatch")
    refused(receive, token, "jws.key_alg_mismatch", issuer_key=other.public_key)


def test_sdj_020_a_key_of_secp256k1_fits_no_algorithm():
    key = ec.generate_private_key(ec.SECP256K1())
    numbers = key.public_key().public_numbers()
    coordinates = {n: b64(getattr(numbers, n).to_bytes(32, "big")) for n in ("x", "y")}
    with pytest.raises(PassportError) as refusal:
        public_key_from_jwk({"kty": "EC", "crv": "secp256k1", **coordinates})
    assert refusal.value.code == "jws.key_alg_mismatch"


@BOTH
def test_sdj_020_a_signature_of_secp256k1_is_refused(receive):
    key = ec.generate_private_key(ec.SECP256K1())
    text, _, _ = jwt(claims()).rpartition(".")
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    signature = b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    refused(receive, f"{text}.{signature}~", "sdjwt.issuer_signature")


@BOTH
@pytest.mark.parametrize("length", [0, 1, 63, 65])
def test_a_signature_of_no_algorithms_length_is_refused(receive, length):
    text, _, _ = jwt(claims()).rpartition(".")
    refused(receive, f"{text}.{b64(bytes(length))}~", "sdjwt.issuer_signature")


@BOTH
def test_sdj_025_a_record_signed_by_another_key_is_refused(receive):
    refused(receive, jwt(claims(), signer=forge.STRANGER) + "~", "sdjwt.issuer_signature")


def test_sdj_026_only_the_trusted_keys_names_are_known():
    thumbprint = ISSUER.public_key.thumbprint()
    assert forge.as_verifier(jwt(claims(), header={"kid": thumbprint}) + "~")
    named = jwt(claims(), header={"kid": "key-1"}) + "~"
    assert forge.as_verifier(named, known_kids={"key-1"})
    refused(forge.as_verifier, named, "jws.kid_unknown", known_kids={"key-2"})


TEXTS = {
    "sdj-031-vct": (jwt('{"vct": "a", "vct": "b"}') + "~", "json.duplicate_key"),
    "sdj-031-exp": (jwt(json.dumps(claims())[:-1] + ', "exp": 9}') + "~", "json.duplicate_key"),
    "sdj-031-disclosure": (record(b64('["s", "n", {"a": 1, "a": 2}]')), "json.duplicate_key"),
    "sdj-033-header": (SIGNED.replace(".", "=.", 1) + "~", "b64.not_canonical"),
    "sdj-033-payload": ("=.".join(SIGNED.rsplit(".", 1)) + "~", "b64.not_canonical"),
    "sdj-033-signature": (SIGNED + "==~", "b64.not_canonical"),
    "sdj-033-disclosure": (record(ALLERGY + "="), "b64.not_canonical"),
    "sdj-034-disclosure": (record(b64('["s","n","vv"]')[:-1] + "1"), "b64.not_canonical"),
    "sdj-035-plus": (record(ALLERGY + "+"), "b64.not_canonical"),
    "sdj-035-slash": (record("/" + ALLERGY), "b64.not_canonical"),
    "sdj-035-newline": (record(ALLERGY + "\n"), "b64.not_canonical"),
    "sdj-035-space": (SIGNED.replace(".", " .", 1) + "~", "b64.not_canonical"),
    "sdj-035-nul": (SIGNED + "\0~", "b64.not_canonical"),
    "sdj-037-nan": (record(b64('["s", "n", NaN]')), "json.number_invalid"),
    "sdj-037-infinity": (record(b64('["s", "n", -Infinity]')), "json.number_invalid"),
    "sdj-037-1e400": (record(b64('["s", "n", 1e400]')), "json.number_invalid"),
    "sdj-037-large": (record(b64('["s", "n", 1' + "0" * 5000 + "]")), "json.number_invalid"),
    "sdj-037-minus-zero": (record(b64('["s", "n", -0]')), "json.number_invalid"),
    "sdj-037-payload": (jwt('{"vct": NaN}') + "~", "json.number_invalid"),
    "half-a-character": (record(b64('["s", "n", "\\ud800"]')), "json.text"),
    "not-utf-8": (record(b64(b'["s", "n", "\xff"]')), "json.invalid"),
    "not-json": (record(b64("['s', 'n', 'v']")), "json.invalid"),
    "not-ascii": (record(ALLERGY).replace(ALLERGY, "é"), "b64.not_canonical"),
    "two-values": (record(b64('["s","n","v"] []')), "json.invalid"),
    "payload-is-a-list": (jwt("[1]") + "~", "json.invalid"),
    "header-is-a-list": (f"{b64('[1]')}.{b64('{}')}.AA~", "json.invalid"),
    "sdj-051-no-last-tilde": (record(ALLERGY)[:-1], "sdjwt.syntax"),
    "sdj-051-no-tilde": (SIGNED, "sdjwt.syntax"),
    "sdj-051-double": (record(ALLERGY).replace("~", "~~", 1), "sdjwt.syntax"),
    "sdj-051-leading": ("~" + record(ALLERGY), "sdjwt.syntax"),
    "sdj-051-only": ("~", "sdjwt.syntax"),
    "sdj-051-empty": ("", "sdjwt.syntax"),
    "sdj-054": (json.dumps({"payload": b64("{}"), "signatures": []}), "sdjwt.syntax"),
    "four-parts": (SIGNED + ".AA~", "jws.syntax"),
    "no-payload": ("e30..AA~", "jws.syntax"),
    "one-byte-too-long": ("A" * 262_145, "limit.size"),
    "too-many-disclosures": (SIGNED + "~" + "QQ~" * 1001, "sdjwt.disclosure_limit"),
}


@pytest.mark.parametrize(("text", "code"), TEXTS.values(), ids=TEXTS)
def test_text_that_is_not_strict_is_refused(text, code):
    refused(forge.as_wallet, text, code)
    if text.endswith("~") and "\n" not in text:
        refused(forge.as_verifier, text, code)


def test_sdj_034_a_signature_with_stray_bits_is_refused():
    assert SIGNED[-1] in "AQgw"
    bad = SIGNED[:-1] + chr(ord(SIGNED[-1]) + 1)
    refused(forge.as_wallet, bad + "~", "b64.not_canonical")


CLAIMS = {
    "sdj-043-past": ({"exp": forge.EPOCH - 61}, "cred.expired"),
    "sdj-043-missing": ({"exp": None}, "cred.expired"),
    "sdj-046-exp-text": ({"exp": "1999999999"}, "cred.time_type"),
    "sdj-046-exp-boolean": ({"exp": True}, "cred.time_type"),
    "sdj-046-exp-vast": ({"exp": 1e308}, "cred.time_type"),
    "sdj-046-exp-negative": ({"exp": -1}, "cred.time_type"),
    "sdj-046-nbf-text": ({"nbf": "0"}, "cred.time_type"),
    "sdj-046-iat-text": ({"iat": "0"}, "cred.time_type"),
    "sdj-046-iat-boolean": ({"iat": False}, "cred.time_type"),
    "sdj-046-iat-object": ({"iat": {}}, "cred.time_type"),
    "iat-missing": ({"iat": None}, "cred.issued_at"),
    "iat-in-the-future": ({"iat": forge.EPOCH + 61}, "cred.not_yet_valid"),
    "nbf-in-the-future": ({"nbf": forge.EPOCH + 61}, "cred.not_yet_valid"),
    "sdj-049-missing": ({"vct": None}, "sdjwtvc.vct"),
    "sdj-049-array": ({"vct": [forge.VCT]}, "sdjwtvc.vct"),
    "sdj-049-empty": ({"vct": ""}, "sdjwtvc.vct"),
    "iss-missing": ({"iss": None}, "sdjwtvc.iss"),
    "iss-of-the-wrong-type": ({"iss": ["https://surgery.example"]}, "sdjwtvc.iss"),
}


@BOTH
@pytest.mark.parametrize(("changes", "code"), CLAIMS.values(), ids=CLAIMS)
def test_a_registered_claim_that_is_missing_or_wrong_is_refused(receive, changes, code):
    refused(receive, jwt(claims(**changes)) + "~", code)


@BOTH
def test_sdj_043_a_withheld_expiry_never_means_valid_for_ever(receive):
    refused(receive, record(exp=None, _sd=["withheld"]), "cred.expired")


@pytest.mark.parametrize("seconds", [-59, 0, 59])
def test_the_clocks_may_differ_by_less_than_a_minute(seconds):
    moment = forge.EPOCH + seconds
    assert forge.as_wallet(jwt(claims(exp=forge.EPOCH - 59)) + "~")
    assert forge.as_wallet(jwt(claims(iat=moment, nbf=moment)) + "~")


def test_an_expired_record_is_read_only_where_the_caller_judges_its_age():
    token = jwt(claims(exp=forge.EPOCH - 86_400)) + "~"
    seen = forge.as_verifier(token, expired_accepted=True)
    assert seen.expires_at == NOW - timedelta(days=1)


@BOTH
@pytest.mark.parametrize(
    "name", ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"]
)
def test_sdj_048_a_protected_claim_in_a_disclosure_is_refused(receive, name):
    value = claims().get(name, 0)
    code = "sdjwtvc.protected_claim_disclosed"
    refused(receive, record(disclosure("s", name, value), **{name: None}), code)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": {"_sd": ["withheld"]}},
        {"status": {"status_list": {"idx": 1, "uri": "https://x.example", "_sd": []}}},
        {"aka_vcts": [{"...": "withheld"}]},
        {"cnf": {"jwk": forge.HOLDER.public_key.jwk(), "_sd": ["withheld"]}},
    ],
)
def test_sdj_048_a_protected_claim_with_something_hidden_in_it_is_refused(changes):
    refused(forge.as_wallet, record(**changes), "sdjwtvc.protected_claim_disclosed")


def test_the_issuing_time_may_stand_in_a_disclosure():
    shown = record(disclosure("s", "iat", forge.EPOCH), iat=None)
    assert forge.as_verifier(shown).issued_at == NOW


def test_sdj_049_another_type_than_the_one_asked_for_is_refused():
    refused(forge.as_verifier, record(), "sdjwtvc.vct", expected_vct="https://other.example/1")
    assert forge.as_verifier(record(), expected_vct=forge.VCT)


def test_sdj_052_a_wallet_takes_no_presentation_for_a_record():
    refused(forge.as_wallet, forge.bound(record(ALLERGY)), "sdjwt.kb_at_issuance")


@pytest.mark.parametrize("cnf", [{"jwk": forge.STRANGER.public_key.jwk()}, None])
def test_sdj_053_a_wallet_takes_no_record_for_another_key(cnf):
    refused(forge.as_wallet, record(cnf=cnf), "sdjwt.cnf_not_mine")


def deep(levels: int) -> str:
    """A record whose disclosures hold each other, ``levels`` deep."""
    texts = [disclosure("s0", "n", "end")]
    for level in range(levels):
        inner = {"_sd": [digest(texts[-1])]}
        texts.append(disclosure(f"s{level + 1}", "n", inner))
    return record(*texts, _sd=[digest(texts[-1])])


@BOTH
def test_disclosures_nest_to_the_limit_and_no_deeper(receive):
    assert receive(deep(30))
    refused(receive, deep(40), "limit.depth")
    refused(receive, record(a=json.loads("[" * 40 + "]" * 40)), "limit.depth")


def test_arrays_within_disclosures_nest_no_deeper_either():
    texts = [disclosure("s0", "end")]
    for level in range(40):
        texts.append(disclosure(f"s{level + 1}", [{"...": digest(texts[-1])}]))
    sd_part = record(*texts, _sd=None, a=[{"...": digest(texts[-1])}])
    refused(forge.as_wallet, sd_part, "limit.depth")


def test_another_formats_parse_is_not_taken_for_ours():
    with pytest.raises(PassportError) as refusal:
        sd_jwt_vc.verify(object(), issuer_key=ISSUER.public_key, challenge=None, now=NOW)
    assert refusal.value.code == "cred.format_unknown"
