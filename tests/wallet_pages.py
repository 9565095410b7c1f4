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

import uvicorn
from wallet_world import PASSPHRASE, WalletWorld

from wallet.service import Wallet
from wallet.settings import WalletSettings
from wallet.web import Visit, create_app
from wallet.web.gate import UNLOCK
from wallet.web.serving import listen


@dataclass(frozen=True)
class Case:
    """One page.

    ``steps(page, served)`` may use ids and addresses only: it runs in every language, and without
    scripts. It must leave the wallet as it was, or the case has a state of its own.
    """

    name: str
    path: str = "/"
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
        thread.join(10)
        visit.wallet.close()


def unlock(page) -> None:
    """A step: type the passphrase on the unlock page."""
    assert page.url.endswith(UNLOCK)
    page.fill("#secret", PASSPHRASE)
    page.click("main button[type=submit]")
