"""A surgery whose source can be read again, a wallet that comes back, and a clock that turns."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fhir_examples import allergy, concept
from wallet_world import ISSUER, PASSPHRASE, PORTS, WalletWorld

from issuer import service
from issuer.service.signing_keys import make_reports_key
from wallet.service import Wallet

# The updater of the trust list reads the clock of the machine, so the time begins there.
START = datetime.now(UTC).replace(microsecond=0)
NUT = allergy(concept("91935009", "Allergy to peanut"))
LATEX = allergy(concept("1003755004", "Allergy to latex"))
EGG = allergy(concept("91930004", "Allergy to egg"))
HOST = f"localhost:{PORTS.issuer}"


class RefreshingWorld(WalletWorld):
    """The world of a wallet, with a turnable clock and a source that says ``NUT`` and ``LATEX``."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        super().__init__(folder, clock=lambda: self.now)

    @property
    def folder(self) -> Path:
        return self.world.folders.issuer

    def take_reports(self) -> None:
        """The surgery has a key for reports from now on; its private half is with its staff."""
        if not (self.folder / "reports.key").exists():
            make_reports_key(
                self.folder / "reports.key", self.folder / "reports.jwk", passphrase=None
            )
        self.change(
            reports_jwk=self.folder / "reports.jwk",
            reports_key=(self.folder / "reports.key").as_uri(),
        )

    def change(self, **settings) -> None:
        """Change settings of the surgery while it runs."""
        changed = self.issuer.settings.model_copy(update=settings)
        object.__setattr__(self.issuer, "settings", changed)

    def begin(self) -> None:
        """Forget what an earlier test did, but the time."""
        self.wire.calm()
        self.now += timedelta(seconds=30)  # as many requests as tests make are too many at once
        self.tell(NUT, LATEX)

    def pass_time(self, **span: float) -> None:
        """Turn the clock; the authority publishes in time."""
        self.now += timedelta(**span)
        self.world.authority.publish(self.world.folders.published, now=self.now)

    @property
    def issuer(self) -> service.IssuerContext:
        return self.world.issuer_app.state.issuer

    def statuses(self, wallet: Wallet) -> list[str]:
        """What the issuer's list says of each copy that ``wallet`` holds."""
        from issuer.store import issuances, statuses  # noqa: PLC0415

        found = []
        with self.issuer.store.reading() as tx:
            for _, place in copies(wallet):
                one = statuses.issuance_at(tx, int(place["uri"].rpartition("/")[2]), place["idx"])
                found.append(issuances.find(tx, one).status)
        return found

    def filled(self, folder: Path, **changes) -> Wallet:
        """A new wallet that took an offer of the source."""
        wallet = self.wallet(folder, **changes)
        self.add(wallet)
        return wallet

    def add(self, wallet: Wallet, **more) -> None:
        offer = self.offer_source(**more)
        wallet.accept(wallet.add_offer(offer.link), offer.pin)
        self.wire.calm()


def copies(wallet: Wallet) -> list[tuple[int, dict]]:
    """Each copy's row and the place of its status."""
    import base64  # noqa: PLC0415

    vault = wallet._vault
    found = []
    for row in vault.rows("copies"):
        text = json.loads(vault.read("copies", row))["text"]
        body = text.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        found.append((row, claims["status"]["status_list"]))
    return found


def content(wallet: Wallet) -> dict:
    """Everything that a wallet must still have after an attempt that failed, but its grants."""
    vault = wallet._vault
    return {
        table: {row: vault.read(table, row) for row in vault.rows(table)}
        for table in ("records", "copies", "people")
    }


def listed(wallet: Wallet, kind: str = "AllergySummary") -> list[str]:
    """The items of the record of this type."""
    [view] = [view for view in wallet.records() if view.type == kind]
    payload = wallet.show(view.id).payload
    return [item["unit"]["text"] for item in payload.get("items", [])]


def refresh(wallet, *records):
    [outcome] = wallet.updates.refresh(records or None)
    return outcome


def on(part, change, *, nth=0):
    """Bend the answer number ``nth`` (0: each) of addresses that end with ``part``."""
    seen = []

    def bend(request, answer):
        if not request.url.endswith(part):
            return answer
        seen.append(request)
        return change(answer) if nth in {0, len(seen)} else answer

    return bend


def fails(world, wallet, code):
    """The next refresh ends so, and the wallet is as it was."""
    before = content(wallet)
    outcome = refresh(wallet)
    assert outcome.code == code, outcome
    assert outcome.title
    assert outcome.next_step
    assert content(wallet) == before
    world.wire.calm()
    world.tell(NUT, LATEX)
    return outcome


__all__ = ["ISSUER", "PASSPHRASE"]  # of the world below, for the tests of this one
