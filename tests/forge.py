"""Makes records and presentations that a real issuer or holder key signed, in any broken shape."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

from healthpassport.credential import Challenge
from healthpassport.formats import DisclosedCredential, sd_jwt_vc
from healthpassport.keys import SoftwareSigner, generate_signer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CHALLENGE = Challenge(nonce="a-nonce-of-128-bits-AAA", audience="x509_hash:desk")
ISSUER = generate_signer()
HOLDER = generate_signer()
OTHER_HOLDER = generate_signer()
STRANGER = generate_signer()
VCT = "https://passport.example/vct/AllergySummary/1"
EPOCH = int(NOW.timestamp())


def b64(data: bytes | str) -> str:
    octets = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def digest(text: str) -> str:
    return b64(hashlib.sha256(text.encode()).digest())


def disclosure(*entry: object) -> str:
    """A disclosure with ``entry`` as its array, salt and all."""
    return b64(json.dumps(list(entry)))


def claims(**changes: object) -> dict[str, object]:
    """The claims of a sound record; a change to None leaves the claim out."""
    sound = {
        "iss": "https://surgery.example",
        "vct": VCT,
        "iat": EPOCH - 3600,
        "exp": int((NOW + timedelta(days=30)).timestamp()),
        "cnf": {"jwk": HOLDER.public_key.jwk()},
        "_sd_alg": "sha-256",
    }
    return {name: value for name, value in (sound | changes).items() if value is not None}


def jwt(
    payload: object,
    *,
    header: dict[str, object] | None = None,
    signer: SoftwareSigner = ISSUER,
    typ: str | None = "dc+sd-jwt",
) -> str:
    """A JWS over ``payload`` (JSON text as it is); ``header`` overrides alg and typ."""
    sound = {"alg": signer.algorithm, "typ": typ} | (header or {})
    protected = json.dumps({name: value for name, value in sound.items() if value is not None})
    body = payload if isinstance(payload, str) else json.dumps(payload)
    signing_input = f"{b64(protected)}.{b64(body)}"
    return f"{signing_input}.{b64(signer.sign(signing_input.encode()))}"


def record(*disclosures: str, **changes: object) -> str:
    """An issued record: the top-level ``_sd`` lists the disclosures unless it is given."""
    changes.setdefault("_sd", [digest(text) for text in disclosures])
    return "~".join([jwt(claims(**changes)), *disclosures, ""])


def bound(
    sd_part: str,
    *,
    signer: SoftwareSigner = HOLDER,
    header: dict[str, object] | None = None,
    **changes: object,
) -> str:
    """``sd_part`` with a KB-JWT; a change to None leaves the claim out."""
    sound = {
        "iat": EPOCH,
        "aud": CHALLENGE.audience,
        "nonce": CHALLENGE.nonce,
        "sd_hash": digest(sd_part),
    }
    body = {name: value for name, value in (sound | changes).items() if value is not None}
    return sd_part + jwt(body, signer=signer, header={"typ": "kb+jwt"} | (header or {}))


def as_verifier(sd_part: str, **changes: object) -> DisclosedCredential:
    """What a desk makes of ``sd_part``, bound by its holder."""
    return verify(bound(sd_part), **changes)


def verify(text: str, **changes: object) -> DisclosedCredential:
    """What a desk makes of the presentation ``text``."""
    expected = {"issuer_key": ISSUER.public_key, "challenge": CHALLENGE, "now": NOW} | changes
    return sd_jwt_vc.verify(sd_jwt_vc.parse(text), **expected)


def as_wallet(sd_part: str, **changes: object) -> sd_jwt_vc.Held:
    """What a wallet makes of ``sd_part`` at its receipt."""
    expected = {
        "issuer_key": ISSUER.public_key,
        "holder_key": HOLDER.public_key,
        "now": NOW,
    } | changes
    return sd_jwt_vc.read_held(sd_part, **expected)
