"""Adding records: look at an offer first, then take it with its PIN.

Rules: an unreadable, unknown or unsound record is refused whole, and nothing that was held before
is touched; records of another person are refused unless their holder says that it is meant so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from healthpassport.encoding import Json
from healthpassport.errors import PassportError, ServiceError, TrustError
from healthpassport.protocols.oid4vci import NotificationEvent
from wallet.client.checking import CheckedRecord, check_collected
from wallet.client.collecting import Collector
from wallet.client.offers import OpenedOffer, open_offer
from wallet.consent.words import record_label
from wallet.vault import Vault

from .past import HistoryEntry, HistoryKind, add_entry
from .shelf import (
    StoredRecord,
    add_record,
    copy_rows,
    delete_record,
    older_rows,
    read_record,
    read_records,
)
from .surroundings import Surroundings

ANOTHER_PERSON = "this is about another person than the records you hold"


@dataclass(frozen=True, slots=True)
class OfferPreview:
    """What is on offer, before anything is claimed.

    ``checked`` says that the trust list names the issuer; then ``issuer`` is the list's name for
    it, else only its host. ``pin_length`` is None where any length goes.
    """

    issuer: str
    checked: bool
    records: tuple[str, ...]
    pin_needed: bool
    pin_length: int | None
    pin_digits: bool
    opened: OpenedOffer = field(repr=False)


def preview(link: str, around: Surroundings) -> OfferPreview:
    """The offer behind ``link``; raises as ``wallet.client.offers.open_offer``."""
    opened = open_offer(link, fetcher=around.fetcher)
    issuer = opened.issuer.credential_issuer
    name, checked = urlsplit(issuer).hostname or issuer, False
    try:
        name, checked = around.fresh_trust().trust_list.issuer(issuer).name, True
    except TrustError as error:
        if error.code != "trust.issuer_unknown":
            raise
    pin = opened.pin
    return OfferPreview(
        issuer=name,
        checked=checked,
        records=tuple(record_label(w.definition, around.language) for w in opened.wanted.values()),
        pin_needed=pin is not None,
        pin_length=pin.length if pin else None,
        pin_digits=pin is not None and pin.input_mode == "numeric",
        opened=opened,
    )


def take(
    offer: OfferPreview,
    pin: str | None,
    *,
    vault: Vault,
    around: Surroundings,
    other_person: bool,
) -> tuple[StoredRecord, ...]:
    """Claim the offer, check every record, and store all of them or none."""
    now = around.clock()
    trust = around.fresh_trust()
    # Nobody whom the list does not name gets the PIN, and the offer is not used up for nothing.
    trust.trust_list.issuer(offer.opened.issuer.credential_issuer)
    held = read_records(vault)  # a locked vault is told before the offer is used up
    collector = Collector(offer.opened, fetcher=around.fetcher, now=now, random=around.random)
    collector.authorise(pin)
    collected = collector.collect(copies=around.copies)
    try:
        checked = tuple(check_collected(c, trust=trust, now=around.clock()) for c in collected)
        _check_person(checked, held, other_person=other_person)
        rows = _store(checked, vault, around)
    except PassportError:
        for entry in collected:
            collector.notify(entry, NotificationEvent.FAILURE)
        raise
    for entry in collected:
        collector.notify(entry, NotificationEvent.ACCEPTED)
    return tuple(read_record(vault, row) for row in rows)


def _store(checked: Sequence[CheckedRecord], vault: Vault, around: Surroundings) -> tuple[int, ...]:
    now = around.clock()
    replaced = {
        row: copy_rows(vault, row)
        for c in checked
        for row in older_rows(vault, c)
        if not differ(c.payload, read_record(vault, row).payload)  # a child's beside a parent's
    }
    with vault.transaction() as writer:
        for row, copies in replaced.items():
            delete_record(writer, row, copies)
        rows = tuple(add_record(writer, vault, entry, now=now) for entry in checked)
        add_entry(
            writer,
            HistoryEntry(
                now,
                HistoryKind.ADDED,
                who=checked[0].issuer.name,
                ods=checked[0].issuer.ods,
                what=tuple(record_label(c.definition, around.language) for c in checked),
            ),
        )
    return rows


def _check_person(
    checked: Sequence[CheckedRecord], held: Iterable[StoredRecord], *, other_person: bool
) -> None:
    first = checked[0].payload
    if any(differ(first, entry.payload) for entry in checked[1:]):
        raise ServiceError("wallet.credential_rejected", "the records are of different people")
    if not other_person and any(differ(first, stored.payload) for stored in held):
        raise ServiceError("wallet.credential_rejected", ANOTHER_PERSON)


def differ(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """Whether two are of different people.

    NHS numbers decide where both have one; else family name and date of birth do.
    """
    numbers = [_number(payload.get("nhsNumber")) for payload in (one, other)]
    if all(numbers):
        return numbers[0] != numbers[1]
    return any(
        one.get(name) is not None
        and other.get(name) is not None
        and str(one[name]).casefold() != str(other[name]).casefold()
        for name in ("familyName", "birthDate")
    )


def _number(value: Json) -> str:
    return str(value.get("value", "")) if isinstance(value, Mapping) else ""
