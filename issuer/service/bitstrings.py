"""Bitstring status lists for records in W3C formats: entries given, changed and published.

Each copy gets one entry in a revocation list and one in a suspension list, at places drawn
independently: whoever watches the lists cannot tell that what was suspended is what was withdrawn
later. For the same reason a withdrawal leaves the suspension list as it is. What is *not* here:
token status lists (``statuses``, ``publication``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, TypeAlias

from sqlalchemy import Connection

from healthpassport.encoding import Json, JsonObject, dump_text
from healthpassport.errors import ServiceError
from healthpassport.status.bitstring import PURPOSES, BitstringEntry
from healthpassport.status.bitstring_writing import build, credential
from healthpassport.status.entries import REPLACED, SUSPENDED, VALID, WITHDRAWN
from issuer.settings import LDP_VC
from issuer.store import bitstrings

from .context import IssuerContext, utc
from .identity import issuer_did
from .places import Place
from .securing import secured
from .token_lists import STATUS_PATH, PublishedList, list_uris

Secure: TypeAlias = Callable[[IssuerContext, JsonObject], dict[str, Json]]

BITSTRING_PATH: Final = f"{STATUS_PATH}bitstring/"
REVOCATION, SUSPENSION = PURPOSES


def bitstring_uri(issuer: IssuerContext, number: int) -> str:
    """The address of bitstring list ``number``."""
    return issuer.url(f"{BITSTRING_PATH}{number}")


def bitstring_uris(issuer: IssuerContext) -> tuple[str, ...]:
    """The addresses of all bitstring lists."""
    with issuer.store.reading() as tx:
        return tuple(bitstring_uri(issuer, entry.number) for entry in bitstrings.lists(tx))


def all_list_uris(issuer: IssuerContext) -> tuple[str, ...]:
    """The addresses of every status list of either kind that a record of ours may name."""
    others = bitstring_uris(issuer) if LDP_VC in issuer.settings.formats else ()
    return (*list_uris(issuer), *others)


def entries_at(
    issuer: IssuerContext, columns: Sequence[Sequence[Place]]
) -> tuple[tuple[BitstringEntry, ...], ...]:
    """For each copy its entries, one a purpose, for ``credentialStatus``.

    ``columns`` are the places of all copies, for each purpose, as ``Reserved.give`` says.
    """
    by_purpose = [
        [BitstringEntry(purpose, i, bitstring_uri(issuer, number)) for number, i in places]
        for purpose, places in zip(PURPOSES, columns, strict=True)
    ]
    return tuple(zip(*by_purpose, strict=True))


def change_entries(tx: Connection, *, issuance: str, status: int) -> None:
    """Bring the entries of ``issuance`` to ``status``, one of ``healthpassport.status.entries``."""
    if status in {WITHDRAWN, REPLACED}:
        bitstrings.mark(tx, issuance=issuance, purpose=REVOCATION, marked=True)
    elif status in {SUSPENDED, VALID}:
        bitstrings.mark(tx, issuance=issuance, purpose=SUSPENSION, marked=status == SUSPENDED)


def published_bitstring(
    issuer: IssuerContext, number: int, *, secure: Secure = secured
) -> PublishedList:
    """Bitstring list ``number`` as it stands now, in a credential that ``secure`` signed.

    Raises:
        ServiceError: ``not_found``.
    """
    now, ttl = issuer.now(), issuer.settings.status_ttl_seconds
    with issuer.store.reading() as tx:
        state = bitstrings.find(tx, number)
        if state is None or state.retired_at is not None:
            raise ServiceError("not_found" if state is None else "issuer.list_retired")
        held = issuer.published_bitstrings.get(number)
        if held is not None and held.version == state.version and held.is_fresh(now):
            return held
        marked = bitstrings.marked(tx, number)
    document = credential(
        build(size=state.size, marked=marked),
        uri=bitstring_uri(issuer, number),
        issuer=issuer_did(issuer),
        purpose=state.purpose,
        valid_from=utc(now),
        valid_until=utc(now) + timedelta(hours=issuer.settings.status_hours),
        ttl=timedelta(seconds=ttl),
    )
    fresh = PublishedList(
        dump_text(secure(issuer, document)), state.version, now, now + max(ttl // 2, 1)
    )
    issuer.published_bitstrings[number] = fresh
    return fresh
