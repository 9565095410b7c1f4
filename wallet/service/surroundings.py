"""Everything that a wallet is given: its files, its clock, the network, whom to trust."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from healthpassport.errors import ServiceError, TrustError
from healthpassport.fetch import Fetcher, HttpsFetcher
from healthpassport.refresh import update_trust_list
from healthpassport.trust.model import TrustView
from healthpassport.trust.reading import read_trust_list
from wallet.settings import DEFAULT_CLIENT_ID, WalletSettings

DEFAULT_COPIES: Final = 5
DEFAULT_MAX_AGE: Final = timedelta(days=7)
DEFAULT_REVIEW_AGE: Final = 11  # years; clinical.md rule 13


def system_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The wallet's files, network, trust and clock.

    ``review_age`` is the age at which a young person's records must be issued again before somebody
    else may show them.

    ``trust_root`` is the bootstrap root metadata; without it nobody can be trusted. ``copies`` is
    how many single-use copies of a record to ask for. ``provider`` is the https address of who
    vouches for this wallet, empty where nobody does.
    """

    vault_file: Path
    anchor_folder: Path
    trust_folder: Path
    fetcher: Fetcher
    trust_url: str
    trust_root: bytes | None
    trust_max_age: timedelta = DEFAULT_MAX_AGE
    clock: Callable[[], datetime] = system_clock
    random: Callable[[int], bytes] = secrets.token_bytes
    language: str = "en"
    copies: int = DEFAULT_COPIES
    review_age: int = DEFAULT_REVIEW_AGE
    client_id: str = DEFAULT_CLIENT_ID
    provider: str = ""

    @classmethod
    def of(cls, settings: WalletSettings) -> Surroundings:
        """The surroundings that ``settings`` describe."""
        root = settings.root_file
        return cls(
            vault_file=settings.vault_file,
            anchor_folder=settings.anchors,
            trust_folder=settings.lists_folder,
            fetcher=HttpsFetcher(
                ca_file=settings.ca_file,
                allowed_private_hosts=frozenset(settings.allowed_private_hosts),
            ),
            trust_url=settings.trust_url,
            trust_root=root.read_bytes() if root.is_file() else None,
            trust_max_age=settings.trust_max_age,
            language=settings.language,
            copies=settings.copies,
            review_age=settings.review_age,
            client_id=settings.client_id,
            provider=settings.provider_url,
        )

    def trust(self) -> TrustView:
        """The trust list on disk, verified again; ``trust.missing`` before the first update."""
        return read_trust_list(
            self.trust_folder, root=self._root(), now=self.clock(), max_age=self.trust_max_age
        )

    def update_trust(self) -> TrustView:
        """Fetch the newest trust list. Never called because somebody asks for a record."""
        if not self.trust_url:
            raise ServiceError("wallet.setting", "PASSPORT_WALLET_TRUST_URL is not set")
        return update_trust_list(
            self.trust_folder,
            url=self.trust_url,
            root=self._root(),
            fetcher=self.fetcher,
            now=self.clock(),
        )

    def fresh_trust(self) -> TrustView:
        """The trust list, updated first where it is missing or old: for receiving records."""
        try:
            view = self.trust()
        except TrustError as error:
            if error.code != "trust.missing" or not self.trust_url:
                raise
            return self.update_trust()
        return self.update_trust() if view.stale and self.trust_url else view

    def _root(self) -> bytes:
        if self.trust_root is None:
            raise ServiceError("wallet.setting", "the start of trust (root.json) is missing")
        return self.trust_root
