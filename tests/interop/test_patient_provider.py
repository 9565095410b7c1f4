"""Patients sign in with somebody else's provider (npm's oidc-provider), set up as NHS login is."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from html import unescape
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from interop.third_party import installed, program
from sign_in_world import CALLBACK, NUMBER, Asking, SignInSite, person, returned, told
from simulated_issuer import ISS
from simulated_web import write_tls

from healthpassport.encoding import b64url_encode
from healthpassport.keys.rsa import RsaClientKey
from issuer.api import create_app
from issuer.web.patient import add_pages

pytestmark = pytest.mark.node
SOURCE = Path(__file__).parent / "provider"
START_SECONDS = 180
PEOPLE = {
    "patient": person(),
    "newcomer": person(identity_proofing_level="P5", vot="P5.Cp.Cd"),
    "neighbour": person(nhs_number="9990000026"),
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def public_jwk(key):
    numbers = key.public_key().public_numbers()

    def text(value):
        return b64url_encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))

    jwk = {"kty": "RSA", "n": text(numbers.n), "e": text(numbers.e), "use": "sig", "alg": "RS512"}
    return {**jwk, "kid": RsaClientKey("RS512", key).thumbprint()}


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


@pytest.fixture(scope="module")
def provider(request, tmp_path_factory, key):
    """The issuer, and the certificate to believe."""
    folder = installed(request.config.cache.mkdir("third-party-provider"), SOURCE)
    pem, port = write_tls(tmp_path_factory.mktemp("tls")), free_port()
    people = {who: {k: v for k, v in one.items() if k != "sub"} for who, one in PEOPLE.items()}
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "PEM": str(pem),
        "CLIENT_JWK": json.dumps(public_jwk(key)),
        "CALLBACK": ISS + CALLBACK,
        "PEOPLE": json.dumps(people),
    }
    with subprocess.Popen(
        [program("node"), "patients.mjs"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        begun = time.monotonic()
        while not process.stdout.readline().startswith("listening"):
            assert process.poll() is None
            assert time.monotonic() - begun < START_SECONDS
        yield f"https://localhost:{port}", pem
        process.terminate()


class RealLoginSite(SignInSite):
    """A site whose way to the provider is the network."""

    def reopen(self):
        self.app = create_app(self.settings)
        self.issuer = self.app.state.issuer
        add_pages(self.app)


@pytest.fixture(scope="module")
def site(tmp_path_factory, provider, key):
    issuer, pem = provider
    folder = tmp_path_factory.mktemp("surgery")
    path = folder / "client.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    from datetime import UTC, datetime  # noqa: PLC0415

    now = datetime.now(UTC)
    changes = {
        "certified_at": now,
        "patient_sign_in_issuer": issuer,
        "patient_sign_in_client_id": "surgery",
        "patient_sign_in_client_auth": "private_key_jwt",
        "patient_sign_in_client_key": path,
        "patient_sign_in_client_audience": "issuer",
        "patient_sign_in_algorithms": ("RS512",),
        "patient_sign_in_pkce": "required",
        "patient_sign_in_ca_file": pem,
        "patient_sign_in_private_hosts": (issuer.removeprefix("https://"),),
    }
    made = RealLoginSite(folder, changes)
    made.now = now
    return made


class Person:
    """Somebody at the provider's own pages, by raw HTTP."""

    def __init__(self, pem):
        trusted = ssl.create_default_context(cafile=pem)
        self.open = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=trusted),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            _Nowhere(),
        ).open

    def signs_in(self, url, who, back):
        """Log in and agree; the query with which the provider sends the browser back."""
        page = ""
        for _ in range(10):
            form = re.search(r'<form[^>]*action="([^"]+)"', page)
            if form is None:
                found, page = self._ask(url)
            else:
                named = re.findall(r'<input[^>]*name="prompt"[^>]*value="([^"]+)"', page)
                fields = {"prompt": named[0] if named else "login"}
                fields |= {"login": who, "password": "x"} if fields["prompt"] == "login" else {}
                found, page = self._ask(urljoin(url, unescape(form[1])), fields)
            if found is not None:
                url, page = urljoin(url, found), ""
                if url.startswith(back):
                    return urlsplit(url).query
        raise AssertionError(page)

    def _ask(self, url, fields=None):
        data = None if fields is None else urlencode(fields).encode()
        try:
            with self.open(url, data) as answer:
                return None, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.headers["location"], ""


class _Nowhere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments):
        return None


def signed_in(site, pem, who):
    wallet = Asking(site)
    wallet.begin()
    leaving = wallet.browser.get("/patient/go")
    assert leaving.status == 303, told(leaving)
    query = Person(pem).signs_in(leaving.headers["location"], who, ISS + CALLBACK)
    return wallet, wallet.browser.get(f"{CALLBACK}?{query}")


def test_a_patient_of_a_real_provider_gets_their_record(site, provider):
    wallet, answer = signed_in(site, provider[1], "patient")
    assert answer.headers.get("location") == "/patient/agree", told(answer)
    given = wallet.redeem(returned(wallet.answer())["code"])
    assert given.status == 200, given.body
    assert wallet.collect().status == 200


@pytest.mark.parametrize(("who", "code"), [("newcomer", "level"), ("neighbour", "not_found")])
def test_others_of_a_real_provider_get_nothing(site, provider, who, code):
    _, answer = signed_in(site, provider[1], who)
    assert f"Code: patient.{code}" in told(answer)
    assert NUMBER not in told(answer)
