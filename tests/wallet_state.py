"""What a vault holds, table by table, for tests that nothing in it changes."""

from __future__ import annotations

from wallet.service import Wallet
from wallet.vault import PRIVATE_TABLES

PUBLIC = ("records", "copies", "state", "grants", "cards", "people", "helpers")


def contents(wallet: Wallet) -> dict[str, object]:
    """Every row of every table; of those that need a second unlock, which rows there are."""
    vault = wallet._vault
    return {
        **{name: {row: vault.read(name, row) for row in vault.rows(name)} for name in PUBLIC},
        **{name: vault.rows(name) for name in PRIVATE_TABLES},
    }


def but_history(held: dict[str, object]) -> dict[str, object]:
    """The same without history."""
    return {name: rows for name, rows in held.items() if name != "history"}
