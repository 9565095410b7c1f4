"""Fetching every status list that the trust list names, ahead of time, and holding them on disk.

Rules: all lists that the trust list names are fetched, never one because of a presentation (the
fetch would tell the issuer where the patient is); the signer must be a key of that issuer, valid
now; a list older than the one held is refused; a failed fetch leaves the held copy, which then ages
(``status.stale``). Draft-ietf-oauth-status-list-20 sections 8 and 9. What is *not* here: what a
status means (healthpassport.verification), and the form of a list (``list_credentials``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import EncodingError, FetchError, PassportError, StatusError, TrustError
from healthpassport.fetch import Fetcher, HttpRequest, HttpResponse
from healthpassport.keys.public import PublicKey
from healthpassport.refresh.list_credentials import ACCEPT, read_status_list
from healthpassport.status.lookup import StatusListAtHand
from healthpassport.status.stored import StatusView, StoredStatusList
from healthpassport.status.token_status_list import MAX_TOKEN_BYTES
from healthpassport.trust.cache import replace_file
from healthpassport.trust.model import TrustedIssuer, TrustList

HTTP_OK: Final = 200
HTTP_NOT_MODIFIED: Final = 304
MAX_AGGREGATED: Final = 4_096  # lists of one issuer, about a nation's (docs/scale.md)
_FILE_BYTES: Final = 2 * MAX_TOKEN_BYTES
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Prefetched:
    """How fetching one list ended; ``error`` is why the copy held before (if any) stayed."""

    uri: str
    error: PassportError | None = None


@dataclass(frozen=True, slots=True)
class _Stored:
    """What stands in one file: the list as signed and when a fetch last confirmed it.

    ``issued_at`` is remembered beside the token, so that a list cannot be rolled back by way of a
    change of keys that makes the held token unreadable.
    """

    iss: str
    uri: str
    token: str
    fetched_at: datetime
    etag: str
    issued_at: datetime = _NEVER


@dataclass(slots=True)
class StatusStore:
    """The status lists in ``folder``. One process writes, any number read."""

    folder: Path
    _verified: dict[str, tuple[tuple[str, ...], StatusListAtHand]] = field(default_factory=dict)

    def prefetch(
        self, trust_list: TrustList, *, fetcher: Fetcher, now: datetime, due_only: bool = False
    ) -> tuple[Prefetched, ...]:
        """Fetch all lists that ``trust_list`` names; one that fails does not stop the others.

        With ``due_only`` a list is left alone while its ``ttl`` runs (section 8.3 step 4d).
        """
        results = []
        for issuer in trust_list.issuers:
            for uri in _named(issuer, fetcher):
                if due_only and not self._is_due(issuer, uri, now):
                    continue
                try:
                    self.fetch_one(issuer, uri, fetcher=fetcher, now=now)
                except PassportError as error:
                    results.append(Prefetched(uri, error))
                else:
                    results.append(Prefetched(uri))
        return tuple(results)

    def fetch_one(
        self, issuer: TrustedIssuer, uri: str, *, fetcher: Fetcher, now: datetime
    ) -> StatusListAtHand:
        """Fetch, verify and store the list of ``issuer`` at ``uri``.

        Raises:
            FetchError: as the fetcher says, or ``net.response`` for another status than 200.
            StatusError: as ``read`` says, ``status.signer`` and ``status.rollback`` among them.
        """
        stored = self._load(uri)
        headers = {"Accept": ACCEPT}
        if stored is not None and stored.etag:
            headers["If-None-Match"] = stored.etag  # RFC 9110 section 13.1.2
        response = fetcher.fetch(HttpRequest("GET", uri, headers, max_bytes=MAX_TOKEN_BYTES))
        if response.status == HTTP_NOT_MODIFIED and stored is not None:
            stored = replace(stored, fetched_at=now)
            held = self._current(issuer, stored, now)
        else:
            fetched = _Stored(
                issuer.iss, uri, _token(response), now, response.headers.get("etag", "")
            )
            held = self._current(issuer, fetched, now)
            if stored is not None and held.issued_at < stored.issued_at:
                raise StatusError("status.rollback")
            stored = replace(fetched, issued_at=held.issued_at)
        self._save(stored)
        return held

    def view(self, trust_list: TrustList, *, now: datetime) -> StatusView:
        """Every list at hand whose signer ``trust_list`` still vouches for, by URI.

        A list that is missing or altered on disk is left out: could not be checked. One that has
        expired stays, since it may still say that a record was withdrawn; whoever relies on it asks
        ``require_current`` (section 8.3 step 4c).
        """
        found: dict[str, StoredStatusList] = {}
        for stored in self._all():
            try:
                issuer = trust_list.issuer(stored.iss)
                held = self._read(issuer, stored, keys=_keys(issuer, now))
            except PassportError:
                continue
            found[stored.uri] = StoredStatusList(held, stored.fetched_at, stored.iss)
        return found

    def _current(self, issuer: TrustedIssuer, stored: _Stored, now: datetime) -> StatusListAtHand:
        held = self._read(issuer, stored, keys=_keys(issuer, now))
        held.require_current(now=now)
        return held

    def _read(
        self, issuer: TrustedIssuer, stored: _Stored, *, keys: tuple[PublicKey, ...]
    ) -> StatusListAtHand:
        """The list in a stored token, as it was judged when it was fetched.

        Its signature and inflation are done once a process.
        """
        digest = hashlib.sha256(stored.token.encode()).hexdigest()
        what = (issuer.iss, digest, *(key.thumbprint() for key in keys))
        known = self._verified.get(stored.uri)
        if known is not None and known[0] == what:
            held = known[1]
        else:
            held = read_status_list(
                stored.token,
                expected_uri=stored.uri,
                iss=issuer.iss,
                keys=keys,
                now=stored.fetched_at,
            )
            self._verified[stored.uri] = (what, held)
        return held

    def _is_due(self, issuer: TrustedIssuer, uri: str, now: datetime) -> bool:
        stored = self._load(uri)
        if stored is None:
            return True
        try:
            held = self._current(issuer, stored, now)
        except PassportError:
            return True
        return now >= held.refresh_at(stored.fetched_at)

    def _path(self, uri: str) -> Path:
        return self.folder / f"{hashlib.sha256(uri.encode()).hexdigest()}.json"

    def _save(self, stored: _Stored) -> None:
        data = dump_json(
            {
                "iss": stored.iss,
                "uri": stored.uri,
                "token": stored.token,
                "fetchedAt": int(stored.fetched_at.timestamp()),
                "etag": stored.etag,
                "issuedAt": int(stored.issued_at.timestamp()),
            }
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._path(stored.uri), data)
        except OSError as error:
            raise TrustError("trust.storage", error.strerror or "") from error

    def _load(self, uri: str) -> _Stored | None:
        stored = _parsed(self._path(uri))
        return stored if stored is not None and stored.uri == uri else None

    def _all(self) -> Iterator[_Stored]:
        for path in sorted(self.folder.glob("*.json")):
            stored = _parsed(path)
            if stored is not None:
                yield stored


def _parsed(path: Path) -> _Stored | None:
    """What stands in a file; a damaged one counts as absent, since the next fetch replaces it."""
    try:
        found = parse_json_object(path.read_bytes(), max_bytes=_FILE_BYTES)
        return _Stored(
            iss=str(found["iss"]),
            uri=str(found["uri"]),
            token=str(found["token"]),
            fetched_at=_moment(found["fetchedAt"]),
            etag=str(found["etag"]),
            issued_at=_moment(found["issuedAt"]),
        )
    except (OSError, KeyError, ValueError, OverflowError, EncodingError):
        return None


def _moment(value: Json) -> datetime:
    if not isinstance(value, int):
        raise EncodingError("json.number_invalid")
    return datetime.fromtimestamp(value, UTC)


def _token(response: HttpResponse) -> str:
    if response.status != HTTP_OK:
        raise FetchError("net.response", f"the status list server answered {response.status}")
    try:
        return response.body.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise FetchError("net.response", "this is no status list") from error


def _keys(issuer: TrustedIssuer, now: datetime) -> tuple[PublicKey, ...]:
    """Section 11.3: the keys that the trust list names for the issuer, valid now."""
    return tuple(key.public_key for key in issuer.keys if key.valid_at(now))


def _named(issuer: TrustedIssuer, fetcher: Fetcher) -> tuple[str, ...]:
    """The issuer's lists: those that the trust list names, and those of its aggregation."""
    if issuer.status_aggregation is None:
        return issuer.status_lists
    try:
        more = _aggregated(issuer.status_aggregation, fetcher)
    except PassportError:
        more = ()
    return tuple(dict.fromkeys((*issuer.status_lists, *more)))


def _aggregated(url: str, fetcher: Fetcher) -> tuple[str, ...]:
    """Section 9.3: a JSON object whose ``status_lists`` names the addresses."""
    response = fetcher.fetch(HttpRequest("GET", url, {"Accept": "application/json"}))
    if response.status != HTTP_OK:
        raise FetchError("net.response", f"the aggregation answered {response.status}")
    lists = parse_json_object(response.body).get("status_lists")
    if not isinstance(lists, list):
        raise FetchError("net.response", "the aggregation names no status lists")
    return tuple(uri for uri in lists[:MAX_AGGREGATED] if isinstance(uri, str))
