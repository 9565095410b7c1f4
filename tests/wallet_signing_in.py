"""The wallet's world with a surgery whose patients sign in, and a patient's browser there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode, urlsplit

from fhir_examples import PATIENT, allergy, bundle, concept, data
from sign_in_world import Browser, NhsLogin, person
from simulated_provider import CLIENT, ISSUER, SECRET
from wallet_world import ISSUER as SURGERY
from wallet_world import NAME, PORTS, WalletWorld

from healthpassport.fetch import HttpRequest
from issuer import service
from issuer.api import create_app
from issuer.service.sign_in_offers import offer_for_sign_in
from issuer.web.patient import add_pages
from wallet.service import way_back
from wallet.settings import DEFAULT_CLIENT_ID

BACK = way_back(PORTS.wallet)
TYPES = ("PatientIdentity", "AllergySummary")
LATEX = allergy(concept("1003755004", "Allergy to latex"))


class SigningWorld(WalletWorld):
    """A ``WalletWorld`` whose surgery offers to sign in."""

    def __init__(self, folder: Path, **changes) -> None:
        super().__init__(folder)
        own = self.world.folders.issuer
        known = {DEFAULT_CLIENT_ID: {"name": "Good Wallet", "redirect_uris": [way_back(1)]}}
        (own / "wallets.json").write_text(json.dumps(known))
        (own / "login-secret").write_text(SECRET)
        self.login = NhsLogin(person=person())
        self.tell(LATEX)
        settings = {
            "patient_sign_in_issuer": ISSUER,
            "patient_sign_in_client_id": CLIENT,
            "patient_sign_in_client_auth": "client_secret_post",
            "patient_sign_in_client_secret_file": own / "login-secret",
            "patient_sign_in_algorithms": ("ES256",),
            "wallet_clients": own / "wallets.json",
            "wallet_attestation": "optional",
            "requests_per_second": 1e6,
            "request_burst": 10**6,
        }
        self.app = create_app(
            self.world.issuer_settings.model_copy(update=settings | changes),
            clock=self.world.clock,
            fetcher=self.login,
        )
        add_pages(self.app)
        self.wire.apps[f"localhost:{PORTS.issuer}"] = self.app

    def sign_in_offer(self, *resources, patient=PATIENT):
        """An offer for which the patient signs in."""
        notes = data(bundle(patient, *(resources or (LATEX,))))
        return offer_for_sign_in(
            self.app.state.issuer, client="practice", bundle=notes, wanted=TYPES
        )

    def app_offer(self):
        """An offer with a PIN of the same surgery, whose records can be read again."""
        return service.offer_source(self.app.state.issuer, client="practice", name=NAME)

    def patient(self, address: str, answer: str = "yes", **changed: str) -> str:
        """A patient's browser at ``address``; where it is sent back to."""
        browser = Browser(SimpleNamespace(call=self._call))
        assert browser.get(address.removeprefix(SURGERY)).status == 303
        leaving = browser.get("/patient/go").headers["location"]
        back = self.login.visit(leaving) | changed
        assert browser.get(f"/patient/callback?{urlencode(back)}").status == 303
        page = browser.get("/patient/agree").body.decode()
        form = re.search(r'name="form" value="([^"]+)"', page)[1]
        return browser.post("/patient/agree", form=form, answer=answer).headers["location"]

    def _call(self, method, path, *, body=b"", headers=()):
        answer = self.wire.fetch(HttpRequest(method, SURGERY + path, dict(headers), body))
        self.wire.sent.pop()
        return answer


def changed(address: str, **told: str | None) -> str:
    """``address`` with other parameters; None leaves one out."""
    parts = urlsplit(address)
    query = {k: v for k, v in (dict(parse_qsl(parts.query)) | told).items() if v is not None}
    return parts._replace(query=urlencode(query)).geturl()
