"""Key attestations as a wallet's provider signs them, each bent in one way if wanted."""

from __future__ import annotations

import base64

from simulated_ca import AT, make

from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.keys.signer import signer_from_library

NOW = int(AT.timestamp())
KEYS = [generate_signer() for _ in range(3)]
ROOT = make("Attesters", ca=True, host=None)
LEAF = make("Attester", ROOT, host="attester.example")


def attested(leaf=LEAF, *, chain=None, header=(), without=(), keys=None, **claims):
    jwks = [key.public_key.jwk() for key in KEYS] if keys is None else keys
    body = {"iat": NOW, "exp": NOW + 300, "attested_keys": jwks, "nonce": "n"} | claims
    body = {name: value for name, value in body.items() if name not in without}
    x5c = [base64.b64encode(one.der).decode() for one in chain or [leaf]]
    head = {"typ": "key-attestation+jwt", "x5c": x5c} | dict(header)
    head = {name: value for name, value in head.items() if name not in without}
    return jws.sign(header=head, payload=body, signer=signer_from_library(leaf.key))
