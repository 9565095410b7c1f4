"""A holder's calls at an issuer of this project (docs/issuer.md), besides those of the standard.

Another issuer has none of these addresses; then the standard's alone are used. What is *not* here:
tokens (``access``), and whether what comes is to be believed (``checking``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, ServiceError
from healthpassport.fetch import HttpResponse
from healthpassport.protocols.oid4vci import IssuerMetadata, NotificationEvent

from .access import Access, failed
from .collecting import Collected, Later, ask_again, collect_record, notify
from .exchange import SUCCESS
from .offers import Wanted, wanted_of

_ABSENT: Final = (404, 405)  # an issuer that does not have our addresses
_FOREIGN: Final = (400, 401, 403, 406, 410, 501)  # so too, unless it is one of our refusals


@dataclass(frozen=True, slots=True)
class Place:
    """Where the status of one copy stands."""

    uri: str
    index: int


@dataclass(frozen=True, slots=True)
class HolderClient:
    """One issuer, for as long as the access token lives (minutes)."""

    access: Access
    issuer: IssuerMetadata

    @property
    def batch_size(self) -> int:
        """How many copies of one record may be asked for at once (section 12.2.4)."""
        batch = self.issuer.batch_credential_issuance
        return batch.batch_size if batch else 1

    def on_offer(self, known: Iterable[str]) -> dict[str, Wanted]:
        """What the issuer gives now, by configuration; ``known`` where it cannot say.

        Raises:
            ServiceError: ``grant.no_source`` and the other ``grant.`` codes of the issuer.
        """
        response = self.access.get(self._url("/holder/grant"))
        if not _is_ours(response):
            return wanted_of(known, self.issuer)
        told = self._object(response)
        if told.get("source") is not True:
            raise ServiceError("grant.no_source")
        names = told.get("records")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ServiceError("wallet.issuer_failed", "it does not say what it gives")
        return wanted_of((str(name) for name in names), self.issuer)

    def collect(self, name: str, wanted: Wanted, *, copies: int) -> Collected | Later:
        """Copies of one record, each with a new key, or word that they come later."""
        count = max(1, min(copies, self.batch_size))
        return collect_record(self.access, self.issuer, name, wanted, copies=count)

    def ask_again(self, later: Later) -> Collected | Later:
        """What was put off, or how long it takes yet; raises as ``collecting.ask_again``."""
        return ask_again(self.access, self.issuer, later)

    def notify(self, collected: Collected, event: NotificationEvent) -> None:
        """Tell the issuer what became of a record; failing to is no matter."""
        notify(self.access, self.issuer, collected, event)

    def withdraw(self, places: Iterable[Place]) -> int:
        """Withdraw single copies for good, all or none; returns how many.

        Raises:
            ServiceError: ``grant.not_yours``, ``wallet.issuer_failed``.
        """
        rows: list[Json] = [{"uri": place.uri, "idx": place.index} for place in places]
        told = self.call("/holder/copies/withdraw", {"copies": rows})
        count = told.get("withdrawn")
        return count if isinstance(count, int) else 0

    def end(self) -> None:
        """End the grant at the issuer and withdraw every copy."""
        response = self.access.post(self._url("/holder/end"), {})
        if response.status not in SUCCESS:
            raise failed(response)

    def call(self, path: str, value: Mapping[str, Json]) -> dict[str, Json]:
        """The object that a POST to one of our addresses answers."""
        return self._object(self.access.post(self._url(path), value))

    def look(self, path: str) -> dict[str, Json]:
        """The object that a GET of one of our addresses answers."""
        return self._object(self.access.get(self._url(path)))

    def _url(self, path: str) -> str:
        return self.issuer.credential_issuer + path

    def _object(self, response: HttpResponse) -> dict[str, Json]:
        if response.status not in SUCCESS:
            raise failed(response)
        try:
            return parse_json_object(response.body)
        except EncodingError as error:
            raise ServiceError("wallet.issuer_failed", error.code) from error


def _is_ours(response: HttpResponse) -> bool:
    """Whether an issuer of this project answered: others have no such address, or say so oddly."""
    if response.status in _ABSENT:
        return False
    try:
        told = parse_json_object(response.body)
    except EncodingError:
        told = {}
    if response.status in SUCCESS:
        return "source" in told
    return "code" in told or response.status not in _FOREIGN


def device_url(iss: str) -> str:
    """Where a grant moves to another device."""
    return f"{iss}/holder/device"
