"""From a credential's claims to its entries in status lists, of either kind, and what each says.

An SD-JWT VC names one entry of a Token Status List (``status``), a W3C credential entries of
Bitstring Status Lists (``credentialStatus``), one for each purpose. What is *not* here: which list
is at hand, and what a status means for relying on a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from healthpassport.encoding import Json
from healthpassport.errors import StatusError
from healthpassport.status.bitstring import BitstringEntry, read_entry
from healthpassport.status.held_bitstring import HeldBitstringList
from healthpassport.status.reference import StatusReference, reference
from healthpassport.status.token_status_list import HeldStatusList

StatusEntry: TypeAlias = StatusReference | BitstringEntry
StatusListAtHand: TypeAlias = HeldStatusList | HeldBitstringList

MAX_ENTRIES: Final = 4  # of one credential; revocation and suspension need two
REVOCATION: Final = "revocation"


def entries(claims: Mapping[str, Json]) -> tuple[StatusEntry, ...]:
    """Every entry that ``claims`` point to; each must be asked.

    Raises:
        StatusError: ``status.missing`` where there is none, or none that could tell of withdrawal;
            what ``reference`` and ``read_entry`` refuse.
    """
    if "credentialStatus" not in claims:
        return (reference(claims),)
    if "status" in claims:
        raise StatusError("status.reference", "it names lists of two kinds")
    value = claims["credentialStatus"]
    rows = value if isinstance(value, list) else [value]
    if len(rows) > MAX_ENTRIES:
        raise StatusError("status.reference", "it names too many lists")
    found = tuple(read_entry(row) for row in rows)
    if not any(entry.purpose == REVOCATION for entry in found):
        raise StatusError("status.missing", "no list would tell of a withdrawal")
    return found


def look_up(entry: StatusEntry, held: StatusListAtHand) -> int:
    """The status of ``entry`` in the list ``held``, in the values of a Token Status List.

    Raises:
        StatusError: ``status.reference`` for a list of the other kind, ``status.index``,
            ``status.purpose``.
    """
    if isinstance(entry, StatusReference) and isinstance(held, HeldStatusList):
        return held.get(entry.index)
    if isinstance(entry, BitstringEntry) and isinstance(held, HeldBitstringList):
        return held.status(entry)
    raise StatusError("status.reference", "the list at that address is of another kind")
