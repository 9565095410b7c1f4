"""Every published SD-JWT and SD-JWT VC example and test case, with one runner for each kind."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import forge
import pytest
import yaml
from shared_inputs import SHARED, shared
from vectors_claims import chosen_places, load, marked_places, plain

from healthpassport.credential import Challenge
from healthpassport.errors import PassportError
from healthpassport.formats import sd_jwt, sd_jwt_vc
from healthpassport.formats.sd_jwt import disclosure, key_binding
from healthpassport.formats.sd_jwt.issuing import Decoys
from healthpassport.keys import PublicKey, public_key_from_jwk, signer_from_private_jwk

pytestmark = pytest.mark.shared

ALGORITHMS = {"ES256"}
WITHIN = datetime.fromtimestamp(1_748_536_865, UTC)  # between iat and exp of every example


def found(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in (SHARED / "vectors").glob(pattern))


def examples() -> list[Any]:
    return [
        pytest.param(example, id=f"{path.parent.name}-{number}-{example['section'].split()[0]}")
        for path in found("sd-jwt-rfc9901/examples.json", "sd-jwt-vc/examples.json")
        for number, example in enumerate(json.loads(path.read_text(encoding="utf-8")))
    ]


@cache
def published_key(name: str) -> PublicKey:
    settings = yaml.safe_load(
        shared("vectors", "sd-jwt-rfc9901", "settings.yml").read_text(encoding="utf-8")
    )
    keys = settings["key_settings"]
    jwk = keys["issuer_keys"][0] if name == "issuer" else keys["holder_key"]
    return public_key_from_jwk({n: v for n, v in jwk.items() if n != "d"})


def compact(example: dict[str, Any]) -> str:
    """The first example is the bare JWT: an SD-JWT is that and a tilde (section 4)."""
    return example["token"] if "~" in example["token"] else example["token"] + "~"


@pytest.mark.parametrize("example", examples())
def test_a_published_example_verifies_by_rfc_9901(example):
    parsed = sd_jwt.parse(compact(example))
    seen = sd_jwt.verify(
        parsed,
        issuer_key=published_key("issuer"),
        expected_typ=example["header"]["typ"],
        expected_algorithms=ALGORITHMS,
    )
    assert dict(parsed.payload) == example["payload"]
    for row in example.get("disclosures", []):
        decoded = disclosure.read_disclosure(row["disclosure"])
        named = [decoded.value] if decoded.name is None else [decoded.name, decoded.value]
        assert named == row["decoded"][1:]
        assert disclosure.digest(row["disclosure"]) == row["sha256_digest"]
    assert len(seen.places) == len(example.get("disclosures", []))
    assert not {"_sd", "_sd_alg"} & seen.payload.keys()
    if "sd_hash_expected" in example:
        assert disclosure.digest(parsed.sd_part) == example["sd_hash_expected"]


@pytest.mark.parametrize("example", [e for e in examples() if "kb_jwt" in e.values[0]])
def test_a_published_key_binding_verifies(example):
    said = example["kb_jwt"]["payload"]
    parsed = sd_jwt.parse(example["token"])
    assert parsed.key_binding
    assert key_binding.holder_key(parsed.payload) == published_key("holder")
    key_binding.check(
        parsed.key_binding,
        sd_part=parsed.sd_part,
        key=published_key("holder"),
        challenge=Challenge(said["nonce"], said["aud"]),
        now=datetime.fromtimestamp(said["iat"], UTC) + timedelta(minutes=1),
        expected_algorithms=ALGORITHMS,
    )


@pytest.mark.parametrize("example", examples())
def test_a_published_example_is_a_credential_exactly_if_it_is_typed_so(example):
    said = example.get("kb_jwt", {}).get("payload")
    arguments = {
        "issuer_key": published_key("issuer"),
        "challenge": Challenge(said["nonce"], said["aud"]) if said else None,
        "now": datetime.fromtimestamp(said["iat"], UTC) if said else WITHIN,
        "known_kids": {"doc-signer-05-25-2022"},
    }
    parsed = sd_jwt_vc.parse(compact(example))
    if example["header"]["typ"] == "dc+sd-jwt":
        assert sd_jwt_vc.verify(parsed, **arguments).vct == example["payload"]["vct"]
    else:
        with pytest.raises(PassportError) as refusal:
            sd_jwt_vc.verify(parsed, **arguments)
        assert refusal.value.code == "jws.typ"


def cases() -> list[Any]:
    return [
        pytest.param(load(path), id=f"{path.parents[2].name}-{path.parent.name}")
        for path in found(
            "sd-jwt-rfc9901/python-testcases/*/specification.yml",
            "sd-jwt-rfc9901/spec/*/specification.yml",
            "sd-jwt-vc/spec/*/specification.yml",
        )
    ]


@pytest.mark.parametrize(
    "decoys", [Decoys(), Decoys(members=3, elements=5)], ids=["bare", "decoys"]
)
@pytest.mark.parametrize("case", cases())
def test_a_published_test_case_shows_what_its_holder_chose(case, decoys):
    claims = plain(case["user_claims"])
    places = marked_places(case["user_claims"])
    token = sd_jwt.issue(
        claims,
        disclosable=places,
        header={"typ": "example+sd-jwt", **case.get("extra_header_parameters", {})},
        signer=forge.ISSUER,
        salts=secrets.token_bytes,
        decoys=decoys,
    )
    parsed = sd_jwt.parse(token)
    assert len(parsed.disclosures) == len(places)
    held = processed(token)
    assert held.payload == claims
    assert set(held.places) == set(places)
    chosen = [p for p in chosen_places(case["holder_disclosed_claims"]) if p in held.places]
    texts = [held.places[place].text for place in chosen]
    shown = processed("~".join([token.partition("~")[0], *texts, ""]))
    if "expect_verified_user_claims" in case:
        assert shown.payload == plain(case["expect_verified_user_claims"])


def processed(token: str) -> sd_jwt.ProcessedSdJwt:
    return sd_jwt.verify(
        sd_jwt.parse(token),
        issuer_key=forge.ISSUER.public_key,
        expected_typ=None,
        expected_algorithms=ALGORITHMS,
    )


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
@pytest.mark.parametrize("size", ["small.entry", "large.entry", "large.field"])
def test_what_another_implementation_issued_and_presented_verifies(size, algorithm):
    keys = json.loads(shared("bench", "inputs", "keys.json").read_text(encoding="utf-8"))["jwk"]
    folder = shared("bench", "peer-made")
    issued, derived = (
        (folder / f"sdjwt.{algorithm}.{size}.{kind}.txt").read_text(encoding="ascii").strip()
        for kind in ("issued", "derived")
    )
    issuer = signer_from_private_jwk(keys[f"issuer{algorithm}"]).public_key
    holder = signer_from_private_jwk(keys["holderES256"])
    now = datetime.fromtimestamp(1_795_330_452, UTC)
    challenge = Challenge("n-0S6_WzA2Mj", "x509_san_dns:verifier.example")
    arguments = {"issuer_key": issuer, "now": now, "known_kids": {"k1"}}
    seen = sd_jwt_vc.verify(sd_jwt_vc.parse(derived), challenge=challenge, **arguments)
    held = sd_jwt_vc.read_held(issued, holder_key=holder.public_key, **arguments)
    inputs = json.loads(
        shared("bench", "inputs", f"health-{size.partition('.')[0]}.sdjwt.json").read_text(
            encoding="utf-8"
        )
    )
    assert {name: held.payload[name] for name in inputs["claims"]} == inputs["claims"]
    names = ["givenName", "familyName", "birthDate", "allergies"]
    names += ["medications"] if "large" in size else []
    chosen = sd_jwt_vc.select(held, [(name,) for name in names])
    text = sd_jwt_vc.present(
        held, disclose=chosen, challenge=challenge, holder_signer=holder, now=now
    )
    ours = sd_jwt_vc.verify(sd_jwt_vc.parse(text), challenge=challenge, **arguments)
    assert ours.payload == seen.payload
    assert ours.disclosed == seen.disclosed
