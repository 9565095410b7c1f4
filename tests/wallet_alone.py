"""A wallet without a network or anybody to trust: what its own files do is all there is."""

from __future__ import annotations

from pathlib import Path

from healthpassport.fetch import HttpsFetcher
from wallet.service import Surroundings, Wallet


def alone(folder: Path) -> Wallet:
    return Wallet(
        Surroundings(
            vault_file=folder / "wallet" / "vault.db",
            anchor_folder=folder / "anchors",
            trust_folder=folder / "wallet" / "trust",
            fetcher=HttpsFetcher(),
            trust_url="",
            trust_root=None,
        )
    )
