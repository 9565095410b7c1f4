"""A practice's console for a test: a real issuer, its provider, and browsers that are cookies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from asgi_calls import Answer, call
from repository import ROOT
from simulated_issuer import Site, Wallet
from simulated_provider import CLIENT, ISSUER, SECRET, Provider

from issuer.service.console import open_console
from issuer.service.offers import NewOffer, offer_at
from issuer.web import create_app

OWN = {"origin": "http://localhost"}
FORM = {**OWN, "content-type": "application/x-www-form-urlencoded"}
ROLES = {
    "receptionist": "clerk",
    "gp": "clinician",
    "records": "corrections",
    "it": "admin",
}
PATIENTS = ("rowan-ashdown.json", "agnes-quillfeather.json")
NUMBER = "9990000018"
TYPES = ("PatientIdentity", "AllergySummary", "MedicationSummary")
OF_ROLE = {role: name for name, role in ROLES.items()}


@dataclass
class Practice:
    """An issuer with its console; ``staffed`` False is one trusted machine."""

    folder: Path
    staffed: bool = True
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        signing_in = {}
        if self.staffed:
            (self.folder / "client-secret").write_text(SECRET)
            signing_in = {
                "web_oidc_issuer": ISSUER,
                "web_oidc_client_id": CLIENT,
                "web_oidc_client_secret_file": self.folder / "client-secret",
                "web_oidc_roles": ROLES,
            }
        (self.folder / "source").mkdir(exist_ok=True)
        for name in PATIENTS:
            copy(ROOT / "demo" / "patients" / name, self.folder / "source" / name)
        signing_in["source_folder"] = self.folder / "source"
        # The clock stands still, and so does what a second allows.
        signing_in["request_burst"] = 100_000
        console = {"web_port": 8490, "web_url": "http://localhost", **signing_in}
        self.site = Site(self.folder, {**console, **self.changes})
        self.provider = Provider(clock=self._seconds)
        self.issuer = self.site.issuer
        self.console = open_console(self.issuer, fetcher=self.provider)
        self.app = create_app(self.console)

    def _seconds(self) -> float:
        return self.site.now.timestamp()

    def browser(self, role: str | None = None) -> Browser:
        """A browser; with ``role`` somebody is signed in there."""
        made = Browser(self)
        if role is not None:
            made.sign_in(role)
        return made


@dataclass
class Browser:
    """Somebody's browser: it keeps cookies, and follows nothing by itself."""

    practice: Practice
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self._kept(call(self.practice.app, "GET", path, headers=self._headers({})))

    def post(self, path: str, fields: Any = (), /, **form: str) -> Answer:
        body = urlencode([*fields, *form.items()]).encode()
        sent = call(self.practice.app, "POST", path, headers=self._headers(FORM), body=body)
        return self._kept(sent)

    def leave(self, to: str = "/") -> dict[str, str]:
        """Begin to sign in; what the provider would send back."""
        return self.practice.provider.visit(
            self.get(f"/sign-in/go?{urlencode({'to': to})}").headers["location"]
        )

    def come_back(self, told: dict[str, str]) -> Answer:
        return self.get(f"/sign-in/callback?{urlencode(told)}")

    def sign_in(self, role: str = "clinician", **person: Any) -> Answer:
        provider = self.practice.provider
        provider.roles = [OF_ROLE[role]]
        provider.person = {"sub": f"id-{role}", "name": f"Some {role}", **person}
        return self.come_back(self.leave())

    def _headers(self, more):
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**more, "accept": "text/html", **({"cookie": pairs} if pairs else {})}

    def _kept(self, answer: Answer) -> Answer:
        for line in answer.cookies:
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0].strip('"')
            if not value or "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer


class Walk:
    """The steps from a patient to a code, each by the page's own form."""

    def __init__(self, browser: Browser):
        self.browser = browser

    def found(self, number: str = "") -> tuple[str, int]:
        """The search that finds one patient, and how many it found."""
        answer = self.browser.post("/find", nhs_number=number or NUMBER)
        assert answer.status == 200, answer.text
        search = re.search(r'name="search" value="([^"]+)"', answer.text)
        return (search[1] if search else "", answer.text.count('name="place"'))

    def opened(self, number: str = "") -> str:
        """The address of a preparation."""
        search, _ = self.found(number)
        answer = self.browser.post("/find/open", search=search, place="0")
        assert answer.status == 303, answer.text
        return answer.headers["location"]

    def identified(self, where: str, check: str = "photo_in_person", **more: str) -> Answer:
        return self.browser.post(f"{where}/identity", check=check, **more)

    def signed(self, where: str, types: tuple[str, ...] = TYPES, **more: str) -> Answer:
        """Signed off; where the console asks whether it is meant so, it is."""
        ticks = [("types", one) for one in types]
        answer = self.browser.post(f"{where}/sign-off", ticks, cautions_read="yes", **more)
        asked = re.search(r'name="without" value="([^"]+)"', answer.text)
        if asked is None or more:
            return answer
        meant = {"without": asked[1], "reason": "patient_asks"}
        return self.browser.post(f"{where}/sign-off", ticks, cautions_read="yes", **meant)

    def handed(self, where: str, **more: str) -> Answer:
        form = {"phone": "private", "link_by": "screen", "pin_by": "in_person", **more}
        return self.browser.post(f"{where}/hand-over", **form)

    def offered(self, **more: str) -> str:
        """The address of what was handed over, all steps by one clinician."""
        where = self.opened()
        assert self.identified(where).status == 303
        assert self.signed(where).status == 303
        answer = self.handed(where, **more)
        assert answer.status == 303, answer.text
        return answer.headers["location"]

    def pin(self, handed: str) -> str:
        answer = self.browser.post(f"{handed}/pin")
        assert answer.status == 200, answer.text
        found = re.search(r'console-pin">(\d{3}) (\d{3})<', answer.text)
        return found[1] + found[2]

    def link(self, text: str) -> str:
        """The link on the page with the code, as it stands there."""
        return text.split('class="console-token">')[1].split('href="')[1].split('"', maxsplit=1)[0]

    def collect(self, handed: str, types: tuple[str, ...] = ("AllergySummary",)) -> Wallet:
        """A wallet that collects ``types`` of what was handed over."""
        practice = self.browser.practice
        link = self.link(self.browser.get(handed).text)
        query = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
        uri = query["credential_offer_uri"][0]
        offer = offer_at(practice.issuer, uri.rsplit("/", 1)[1])
        pin = self.pin(handed)
        made = NewOffer("", offer, uri, link, pin, practice.site.now, ())
        wallet = Wallet(practice.site, made)
        assert wallet.ask_token().status == 200
        for one in types:
            assert wallet.ask_credential(one).status == 200
        return wallet


def refused(answer: Answer, code: str, status: int = 0) -> None:
    """A page that says what is wrong and what to do."""
    assert answer.status == status or (not status and answer.status >= 400), answer.text
    assert code in answer.text
