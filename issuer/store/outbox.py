"""What happens to a client's offers and records, noted for its own systems to be told.

Noting is part of the transaction in which it happens, so that nothing is told that was not so and
nothing is lost; where a client has named no receiver, nothing is noted. A row holds ids alone. What
is *not* here: messages (``messages``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
)

from .api_tables import webhook_events, webhook_receivers
from .deferral_tables import deferrals
from .prepared import Prepared
from .tables import grants, issuances, offers, reports

OFFER_STATES: Final[Mapping[str, str]] = {
    "expired": "offer.expired",
    "burned": "offer.burned",
    "cancelled": "offer.cancelled",
}
RECORD_STATES: Final[Mapping[int, str]] = {
    0: "record.reinstated",
    1: "record.withdrawn",
    2: "record.suspended",
    3: "record.replaced",
}
COLLECTED: Final = "offer.collected"
NOT_COLLECTED: Final = "offer.not_collected"
REPORTED: Final = "report.received"
_COLLECTING: Final = "redeemed"
_ENDED: Final = "done"
_MAY_COME: Final = ("waiting", "released", "issued")
DUE: Final = "record.due"
KINDS: Final = frozenset(
    {COLLECTED, NOT_COLLECTED, REPORTED, DUE, *OFFER_STATES.values(), *RECORD_STATES.values()}
)


def _noted(query: Select[Any]) -> Insert:
    return insert(webhook_events).from_select(["client", "kind", "subject"], query)


def _told(client: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(webhook_receivers.c.client == client)


_KIND: Final = bindparam("noted_kind", type_=webhook_events.c.kind.type)
_ID: Final = bindparam("noted_id", type_=offers.c.id.type)
# An offer without a PIN is a wallet's own: it asked for it, and no system made it.
_OFFER: Final = _noted(
    select(offers.c.client, _KIND, offers.c.id).where(
        offers.c.id == _ID,
        offers.c.state != bindparam("noted_state", type_=offers.c.state.type),
        offers.c.pin_mac != "",
        _told(offers.c.client),
    )
)
# Nothing of it was collected, and nothing that was put off can come any more.
_NOTHING: Final = _noted(
    select(offers.c.client, literal(NOT_COLLECTED), offers.c.id).where(
        offers.c.id == _ID,
        offers.c.state == bindparam("noted_state", type_=offers.c.state.type),
        offers.c.pin_mac != "",
        _told(offers.c.client),
        ~exists().where(issuances.c.offer == offers.c.id),
        ~exists().where(deferrals.c.offer == offers.c.id, deferrals.c.state.in_(_MAY_COME)),
    )
)
_FIRST: Final = Prepared(
    _noted(
        select(offers.c.client, literal(COLLECTED), offers.c.id).where(
            offers.c.id == _ID,
            offers.c.pin_mac != "",
            _told(offers.c.client),
            select(func.count()).where(issuances.c.offer == offers.c.id).scalar_subquery() == 1,
        )
    )
)
_RECORD: Final = Prepared(
    _noted(
        select(issuances.c.client, _KIND, issuances.c.id).where(
            issuances.c.id == _ID, _told(issuances.c.client)
        )
    )
)
_REPORT: Final = _noted(
    select(reports.c.client, literal(REPORTED), reports.c.id).where(
        reports.c.id == _ID, _told(reports.c.client)
    )
)
# Told by the offer that the client made: later collections are the wallet's own.
_DUE: Final = _noted(
    select(offers.c.client, literal(DUE), offers.c.id)
    .join(grants, offers.c.grant == grants.c.root)
    .where(grants.c.id == _ID, offers.c.pin_mac != "", _told(offers.c.client))
)


def note_offer(connection: Connection, offer: str, state: str) -> None:
    """Note that ``offer`` comes to an end in ``state``, where that is told; it is not in it yet."""
    if state in OFFER_STATES:
        connection.execute(_OFFER, _ending(offer, state))
    elif state == _ENDED:
        connection.execute(_NOTHING, {"noted_id": offer, "noted_state": _COLLECTING})


def _ending(offer: str, state: str) -> dict[str, str]:
    return {"noted_id": offer, "noted_kind": OFFER_STATES[state], "noted_state": state}


def note_nothing_to_come(connection: Connection, offers_ended: Sequence[str]) -> None:
    """Note those of these offers that have ended, since what was put off of them has ended too."""
    for offer in offers_ended:
        connection.execute(_NOTHING, {"noted_id": offer, "noted_state": _ENDED})


def note_collected(connection: Connection, offer: str) -> None:
    """Note that something of ``offer`` was collected, the first time."""
    _FIRST.run(connection, {"noted_id": offer})


def note_status(connection: Connection, issuance: str, status: int) -> None:
    """Note the new status of ``issuance``."""
    _RECORD.run(connection, {"noted_id": issuance, "noted_kind": RECORD_STATES[status]})


def note_report(connection: Connection, report: str) -> None:
    """Note that a patient sent ``report``."""
    connection.execute(_REPORT, {"noted_id": report})


def note_due(connection: Connection, grants_due: Sequence[str]) -> None:
    """Note that the records of these grants run out soon and were not fetched anew."""
    if grants_due:
        connection.execute(_DUE, [{"noted_id": grant} for grant in grants_due])
