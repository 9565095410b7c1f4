"""A wallet's side of an emergency card against a real issuer: each step can be bent by a test."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from simulated_issuer import Site, Wallet

from healthpassport.credential import Challenge, Credential, Presentation
from healthpassport.encoding import parse_json_object
from healthpassport.formats import sd_jwt_vc
from healthpassport.jose import jwe, jws
from healthpassport.keys import generate_signer
from healthpassport.protocols import oid4vci
from healthpassport.protocols.oid4vp import build_vp_token
from healthpassport.summary import definition_for_vct

FORM = {"content-type": "application/x-www-form-urlencoded"}
NAMES = ("familyName", "givenNames", "birthDate")
SECTIONS = {
    "PatientIdentity": "identity",
    "AllergySummary": "allergies",
    "MedicationSummary": "medicines",
    "EmergencyContacts": "contacts",
    "EmergencySummary": "summary",
}


class CardWallet:
    """Holds one copy of each record that ``site`` offered, and its key."""

    def __init__(self, site: Site, made=None):
        self.site, self.held = site, {}
        offer = site.offer(made=made)
        self.records = Wallet(site, offer)
        assert self.records.ask_token().status == 200
        for name in offer.record_types:
            key = generate_signer()
            proof = self.records.proof(self.records.nonce(), signer=key)
            answer = self.records.ask_credential(name, proofs=[proof])
            assert answer.status == 200, answer.body
            self.held[name] = (answer.json()["credentials"][0]["credential"], key)

    def ask(self, *, nonce="w" * 22):
        """The issuer's request, unverified: its payload."""
        body = urlencode({"wallet_nonce": nonce}).encode()
        answer = self.site.call("POST", "/cards/request", body=body, headers=FORM)
        assert answer.status == 200, answer.body
        self.request_object = answer.body.decode()
        return dict(parse_json_object(jws.parse(self.request_object).payload))

    def presentation(self, request, *, only=None, items=None, details=NAMES, **changes):
        """Each record with its person's name and the entries ``items`` (all where it is None)."""
        challenge = Challenge(
            changes.pop("nonce", request["nonce"]), changes.pop("aud", request["client_id"])
        )
        answers = {}
        for name, (text, key) in self.held.items():
            if only is not None and name not in only:
                continue
            held = sd_jwt_vc.open_held(text)
            places = [
                place
                for place in held.places
                if (len(place) == 1 and place[0] in details)
                or (place[0] == "items" and (items is None or place[1] in items))
            ]
            shown = sd_jwt_vc.present(
                held,
                disclose=places,
                challenge=challenge,
                holder_signer=key,
                now=self.site.now,
                random=self.site.issuer.random,
            )
            answers[SECTIONS[definition_for_vct(held.payload["vct"]).type]] = (
                Credential("dc+sd-jwt", shown),
            )
        return Presentation(answers)

    def post(self, request, presentation, *, state=None, kid=None):
        """The issuer's answer to ``presentation``."""
        [jwk] = request["client_metadata"]["jwks"]["keys"]
        plain = build_vp_token(presentation, state=state or request["state"])
        token = jwe.encrypt(plain, recipient_jwk=jwk, kid=kid or jwk["kid"])
        body = urlencode({"response": token}).encode()
        return self.site.call("POST", "/cards/answer", body=body, headers=FORM)

    def collect(self, answer, *, proofs=None):
        """The credential response to the offer in ``answer``."""
        offer = oid4vci.parse_offer(json.dumps(answer.json()["credential_offer"]))
        self.offer = offer
        taker = self.records
        taker.key, taker.token = generate_signer(), None
        code = offer.grants.pre_authorized.code
        request = oid4vci.TokenRequest.model_validate({"pre-authorized_code": code})
        headers = FORM | {"dpop": taker.dpop("/token", access_token=None)}
        body = urlencode(request.wire()).encode()
        granted = self.site.call("POST", "/token", body=body, headers=headers)
        if granted.status != 200:
            return granted
        taker.token = granted.json()["access_token"]
        value = {"credential_configuration_id": "EmergencyCard"}
        if proofs is not None:
            value["proofs"] = {"jwt": proofs}
        return taker.post("/credential", value)

    def card(self, **changes):
        """A card, the whole way: the credential response."""
        request = self.ask()
        answer = self.post(request, self.presentation(request, **changes))
        assert answer.status == 200, answer.body
        response = self.collect(answer)
        assert response.status == 200, response.body
        return response.json()

    def end(self, secret, status="withdrawn"):
        body = json.dumps({"notification_id": secret, "status": status}).encode()
        headers = {"content-type": "application/json"}
        return self.site.call("POST", "/cards/status", body=body, headers=headers)
