"""A desk at which staff sign in, its provider, and browsers that are nothing but cookies."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from asgi_calls import Answer, call
from desk_world import Clock, desk_settings, full_wallet, handle_of
from simulated_provider import CLIENT, ISSUER, SECRET, Provider

from healthpassport.fetch import HttpRequest, HttpResponse
from verifier.service import open_desk
from verifier.web import create_app
from verifier.web.app import DESK

OWN = {"origin": "http://localhost"}
FORM = {**OWN, "content-type": "application/x-www-form-urlencoded"}
ROLES = {
    "receptionist": "clerk",
    "nurse": "clinician",
    "governance": "auditor",
    "it": "admin",
}
OF_ROLE = {role: name for name, role in ROLES.items()}


@dataclass
class Joint:
    """One way to the network for the trust list and for the provider."""

    world: Any
    provider: Provider

    def fetch(self, request: HttpRequest) -> HttpResponse:
        other = self.provider if request.url.startswith(ISSUER) else self.world.fetcher
        return other.fetch(request)


def staff_desk(world, home, provider, *, clock=None, **changes):
    """A desk whose staff sign in with ``provider``."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "client-secret").write_text(SECRET)
    settings = {
        "oidc_issuer": ISSUER,
        "oidc_client_id": CLIENT,
        "oidc_client_secret_file": home / "client-secret",
        "oidc_roles": ROLES,
        "web_url": "http://localhost",
        **changes,
    }
    desk = open_desk(
        desk_settings(world, home, **settings),
        clock=clock or Clock(),
        random=secrets.token_bytes,
        fetcher=Joint(world, provider),
    )
    desk.update()
    return desk


def staff_app(desk):
    return create_app(desk.settings, desk)


@dataclass
class Browser:
    """Somebody's browser: it keeps cookies, and follows nothing by itself."""

    app: Any
    provider: Provider
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self._kept(call(self.app, "GET", path, headers=self._headers({})))

    def post(self, path: str, **form: str) -> Answer:
        body = urlencode(form).encode()
        return self._kept(call(self.app, "POST", path, headers=self._headers(FORM), body=body))

    def leave(self, to: str = "/") -> dict[str, str]:
        """Begin to sign in; what the provider would send back."""
        return self.provider.visit(
            self.get(f"/sign-in/go?{urlencode({'to': to})}").headers["location"]
        )

    def come_back(self, told: dict[str, str]) -> Answer:
        return self.get(f"/sign-in/callback?{urlencode(told)}")

    def sign_in(self, role: str = "clinician", **person: Any) -> Answer:
        self.provider.roles = [OF_ROLE[role]]
        self.provider.person = {"sub": f"id-{role}", "name": f"Some {role}", **person}
        return self.come_back(self.leave())

    def _headers(self, more):
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**more, **({"cookie": pairs} if pairs else {})}

    def _kept(self, answer: Answer) -> Answer:
        for line in answer.cookies:
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0].strip('"')
            if not value or "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer


def asked_and_answered(world, desk, wallet=None, name=DESK):
    """A transaction that somebody's wallet answered."""
    view = desk.ask("emergency_admission", desk=name)
    held = wallet or full_wallet(world)
    request = held.read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), held.answer(request))
    return view


def refused(answer, code):
    """A page that says why nobody is signed in, and what to do instead."""
    assert answer.status >= 400
    assert code in answer.text
    assert "Care never waits for a passport." in answer.text
    assert not [line for line in answer.cookies if "session" in line]


def entries(desk, event):
    """What the audit trail says of ``event``."""
    rows = (json.loads(one.entry) for one in desk.audit.entries.all())
    return [row for row in rows if row["event"] == event]
