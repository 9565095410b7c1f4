"""Status lists as a desk holds them: fetched ahead of time, looked up without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from healthpassport.status.lookup import StatusListAtHand


@dataclass(frozen=True, slots=True)
class StoredStatusList:
    """A verified list, when this desk last fetched it, and whose keys (``iss``) verified it."""

    held: StatusListAtHand
    fetched_at: datetime
    iss: str


# Status list URI to the copy at hand; a URI that is absent could not be checked.
StatusView: TypeAlias = Mapping[str, StoredStatusList]
