"""The trust list and the status lists that this desk holds, read without any network.

``refresh`` fetches; ``views`` reads what was fetched. A presentation never causes a fetch. The
lists are public, so that organisations on one deployment share them, each by its own policy. What
is *not* here: the schedule (the api's background task) and any judgement.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from healthpassport.errors import SettingsError
from healthpassport.fetch import Fetcher, HttpsFetcher
from healthpassport.refresh import StatusStore, update_trust_list
from healthpassport.status.stored import StatusView
from healthpassport.trust.model import TrustView
from healthpassport.trust.reading import read_trust_list
from healthpassport.verification import FreshnessPolicy
from verifier.settings import VerifierSettings

from .identity import read_file

STATUS_FOLDER: Final = "status"
LIST_FOLDER: Final = "list"
REREAD: Final = timedelta(seconds=15)  # another process may have updated the folder meanwhile


@dataclass(frozen=True, slots=True)
class Lists:
    """What verification needs of the outside world, as it was last fetched."""

    trust: TrustView
    status: StatusView


@dataclass(frozen=True, slots=True)
class Update:
    """How an update ended: version of the trust list, status lists fetched and not."""

    version: int
    fetched: int
    failed: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Reading:
    """What was last read, for everybody who shares the folder."""

    lock: Lock = field(default_factory=Lock)
    last: tuple[datetime, Lists] | None = None


class DeskLists:
    """The desk's folder of lists."""

    def __init__(
        self,
        settings: VerifierSettings,
        *,
        policy: FreshnessPolicy,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._folder = settings.lists_folder / LIST_FOLDER
        self._status = StatusStore(settings.lists_folder / STATUS_FOLDER)
        self._fetcher = fetcher or HttpsFetcher(
            ca_file=settings.ca_file,
            allowed_private_hosts=frozenset(settings.allowed_private_hosts),
        )
        self._reading = _Reading()

    def for_policy(self, policy: FreshnessPolicy) -> DeskLists:
        """The same lists, read once, as old as another organisation lets them be."""
        shared = copy(self)
        shared._policy = policy  # noqa: SLF001 - its own kind
        return shared

    def views(self, now: datetime) -> Lists:
        """The lists as they stand at ``now``.

        Raises:
            TrustError: ``trust.missing`` before the first update, or others of a damaged folder.
        """
        found = self._views(now)
        trust = found.trust
        if trust.stale or trust.age <= self._policy.trust_list:
            return found
        return replace(found, trust=replace(trust, stale=True))

    def _views(self, now: datetime) -> Lists:
        """Stale by nobody's policy yet, only where the clock went back."""
        with self._reading.lock:
            last = self._reading.last
            if last is not None and timedelta() <= now - last[0] < REREAD:
                return last[1]
            trust = read_trust_list(self._folder, root=self._root(), now=now, max_age=timedelta.max)
            lists = Lists(trust, self._status.view(trust.trust_list, now=now))
            self._reading.last = (now, lists)
            return lists

    def refresh(self, now: datetime, *, due_only: bool = False) -> Update:
        """Fetch the trust list and every status list that it names.

        Raises:
            TrustError, FetchError: why the trust list could not be updated; the copy stays.
        """
        if not self._settings.trust_url:
            raise SettingsError("verifier.setup", "PASSPORT_VERIFIER_TRUST_URL is not set")
        trust = update_trust_list(
            self._folder,
            url=self._settings.trust_url,
            root=self._root(),
            fetcher=self._fetcher,
            now=now,
        )
        done = self._status.prefetch(
            trust.trust_list, fetcher=self._fetcher, now=now, due_only=due_only
        )
        with self._reading.lock:
            self._reading.last = None
        failed = tuple((one.uri, one.error.code) for one in done if one.error is not None)
        return Update(trust.trust_list.version, len(done) - len(failed), failed)

    def _root(self) -> bytes:
        return read_file(self._settings.root_file)
