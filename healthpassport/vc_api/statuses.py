"""The status lists of one run: an entry for each credential that asks for one, and the lists.

Bitstring Status List 1.0 sections 2 and 3.1; in memory, and gone with the run. What is *not* here:
an address to change a status (none is part of the adapter) and the statuses of records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import ProtocolError, StatusError
from healthpassport.status.bitstring import (
    MIN_ENTRIES,
    PURPOSES,
    BitstringEntry,
    BitstringList,
    read_entry,
)
from healthpassport.status.bitstring_writing import build, credential

ENTRY: Final = "BitstringStatusListEntry"
PATH: Final = "/vc-api/status/"
LIFETIME: Final = timedelta(days=1)  # of a list as served: a run is shorter
TTL: Final = timedelta(minutes=5)


@dataclass(slots=True)
class _List:
    purpose: str
    given: set[int] = field(default_factory=set)
    marked: set[int] = field(default_factory=set)


class StatusLists:
    """The lists of this run, by name (``revocation-1``).

    Args:
        base_url: the https address that the adapter is reached under.
        random: randomness, for indices that say nothing of the order.
    """

    def __init__(self, base_url: str, *, random: Callable[[int], bytes]) -> None:
        self._base = base_url + PATH
        self._random = random
        self._lists: dict[str, _List] = {}
        self._lock = threading.Lock()

    def entry(self, wanted: Json) -> dict[str, Json]:
        """A new entry as ``wanted`` (``{"type": "BitstringStatusListEntry", "statusPurpose": …}``).

        Raises:
            ProtocolError: ``vcapi.request`` for another type or purpose.
        """
        if not isinstance(wanted, Mapping) or wanted.get("type", ENTRY) != ENTRY:
            raise ProtocolError("vcapi.request", f"options.credentialStatus must be a {ENTRY}")
        purpose = wanted.get("statusPurpose", PURPOSES[0])
        if not isinstance(purpose, str) or purpose not in PURPOSES:
            raise ProtocolError("vcapi.request", "statusPurpose must be revocation or suspension")
        with self._lock:
            name, index = self._allocate(purpose)
        uri = self._base + name
        # With the id that section 2.1 allows, which entries of records leave out.
        return {"id": f"{uri}#{index}", **BitstringEntry(purpose, index, uri).claim()}

    def unsigned(self, name: str, *, issuer: str, now: datetime) -> dict[str, Json]:
        """The credential that carries the list ``name``, without its proof.

        Raises:
            StatusError: ``status.reference`` when there is no such list.
        """
        with self._lock:
            data, purpose = self._data(name)
        return credential(
            data,
            uri=self._base + name,
            issuer=issuer,
            purpose=purpose,
            valid_from=now,
            valid_until=now + LIFETIME,
            ttl=TTL,
        )

    def check(self, status: JsonObject) -> bool:
        """Whether an entry could be looked up here; one of another's list is not judged.

        Raises:
            StatusError: ``status.revoked`` for an entry of ours whose bit is set, for whichever
                purpose; what ``read_entry`` refuses, for an entry of ours.
        """
        if not str(status.get("statusListCredential")).startswith(self._base):
            return False
        entry = read_entry(status)
        with self._lock:
            data, purpose = self._data(entry.uri.removeprefix(self._base))
        if BitstringList((purpose,), data).get(entry):
            raise StatusError("status.revoked", f"its bit for {entry.purpose} is set")
        return True

    def _data(self, name: str) -> tuple[bytes, str]:
        found = self._lists.get(name)
        if found is None:
            raise StatusError("status.reference")
        return build(size=MIN_ENTRIES, marked=found.marked), found.purpose

    def _allocate(self, purpose: str) -> tuple[str, int]:
        number = 1
        while len((found := self._list(purpose, number)).given) >= MIN_ENTRIES // 2:
            number += 1
        while (index := int.from_bytes(self._random(4), "big") % MIN_ENTRIES) in found.given:
            pass
        found.given.add(index)
        return f"{purpose}-{number}", index

    def _list(self, purpose: str, number: int) -> _List:
        return self._lists.setdefault(f"{purpose}-{number}", _List(purpose))
