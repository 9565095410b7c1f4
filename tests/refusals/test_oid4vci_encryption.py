"""Attacks on encrypted requests and responses (attacks.json, category oid4vci), by id."""

import json

import pytest
from bounded import within
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from simulated_issuer import Site, Wallet, refused

BAD = "invalid_encryption_parameters"
OFF_CURVE = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "alg": "ECDH-ES"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def wallet(world):
    """A wallet that holds an access token."""
    return holder(world)


def holder(site):
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token().status == 200
    return wallet


def own_key():
    return JWK.generate(kty="EC", crv="P-256")


def wish(key=None, **changes):
    """``credential_response_encryption``; a change to None takes the member away."""
    jwk = (key or own_key()).export_public(as_dict=True) | {"alg": "ECDH-ES"}
    members = {"jwk": jwk, "enc": "A256GCM"} | changes
    return {name: value for name, value in members.items() if value is not None}


def request(wallet, wanted=None):
    value = {
        "credential_configuration_id": "AllergySummary",
        "proofs": {"jwt": [wallet.proof(wallet.nonce())]},
    }
    return value if wanted is None else value | {"credential_response_encryption": wanted}


def issuer_key(site):
    told = site.call("GET", "/.well-known/openid-credential-issuer").json()
    (jwk,) = told["credential_request_encryption"]["jwks"]["keys"]
    return jwk


def hidden(value, jwk, **header):
    head = {"alg": "ECDH-ES", "enc": "A128GCM", "kid": jwk["kid"]} | header
    message = JWE(
        value if isinstance(value, bytes) else json.dumps(value).encode(),
        protected=json.dumps({name: one for name, one in head.items() if one is not None}),
    )
    message.add_recipient(JWK(**jwk))
    return message.serialize(compact=True).encode()


def sent(wallet, body, media_type="application/jwt", path="/credential"):
    headers = [
        ("authorization", f"DPoP {wallet.token}"),
        ("dpop", wallet.dpop(path)),
        ("content-type", media_type),
    ]
    return wallet.site.call("POST", path, body=body, headers=headers)


@pytest.mark.parametrize(
    "wanted",
    [
        wish(enc="A128CBC-HS256"),
        wish(enc="none"),
        wish(enc=None),
        wish(enc=5),
        wish(jwk=None),
        wish(jwk={}),
        wish(jwk="text"),
        wish(jwk=OFF_CURVE),
        wish(jwk=OFF_CURVE | {"alg": "ECDH-ES+A128KW"}),
        wish(jwk=own_key().export_public(as_dict=True)),
        wish(jwk=own_key().export_private(as_dict=True) | {"alg": "ECDH-ES"}),
        wish(JWK.generate(kty="EC", crv="P-384")),
        wish(
            jwk=JWK.generate(kty="RSA", size=2048).export_public(as_dict=True) | {"alg": "ECDH-ES"}
        ),
        wish(jwk={"kty": "oct", "k": "AAAA", "alg": "ECDH-ES"}),
        wish(zip="ZSTD"),
        wish(zip=5),
        "text",
        [],
        None,
    ],
)
def test_vci_025_parameters_that_are_not_offered_are_refused(world, wallet, wanted):
    value = request(wallet) | {"credential_response_encryption": wanted}
    refused(sent(wallet, hidden(value, issuer_key(world))), BAD)
    # Nothing was used up by it.
    del value["credential_response_encryption"]
    assert wallet.post("/credential", value).status == 200


def test_vci_025_a_key_for_the_response_in_a_plain_request_is_refused(wallet):
    value = request(wallet, wish())
    refused(wallet.post("/credential", value), BAD)
    refused(
        wallet.post(
            "/deferred_credential",
            {"transaction_id": "x"} | {"credential_response_encryption": wish()},
        ),
        BAD,
    )


def test_vci_026_a_compressed_request_is_refused_unopened(world, wallet):
    bomb = b'{"a":"' + b"0" * 50_000_000 + b'"}'
    body = hidden(bomb, issuer_key(world), zip="DEF")
    assert len(body) < 100_000
    within(2, lambda: refused(sent(wallet, body), BAD))
    refused(sent(wallet, body, path="/deferred_credential"), BAD)


def test_a_request_that_does_not_open_is_refused(world, wallet):
    key, value = issuer_key(world), request(wallet)
    good = hidden(value, key)
    other = own_key().export_public(as_dict=True) | {"kid": key["kid"]}
    for body in (
        b"",
        b"{}",
        b"a.b.c.d.e",
        good[:-4] + b"AAAA",
        good + b".x",
        b"\xff" + good,
        hidden(value, other),
        hidden(value, key, kid="another"),
        hidden(value, key, kid=None),
        hidden(value, key, enc="A128CBC-HS256"),
        hidden(value, key, alg="ECDH-ES+A128KW"),
    ):
        refused(sent(wallet, body), BAD)
    refused(sent(wallet, hidden(b"[]", key)), "invalid_credential_request")
    refused(sent(wallet, hidden(b'{"a":1,"a":2}', key)), "invalid_credential_request")
    assert sent(wallet, good).status == 200


def test_a_body_of_another_media_type_is_refused(wallet):
    for media_type in ("", "text/plain", "application/x-www-form-urlencoded", "application/jose"):
        body = json.dumps(request(wallet)).encode()
        refused(sent(wallet, body, media_type), "invalid_credential_request")
    refused(sent(wallet, b"{}", "text/plain", "/notification"), "invalid_notification_request")


def test_where_encryption_is_required_nothing_goes_without_it(tmp_path):
    site = Site(tmp_path, {"encryption": "required"})
    wallet = holder(site)
    told = site.call("GET", "/.well-known/openid-credential-issuer").json()
    assert told["credential_request_encryption"]["encryption_required"] is True
    assert told["credential_response_encryption"]["encryption_required"] is True
    refused(wallet.ask_credential(), BAD)
    refused(sent(wallet, hidden(request(wallet), issuer_key(site))), BAD)
    refused(wallet.post("/deferred_credential", {"transaction_id": "x"}), BAD)
    mine = own_key()
    answer = sent(wallet, hidden(request(wallet, wish(mine)), issuer_key(site)))
    assert answer.status == 200
    message = JWE(algs=["ECDH-ES", "A256GCM"])
    message.deserialize(answer.body.decode(), mine)
    assert len(json.loads(message.payload)["credentials"]) == 1


def test_where_encryption_is_off_none_is_offered_or_taken(tmp_path, world):
    site = Site(tmp_path, {"encryption": "off"})
    wallet = holder(site)
    told = site.call("GET", "/.well-known/openid-credential-issuer").json()
    assert not [name for name in told if name.endswith("_encryption")]
    refused(sent(wallet, hidden(request(wallet), issuer_key(world))), BAD)
    refused(wallet.post("/credential", request(wallet, wish())), BAD)


def test_the_key_of_requests_outlives_a_restart_and_is_no_other_issuers(tmp_path, world):
    before = issuer_key(world)
    world.reopen()
    assert issuer_key(world) == before
    assert issuer_key(Site(tmp_path))["kid"] != before["kid"]
