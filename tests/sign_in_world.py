"""A surgery whose patients sign in at a simulated NHS login, a wallet by raw HTTP, and a browser.

Everything is the real thing but the network: requests go straight into the application, and the
provider is the fetcher that the issuer asks.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

from fhir_examples import PATIENT, allergy, bundle, concept, data
from simulated_issuer import Answer, Site
from simulated_provider import CLIENT, ISSUER, SECRET, Provider

from healthpassport.encoding import b64url_encode
from healthpassport.keys import generate_signer
from healthpassport.protocols import oid4vci
from issuer.api import create_app
from issuer.web.patient import add_pages

WALLET = "https://wallet.example"
REDIRECT = "https://wallet.example/back"
NUMBER, BORN = "9990000018", "1958-07-14"
SCOPE = "https://passport.example/vct/AllergySummary/1"
LATEX = allergy(concept("1003755004", "Allergy to latex"))
FORM = {"content-type": "application/x-www-form-urlencoded"}
COOKIE = "__Host-patient"
CALLBACK = "/patient/callback"


class NhsLogin(Provider):
    """The simulated provider as NHS login speaks: vectors of trust, NHS number, level of proof."""

    def visit(self, url):
        self.last = dict(parse_qsl(urlsplit(url).query))
        return super().visit(url)


def person(**changes):
    told = {
        "sub": "n-1",
        "vot": "P9.Cp.Cd",
        "vtm": f"{ISSUER}/trustmark",
        "nhs_number": NUMBER,
        "birthdate": BORN,
        "family_name": "Example",
        "identity_proofing_level": "P9",
    }
    return told | changes


class SignInSite(Site):
    """A ``Site`` whose patients sign in, with a folder of bundles."""

    def __init__(self, folder, changes=None, *, clients=None, bundles=None):
        notes = folder / "notes"
        notes.mkdir()
        known = {WALLET: {"name": "Good Wallet", "redirect_uris": [REDIRECT]}}
        (folder / "clients.json").write_text(json.dumps(known if clients is None else clients))
        (folder / "secret").write_text(SECRET)
        for name, one in (bundles or {"a.json": data(bundle(PATIENT, LATEX))}).items():
            (notes / name).write_bytes(one)
        self.login = NhsLogin(person=person())
        values = {
            "source_folder": notes,
            "patient_sign_in_issuer": ISSUER,
            "patient_sign_in_client_id": CLIENT,
            "patient_sign_in_client_auth": "client_secret_post",
            "patient_sign_in_client_secret_file": folder / "secret",
            "patient_sign_in_algorithms": ("ES256",),
            "wallet_clients": folder / "clients.json",
            "wallet_attestation": "optional",
            "requests_per_second": 1e6,
            "request_burst": 10**6,
        }
        super().__init__(folder, values | (changes or {}))

    def reopen(self):
        self.login.clock = lambda: self.now.timestamp()  # noqa: PLW0108 - the clock is turned
        self.app = create_app(self.settings, clock=lambda: self.now, fetcher=self.login)
        self.issuer = self.app.state.issuer
        add_pages(self.app)


@dataclass
class Browser:
    """A browser: it keeps cookies and follows nothing."""

    site: SignInSite
    cookies: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)

    def get(self, path):
        return self._kept(self.site.call("GET", path, headers=self._sent()))

    def post(self, path, **told):
        sent = self._sent() | FORM
        return self._kept(self.site.call("POST", path, body=urlencode(told).encode(), headers=sent))

    def _sent(self):
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return self.headers | ({"cookie": held} if held else {})

    def _kept(self, answer: Answer):
        told = answer.headers.get("set-cookie", "")
        found = re.match(r"(__Host-[a-z-]+)=([^;]*);", told)
        if found:
            assert "; Secure" in told
            assert "; HttpOnly" in told
            assert "; Path=/;" in told
            self.cookies.pop(found[1], None)
            if found[2].strip('"'):
                self.cookies[found[1]] = found[2]
        return answer


@dataclass
class Asking:
    """A wallet that asks by itself; each step can be bent by a test."""

    site: SignInSite
    client: str = WALLET
    redirect: str = REDIRECT
    key: object = field(default_factory=generate_signer)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    token: str | None = None
    browser: Browser | None = None

    def __post_init__(self):
        self.browser = Browser(self.site)
        self.iss = self.site.settings.iss
        self.prefix = urlsplit(self.iss).path

    def dpop(self, path, **changes):
        arguments = {
            "signer": self.key,
            "method": "POST",
            "uri": self.iss + path,
            "jti": secrets.token_hex(16),
            "now": self.site.now,
            "access_token": None,
        }
        return oid4vci.make_dpop_proof(**(arguments | changes))

    def challenge(self):
        return b64url_encode(hashlib.sha256(self.verifier.encode()).digest())

    def push(self, *, headers=(), **changes):
        told = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": self.redirect,
            "state": self.state,
            "scope": SCOPE,
            "code_challenge": self.challenge(),
            "code_challenge_method": "S256",
        }
        told = {k: v for k, v in (told | changes).items() if v is not None}
        sent = [*FORM.items(), *headers]
        path = self.prefix + "/par"
        return self.site.call("POST", path, body=urlencode(told).encode(), headers=sent)

    def begin(self, uri=None, *, client=None, **changes):
        """The browser at the first page."""
        if uri is None:
            pushed = self.push(**changes)
            assert pushed.status == 201, pushed.body
            uri = pushed.json()["request_uri"]
        query = urlencode({"client_id": client or self.client, "request_uri": uri})
        return self.browser.get(f"{self.prefix}/authorize?{query}")

    def sign_in(self, **changed):
        """Out to the provider and back; the answer of the callback."""
        leaving = self.browser.get(f"{self.prefix}/patient/go")
        assert leaving.status == 303, leaving.body
        back = self.site.login.visit(leaving.headers["location"]) | changed
        back = {k: v for k, v in back.items() if v is not None}
        return self.browser.get(f"{self.prefix}{CALLBACK}?{urlencode(back)}")

    def answer(self, answer="yes"):
        page = self.browser.get(f"{self.prefix}/patient/agree")
        assert page.status == 200, page.body
        form = re.search(r'name="form" value="([^"]+)"', page.body.decode())[1]
        return self.browser.post(f"{self.prefix}/patient/agree", form=form, answer=answer)

    def code(self, **changes):
        """All the way to a code."""
        assert self.begin(**changes).status == 303
        assert self.sign_in().status == 303
        return returned(self.answer())["code"]

    def redeem(self, code, *, headers=None, **changes):
        told = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client,
            "redirect_uri": self.redirect,
            "code_verifier": self.verifier,
        }
        told = {k: v for k, v in (told | changes).items() if v is not None}
        sent = [("dpop", self.dpop("/token"))] if headers is None else list(headers)
        body = urlencode(told).encode()
        answer = self.site.call(
            "POST", self.prefix + "/token", body=body, headers=[*FORM.items(), *sent]
        )
        if answer.status == 200:
            self.token = answer.json()["access_token"]
        return answer

    def collect(self, name="AllergySummary", *, by="credential_configuration_id"):
        nonce = self.site.call("POST", self.prefix + "/nonce").json()["c_nonce"]
        proof = oid4vci.make_key_proof(
            signer=generate_signer(),
            issuer=self.iss,
            nonce=nonce,
            now=self.site.now,
            client_id=self.client,
        )
        body = json.dumps({by: name, "proofs": {"jwt": [proof]}}).encode()
        headers = {
            "authorization": f"DPoP {self.token}",
            "dpop": self.dpop("/credential", access_token=self.token),
            "content-type": "application/json",
        }
        return self.site.call("POST", self.prefix + "/credential", body=body, headers=headers)


def returned(answer, redirect=REDIRECT):
    """What the wallet hears by the redirect."""
    assert answer.status == 303, answer.body
    address = answer.headers["location"]
    assert address.startswith(redirect + "?"), address
    return dict(parse_qsl(urlsplit(address).query))


def told(answer):
    """The words of a page, without its marks."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.body.decode())))


def way_back(answer):
    """Where the page leads back to the wallet."""
    found = re.search(rf'href="({re.escape(REDIRECT)}\?[^"]*)"', answer.body.decode())
    return dict(parse_qsl(urlsplit(unescape(found[1])).query)) if found else None


MINUTE = timedelta(minutes=1)


def stopped(answer, code):
    """A page in plain words with the way back to the wallet, which hears ``access_denied``."""
    assert answer.status >= 400
    assert f"Code: {code}" in told(answer)
    assert way_back(answer)["error"] == "access_denied"
