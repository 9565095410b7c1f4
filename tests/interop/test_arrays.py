"""Decoys in an array stand after its elements: other wallets count on it."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from healthpassport.encoding import b64url_encode
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import generate_signer

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_the_first_digests_of_an_array_are_those_of_its_elements():
    signer = generate_signer()
    text = sd_jwt_vc.issue(
        payload={
            "vct": "https://passport.example/vct/Test/1",
            "items": [{"n": n} for n in "abcde"],
        },
        disclosable=[("items", None)],
        signer=signer,
        iss="https://issuer.example",
        holder_jwk=None,
        issued_at=NOW,
        expires_at=NOW + timedelta(days=1),
        salts=secrets.token_bytes,
    )
    parsed = sd_jwt_vc.parse(text)
    digests = [element["..."] for element in parsed.payload["items"]]
    disclosures = text.split("~")[1:-1]
    real = {b64url_encode(hashlib.sha256(d.encode()).digest()) for d in disclosures}
    assert len(digests) > len(real) == 5
    assert [digest in real for digest in digests] == [True] * 5 + [False] * (len(digests) - 5)
