"""A wallet's pages on loopback, over the real surgery and desk, for a real browser.

``Case`` is a line of an area's table (``tests/wallet/web/pages_<area>.py``): where the page is, in
which state of the wallet, and the steps that lead to it. ``Served`` is a wallet with its pages.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
from asgi_calls import call
from wallet_world import PASSPHRASE, WalletWorld

from wallet.service import Wallet
from wallet.settings import WalletSettings
from wallet.web import Visit, create_app
from wallet.web.gate import UNLOCK
from wallet.web.serving import listen

HOST = {"host": "localhost:8470"}
ORIGIN = {"origin": "http://localhost:8470"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


BOUNDARY = "a-line-that-stands-in-no-field"


def _multipart(fields):
    parts = (
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


@dataclass(frozen=True)
class Case:
    """One page.

    ``steps(page, served)`` may use ids and addresses only: it runs in every language, and without
    scripts. It must leave the wallet as it was, or the case has a state of its own.
    """

    name: str
    path: str | Callable = "/"  # or what gives it, when it is handed the wallet
    state: str = "filled"
    steps: Callable | None = None
    known: bool = True  # whether the browser has the cookie
    title_only: bool = False  # a page that leaves out header and footer on purpose


@dataclass
class Served:
    """A wallet, its pages and the world around it."""

    world: WalletWorld
    wallet: Wallet
    base: str
    visit: Visit
    locked: bool
    kept: dict = field(default_factory=dict)  # what a table's steps remember

    @property
    def cookie(self) -> dict[str, str]:
        port = self.base.rpartition(":")[2]
        return {"name": f"wallet-{port}", "value": self.visit._cookie, "url": self.base}

    def ready(self) -> None:
        """Locked or unlocked, as the state wants it, whatever a test did."""
        self.visit.forget()
        self.world.wire.calm()
        if self.locked:
            self.visit.wallet.lock()
        elif self.visit.wallet.exists and self.visit.wallet.locked:
            self.visit.wallet.unlock(PASSPHRASE)


def new(world: WalletWorld, folder: Path) -> Wallet:
    return Wallet(world.surroundings(folder))


def empty(world: WalletWorld, folder: Path) -> Wallet:
    return world.wallet(folder)


def filled(world: WalletWorld, folder: Path) -> Wallet:
    made = world.wallet(folder)
    offer = world.offer()
    made.accept(made.add_offer(offer.link), offer.pin)
    return made


STATES: dict[str, Callable[[WalletWorld, Path], Wallet]] = {
    "new": new,
    "empty": empty,
    "filled": filled,
    "locked": filled,
}


@contextlib.contextmanager
def serving(world: WalletWorld, wallet: Wallet, *, locked: bool = False, **settings):
    """The pages of ``wallet``, from a thread, until the block ends."""
    visit = Visit(wallet, random=secrets.token_bytes)
    app = create_app(WalletSettings(**settings), visit)
    listeners = listen(0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, args=(listeners,), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = listeners[0].getsockname()[1]
    served = Served(world, wallet, f"http://localhost:{port}", visit, locked)
    try:
        yield served
    finally:
        server.should_exit = True
        thread.join(60)
        visit.wallet.close()


def bring(page, served, text: str, path: str = "/scan") -> None:
    """A step: type a code on the scan page and go on."""
    page.goto(served.base + path)
    page.fill("#text", text)
    page.click("#bring button[type=submit]")


def unlock(page) -> None:
    """A step: type the passphrase on the unlock page."""
    assert page.url.endswith(UNLOCK)
    page.fill("#secret", PASSPHRASE)
    page.click("main button[type=submit]")


class Browser:
    """One browser's headers on one run of the pages: no server, for what needs no Chromium."""

    def __init__(self, wallet):
        self.visit = Visit(wallet, random=secrets.token_bytes)
        self.app = create_app(WalletSettings(), self.visit)
        self.cookies = {}

    def get(self, path, **headers):
        return self._send("GET", path, b"", headers)

    def post(self, path, body=b"", **headers):
        return self._send("POST", path, body, FORM | ORIGIN | headers)

    def _send(self, method, path, body, headers):
        own = {"cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        kept = {k: v for k, v in (HOST | own | headers).items() if v is not None}
        answer = call(self.app, method, path, headers=kept, body=body)
        if "set-cookie" in answer.headers:
            name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def fill(self, path, fields, **headers):
        """Post ``fields``: a mapping, or pairs where a name stands more than once."""
        return self.post(path, urlencode(fields, doseq=True).encode(), **headers)

    def follow(self, answer):
        """The page that a redirect leads to."""
        assert answer.status == 303, answer.text
        return self.get(answer.headers["location"])

    def bring(self, text, path="/scan"):
        """Type a code; the address of the page that it leads to."""
        body = _multipart({"text": text})
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        answer = self.post(path, body, **{"content-type": kind})
        assert answer.status == 303, answer.text
        return answer.headers["location"]

    def enter(self):
        assert self.get(f"/start?token={self.visit.token}").status == 303
        return self
