"""A wallet that comes back to its issuer, and a source that says something new."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from fhir_examples import PATIENT, WHO, allergy, bundle, concept, data
from simulated_issuer import Site, Wallet

from healthpassport.formats import format_named
from healthpassport.keys import generate_signer
from healthpassport.protocols import oid4vci
from issuer import service

FORM = {"content-type": "application/x-www-form-urlencoded"}
NAME = "rowan.json"
NUT = allergy(concept("91935009", "Allergy to peanut"))
LATEX = allergy(concept("1003755004", "Allergy to latex"))


class Returning(Wallet):
    """A wallet with a refresh token; each step can be bent by a test."""

    refresh_token: str

    @classmethod
    def of(cls, site: Site, made=None, pin=None) -> Returning:
        wallet = cls(site, made or site.offer())
        answer = wallet.ask_token(pin)
        assert answer.status == 200, answer.body
        wallet.refresh_token = answer.json()["refresh_token"]
        return wallet

    def refresh(self, *, token=None, headers=None, **extra):
        """One refresh request; on success the tokens are kept."""
        asked = oid4vci.RefreshRequest(refresh_token=token or self.refresh_token)
        if headers is None:
            headers = {"dpop": self.dpop("/token", access_token=None)}
        body = urlencode(asked.wire() | extra).encode()
        answer = self.site.call("POST", self.prefix + "/token", body=body, headers=headers | FORM)
        if answer.status == 200:
            self.keep(answer)
        return answer

    def keep(self, answer):
        self.token = answer.json()["access_token"]
        self.refresh_token = answer.json()["refresh_token"]

    def move(self, key=None, *, token=None, proof=None):
        """Ask that the grant be moved to ``key``; on success the wallet has it."""
        key = key or generate_signer()
        token = token or self.refresh_token
        if proof is None:
            proof = self.dpop("/holder/device", signer=key, access_token=token)
        answer = self.post(
            "/holder/device",
            {"refresh_token": token, "proof": proof},
            headers={"dpop": self.dpop("/holder/device", access_token=None)},
        )
        if answer.status == 200:
            self.keep(answer)
            self.key = key
        return answer

    def get(self, path):
        proof = self.dpop(path, method="GET")
        headers = {"authorization": f"DPoP {self.token}", "dpop": proof}
        return self.site.call("GET", self.prefix + path, headers=headers)

    def accept(self, answer):
        """Say that the records of ``answer`` are kept."""
        assert answer.status == 200, answer.body
        note = {
            "notification_id": answer.json()["notification_id"],
            "event": "credential_accepted",
        }
        assert self.post("/notification", note).status == 204


def source_site(folder: Path, **changes) -> Site:
    """An issuer whose source folder holds the notes of one patient: peanut and latex."""
    (folder / "source").mkdir()
    site = Site(folder, {"source_folder": folder / "source"} | changes)
    tell(site, NUT, LATEX)
    return site


def tell(site: Site, *resources, patient=PATIENT, name=NAME) -> None:
    """From now on the source says this."""
    path = site.settings.source_folder / name
    path.write_bytes(data(bundle(patient, *resources)))


def offered(site: Site, *, name=NAME, **more) -> service.NewOffer:
    return service.offer_source(site.issuer, client="practice", name=name, **more)


def texts(answer) -> list[str]:
    """What the first copy of ``answer`` lists."""
    assert answer.status == 200, answer.body
    text = answer.json()["credentials"][0]["credential"]
    payload = format_named("dc+sd-jwt").open_held(text).payload
    return [item["unit"]["text"] for item in payload.get("items", [])]


__all__ = ["LATEX", "NAME", "NUT", "WHO", "Returning", "offered", "source_site", "tell", "texts"]
