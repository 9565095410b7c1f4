"""What a holder may do at their issuer besides collecting: look, withdraw copies, make an end.

Rules: only a wallet with a grant may, and only with what was issued under its own line of grants; a
list with one copy of somebody else is refused whole, in the same words as one that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection

from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, ServiceError
from healthpassport.status.entries import WITHDRAWN
from issuer.store import Grant, GrantState, bitstrings, grants, statuses
from issuer.store.again import tried_again

from .bitstrings import REVOCATION, bitstring_uri
from .context import IssuerContext
from .grants import close_grant, tell_ended
from .refreshing import on_offer
from .token_lists import list_uri
from .tokens import Access

GRANT_PATH: Final = "/holder/grant"
COPIES_PATH: Final = "/holder/copies/withdraw"
END_PATH: Final = "/holder/end"
MAX_COPIES: Final = 500  # of one request: every copy of every record of a large wallet


class CopyPlace(BaseModel):
    """Where the status of one copy stands: address of the list, and index in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    uri: Annotated[str, Field(max_length=2_048)]
    idx: Annotated[int, Field(ge=0)]


class DeviceRequest(BaseModel):
    """The refresh token to move, and the proof of the new device's key."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    refresh_token: Annotated[str, Field(min_length=1, max_length=2_048)]
    proof: Annotated[str, Field(min_length=1, max_length=8_192)]


class _CopiesRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    copies: Annotated[tuple[CopyPlace, ...], Field(min_length=1, max_length=MAX_COPIES)]


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """What a wallet may know of its grant: whether its records can be read again, and which."""

    source: bool
    records: tuple[str, ...]


def parse_device_request(body: bytes) -> DeviceRequest:
    """The request to move a grant, in JSON.

    Raises:
        ServiceError: ``http.invalid``.
    """
    try:
        return DeviceRequest.model_validate(parse_json_object(body))
    except (ValidationError, EncodingError) as error:
        raise ServiceError("http.invalid", "send refresh_token and proof") from error


def parse_copies(body: bytes) -> tuple[CopyPlace, ...]:
    """The copies that ``{"copies": [{"uri": ..., "idx": ...}]}`` names.

    Raises:
        ServiceError: ``http.invalid``.
    """
    try:
        return _CopiesRequest.model_validate(parse_json_object(body)).copies
    except (ValidationError, EncodingError) as error:
        raise ServiceError("http.invalid", "send copies, each with uri and idx") from error


def held_grant(issuer: IssuerContext, access: Access) -> HeldGrant:
    """What the grant of ``access`` gives now.

    Raises:
        ServiceError: ``forbidden`` for an access without a grant.
        SourceError: as ``refreshing.prepare``, but for a grant that has no source.
    """
    with issuer.store.reading() as tx:
        grant = grant_of(tx, access)
    if grant.sealed is None:
        return HeldGrant(source=False, records=())
    return HeldGrant(source=True, records=on_offer(issuer, access))


@tried_again
def withdraw_copies(issuer: IssuerContext, access: Access, places: Sequence[CopyPlace]) -> int:
    """Withdraw single copies for good, all or none; returns how many. Twice is once.

    Raises:
        ServiceError: ``forbidden``, ``grant.not_yours``.
    """
    with issuer.store.writing() as tx:
        root = grant_of(tx, access).root
        for place in dict.fromkeys(places):
            find, withdraw = _way(issuer, tx, place)
            issuance = find()
            if issuance is None or grants.root_of_issuance(tx, issuance) != root:
                raise ServiceError("grant.not_yours")
            withdraw()
        issuer.audit.write(
            "copies.withdrawn",
            who=issuer.audit.wallet,
            tx=tx,
            subject=root,
            copies=len(set(places)),
        )
    return len(set(places))


@tried_again
def end_grant(issuer: IssuerContext, access: Access) -> None:
    """The holder deletes everything: the grant ends and every copy of its line is withdrawn."""
    with issuer.store.writing() as tx:
        grant = grant_of(tx, access)
        close_grant(tx, grant, GrantState.ENDED, status=WITHDRAWN)
        tell_ended(issuer, tx, grant, GrantState.ENDED, who=issuer.audit.wallet)


def grant_of(tx: Connection, access: Access) -> Grant:
    """The active grant that ``access`` came from.

    Raises:
        ServiceError: ``forbidden``.
    """
    found = None if access.offer.grant is None else grants.find(tx, access.offer.grant)
    if found is None or found.state is not GrantState.ACTIVE:
        raise ServiceError("forbidden")
    return found


def issuance_at(issuer: IssuerContext, tx: Connection, place: CopyPlace) -> str | None:
    """The issuance of the copy whose status stands at ``place``.

    Raises:
        ServiceError: ``grant.not_yours`` for a list that is not of this issuer.
    """
    return _way(issuer, tx, place)[0]()


def _way(
    issuer: IssuerContext, tx: Connection, place: CopyPlace
) -> tuple[Callable[[], str | None], Callable[[], None]]:
    """How the issuance behind ``place`` is found and the copy withdrawn, by the kind of list."""
    number, index = _number(place.uri), place.idx
    if place.uri == bitstring_uri(issuer, number):
        return (
            lambda: bitstrings.issuance_at(tx, number, index, purpose=REVOCATION),
            lambda: bitstrings.mark_one(tx, number, index),
        )
    if place.uri == list_uri(issuer, number):
        return (
            lambda: statuses.issuance_at(tx, number, index),
            lambda: statuses.withdraw_one(tx, number, index),
        )
    raise ServiceError("grant.not_yours")


def _number(uri: str) -> int:
    last = uri.rpartition("/")[2]
    return int(last) if last.isascii() and last.isdecimal() and len(last) <= 9 else 0  # noqa: PLR2004
