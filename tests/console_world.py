"""A practice's console for a test: a real issuer, its provider, and browsers that are cookies."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from asgi_calls import Answer, call
from simulated_issuer import Site
from simulated_provider import CLIENT, ISSUER, SECRET, Provider

from issuer.service.console import open_console
from issuer.web import create_app

OWN = {"origin": "http://localhost"}
FORM = {**OWN, "content-type": "application/x-www-form-urlencoded"}
ROLES = {
    "receptionist": "clerk",
    "gp": "clinician",
    "records": "corrections",
    "it": "admin",
}
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


def refused(answer: Answer, code: str, status: int = 0) -> None:
    """A page that says what is wrong and what to do."""
    assert answer.status == status or (not status and answer.status >= 400), answer.text
    assert code in answer.text
