"""The whole of issuing over a real server: uvicorn, TLS, loopback."""

import http.client
import json
import secrets
import ssl
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization
from simulated_issuer import certificates, made_settings

from healthpassport.canonical import bundled
from healthpassport.dids import resolve
from healthpassport.dids.web import did_web, document_url
from healthpassport.formats import sd_jwt_vc
from healthpassport.formats.data_integrity import DEFAULT_ALLOWED, verify_credential
from healthpassport.keys import generate_signer, public_key_from_jwk
from healthpassport.protocols import oid4vci
from healthpassport.status import token_status_list as tsl
from healthpassport.status.bitstring import BitstringEntry, read_list
from issuer.api import create_app

PATIENT = Path(__file__).resolve().parents[2] / "demo" / "patients" / "agnes-quillfeather.json"
PORT_PATIENCE = 120.0  # seconds for the server to start


@pytest.fixture
def server(tmp_path):
    """A running issuer: its settings, API key, a way to ask it, and the application."""
    now = datetime.now(UTC)
    tls = tmp_path / "tls"
    tls.mkdir()
    _, key_uri, root = certificates(tls, "localhost", now)
    config = uvicorn.Config(
        lambda: None,
        factory=False,
        host="127.0.0.1",
        port=0,
        ssl_certfile=str(tls / "x5c.pem"),
        ssl_keyfile=key_uri.removeprefix("file://"),
        log_level="error",
        access_log=False,
        lifespan="on",
    )
    socket = config.bind_socket()
    port = socket.getsockname()[1]
    settings, key = made_settings(
        tmp_path, iss=f"https://localhost:{port}", certified_at=now, batch_size=3
    )
    app = create_app(settings)
    config.app = app
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    until = time.monotonic() + PORT_PATIENCE
    while not running.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    trusted = ssl.create_default_context(
        cadata=root.public_bytes(serialization.Encoding.PEM).decode()
    )
    yield settings, key, lambda *a, **k: ask(port, trusted, *a, **k), app
    running.should_exit = True
    thread.join(timeout=60)
    socket.close()


def ask(port, trusted, method, url, *, body=None, headers=None):
    connection = http.client.HTTPSConnection("localhost", port, context=trusted, timeout=60)
    try:
        path = "/" + url.partition("://")[2].partition("/")[2] if "://" in url else url
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_a_record_travels_from_fhir_to_signed_copies_over_https(server):
    settings, key, call, _ = server
    iss = settings.iss
    request = {"bundle": json.loads(PATIENT.read_text()), "recordTypes": ["AllergySummary"]}
    status, _, body = call(
        "POST",
        "/offers",
        body=json.dumps(request),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    assert status == 201, body
    told = json.loads(body)
    _, _, body = call("GET", oid4vci.parse_offer_link(told["link"]))
    offer = oid4vci.parse_offer(body)
    _, _, body = call("GET", oid4vci.well_known_url(iss, "openid-credential-issuer"))
    metadata = oid4vci.parse_issuer_metadata(body, expected_issuer=iss)
    _, _, body = call("GET", oid4vci.well_known_url(iss, "oauth-authorization-server"))
    authorization = oid4vci.parse_authorization_server_metadata(body, expected_issuer=iss)

    holder = generate_signer()

    def dpop(url, token=None):
        return oid4vci.make_dpop_proof(
            signer=holder,
            method="POST",
            uri=url,
            jti=secrets.token_hex(16),
            now=datetime.now(UTC),
            access_token=token,
        )

    form = oid4vci.TokenRequest.model_validate(
        {"pre-authorized_code": offer.grants.pre_authorized.code, "tx_code": told["pin"]}
    ).wire()
    status, headers, body = call(
        "POST",
        authorization.token_endpoint,
        body=urlencode(form),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "DPoP": dpop(authorization.token_endpoint),
        },
    )
    assert status == 200, body
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    token = oid4vci.parse_token_response(body).access_token

    nonce = json.loads(call("POST", metadata.nonce_endpoint)[2])["c_nonce"]
    keys = [generate_signer() for _ in range(3)]
    proofs = tuple(
        oid4vci.make_key_proof(signer=k, issuer=iss, nonce=nonce, now=datetime.now(UTC))
        for k in keys
    )
    asked = oid4vci.CredentialRequest(
        credential_configuration_id="AllergySummary", proofs=proofs
    ).wire()
    status, _, body = call(
        "POST",
        metadata.credential_endpoint,
        body=json.dumps(asked),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"DPoP {token}",
            "DPoP": dpop(metadata.credential_endpoint, token),
        },
    )
    assert status == 200, body
    response = oid4vci.parse_credential_response(body)
    for copy, signer in zip(response.credentials, keys, strict=True):
        held = sd_jwt_vc.read_held(
            copy.credential,
            issuer_key=server[3].state.issuer.signer.public_key,
            holder_key=signer.public_key,
            now=datetime.now(UTC),
        )
        reference = tsl.reference(held.payload)
        status, headers, listed = call("GET", reference.uri)
        assert headers["content-type"] == "application/statuslist+jwt"
        current = tsl.read(
            listed.decode(),
            expected_uri=reference.uri,
            keys=[server[3].state.issuer.signer.public_key],
            now=datetime.now(UTC),
        )
        assert current.get(reference.index) == tsl.VALID
    notice = {"notification_id": response.notification_id, "event": "credential_accepted"}
    status, _, body = call(
        "POST",
        metadata.notification_endpoint,
        body=json.dumps(notice),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"DPoP {token}",
            "DPoP": dpop(metadata.notification_endpoint, token),
        },
    )
    assert (status, body) == (204, b"")


def test_the_published_key_documents_lead_to_the_key_that_signs(server):
    settings, _, call, app = server
    key = app.state.issuer.signer.public_key
    status, headers, body = call("GET", "/.well-known/did.json")
    assert (status, headers["content-type"]) == (200, "application/json")
    did = did_web(settings.iss)
    assert document_url(did) == settings.iss + "/.well-known/did.json"
    url = f"{did}#{key.thumbprint()}"
    found = resolve(url, documents={did: json.loads(body)})
    assert found.public_key == key
    found.require("assertionMethod")
    _, _, body = call("GET", oid4vci.well_known_url(settings.iss, "jwt-vc-issuer"))
    published = json.loads(body)
    assert published["issuer"] == settings.iss
    [jwk] = published["jwks"]["keys"]
    assert public_key_from_jwk(jwk) == key
    assert url == f"{did}#{jwk['kid']}"


def test_a_bitstring_list_is_signed_by_the_key_in_the_published_document(server):
    settings, _, call, _ = server
    _, _, body = call("GET", "/.well-known/did.json")
    did = did_web(settings.iss)
    documents = {did: json.loads(body)}
    status, headers, body = call("GET", "/status/bitstring/1")
    assert (status, headers["content-type"]) == (200, "application/vc")
    verified = verify_credential(
        json.loads(body),
        resolve=lambda url: resolve(url, documents=documents),
        allowed=DEFAULT_ALLOWED,
        now=datetime.now(UTC),
        contexts=bundled(),
    )
    assert verified.document["issuer"] == did
    held = read_list(verified.document["credentialSubject"])
    assert held.get(BitstringEntry("revocation", 7, "https://localhost")) == 0


def test_a_body_sent_in_pieces_is_stopped_at_the_limit(server):
    _, _, call, _ = server

    def pieces():
        for _ in range(40):
            yield b" " * 65_536

    status, headers, body = call("POST", "/credential", body=pieces())
    assert status == 413
    assert json.loads(body)["code"] == "limit.size"
    assert headers["connection"] == "close"
