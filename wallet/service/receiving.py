"""Adding records: look at an offer first, then take it with its PIN or by signing in.

Rules: an unreadable, unknown or unsound record is refused whole, and nothing that was held before
is touched; whose the records are is sure, or the owner says it (``placing``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from healthpassport.credential import VerifiedIssuer
from healthpassport.encoding import Json
from healthpassport.errors import PassportError, ServiceError, TrustError
from healthpassport.keys import generate_signer
from healthpassport.protocols.oid4vci import NotificationEvent, offer_link
from healthpassport.protocols.oid4vci.web_links import parse_web_link
from healthpassport.record_words import record_label
from healthpassport.trust.model import TrustView
from wallet.client.checking import CheckedRecord, check_collected
from wallet.client.collecting import Collected, Collector, Later
from wallet.client.offers import OpenedOffer, open_offer, wants_attested_keys
from wallet.client.signing_in import read_answer
from wallet.vault import Vault, Writer

from . import sign_ins
from .attested import attested_for
from .changes import goes_on
from .gifts import lent_through
from .grants import id_of, keep_grant, read_grants
from .passports import Passport, add_passport, settled
from .past import HistoryEntry, HistoryKind, add_entry
from .placing import Place, place
from .put_off import (
    ID_BYTES,
    NOBODY_YET,
    add_put_off,
    awaited,
    drop_put_off,
    put_off,
    read_put_off,
    superseded,
)
from .shelf import (
    StoredRecord,
    add_record,
    copy_rows,
    delete_record,
    older_rows,
    read_record,
)
from .surroundings import Surroundings

# The owner can answer these with another word; the claimed records wait for it.
ASKED_AGAIN: Final = frozenset({"people.whose", "people.another", "people.unknown"})


@dataclass(frozen=True, slots=True)
class OfferPreview:
    """What is on offer, before anything is claimed.

    ``checked`` says that the trust list names the issuer; then ``issuer`` is the list's name for
    it, else only its host. ``pin_length`` is None where any length goes. ``sign_in`` says that the
    owner has to sign in at the surgery first.
    """

    issuer: str
    checked: bool
    records: tuple[str, ...]
    pin_needed: bool
    pin_length: int | None
    pin_digits: bool
    sign_in: bool
    opened: OpenedOffer = field(repr=False)


def preview(link: str, around: Surroundings) -> OfferPreview:
    """The offer behind ``link``; raises as ``wallet.client.offers.open_offer``.

    A web address may be anybody's: nothing is asked there unless the trust list names its issuer.

    Raises:
        TrustError: ``trust.issuer_unknown`` for such an address of a stranger.
    """
    web = parse_web_link(link.strip())
    if web is None:
        opened = open_offer(link, fetcher=around.fetcher)
    else:
        whose, uri = web
        around.fresh_trust().trust_list.issuer(whose)
        opened = open_offer(offer_link(uri=uri), fetcher=around.fetcher, expected_issuer=whose)
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
        sign_in=opened.code is None,
        opened=opened,
    )


@dataclass(frozen=True, slots=True)
class Claimed:
    """An offer that was used up: its records checked, not stored yet; ``later`` are still to come.

    ``issuer`` is as the trust list names it.
    """

    collector: Collector
    issuer: VerifiedIssuer
    collected: tuple[Collected, ...]
    checked: tuple[CheckedRecord, ...]
    later: tuple[Later, ...] = ()

    def notify(self, event: NotificationEvent) -> None:
        """Tell the issuer what became of all of it."""
        for entry in self.collected:
            self.collector.notify(entry, event)


class Receiving:
    """Taking offers; ``waiting`` holds those whose owner has to say whose they are, by code."""

    def __init__(self, vault: Vault, around: Surroundings, waiting: dict[str, Claimed]) -> None:
        self._vault = vault
        self._around = around
        self._waiting = waiting

    def take(
        self, offer: OfferPreview, pin: str | None, *, person: str | None, other_person: bool
    ) -> tuple[StoredRecord, ...]:
        """Claim the offer, check every record, and store all of them or none.

        What the surgery gives later is waited for (``put_off``), and is not among those returned.

        Raises:
            WhoseError: where the owner must say whose they are; say it with ``person`` and the same
                offer, which is not claimed again.
        """
        code = offer.opened.code
        if code is None:
            raise ServiceError("wallet.sign_in_needed")
        claimed = self._waiting.pop(code, None)
        if claimed is None:
            claimed = self._claim(offer, pin)
        return self._keep(code, claimed, person=person, other_person=other_person)

    def begin(self, offer: OfferPreview, redirect_uri: str) -> str:
        """The address at which the owner signs in for ``offer``; it works for a short time.

        Raises:
            ServiceError, TrustError: as ``wallet.client.signing_in.begin``, and for an issuer that
                the trust list does not name.
        """
        around = self._around
        around.fresh_trust().trust_list.issuer(offer.opened.issuer.credential_issuer)
        settled(self._vault)
        _check_keys(offer.opened, around)
        return sign_ins.begin(offer.opened, redirect_uri, vault=self._vault, around=around)

    def finish(
        self, address: str, *, person: str | None, other_person: bool
    ) -> tuple[StoredRecord, ...]:
        """Take the records for which the owner signed in; ``address`` is what came back.

        Raises:
            As ``take``, and as ``sign_ins.finish``.
        """
        answer = read_answer(address)
        name = f"sign-in {answer.get('state', '')}"
        claimed = self._waiting.pop(name, None)
        if claimed is None:
            around = self._around
            trust = around.fresh_trust()
            settled(self._vault)
            opened, access = sign_ins.finish(answer, vault=self._vault, around=around)
            collector = Collector(
                opened,
                fetcher=around.fetcher,
                now=around.clock(),
                random=around.random,
                access=access,
            )
            claimed = self._collected(collector, opened, trust)
        return self._keep(name, claimed, person=person, other_person=other_person)

    def _keep(
        self, name: str, claimed: Claimed, *, person: str | None, other_person: bool
    ) -> tuple[StoredRecord, ...]:
        if not claimed.checked:
            _wait(claimed, person or "", self._vault, self._around)
            return ()
        try:
            where = place(
                [entry.payload for entry in claimed.checked],
                vault=self._vault,
                today=self._around.clock().date(),
                wanted=person,
                new_if_unsure=other_person,
            )
            rows = _store(claimed, where, self._vault, self._around)
        except PassportError as error:
            if error.code in ASKED_AGAIN:
                self._waiting[name] = claimed
            else:
                claimed.notify(NotificationEvent.FAILURE)
            raise
        claimed.notify(NotificationEvent.ACCEPTED)
        return tuple(read_record(self._vault, row) for row in rows)

    def _claim(self, offer: OfferPreview, pin: str | None) -> Claimed:
        around = self._around
        trust = around.fresh_trust()
        # Nobody whom the list does not name gets the PIN, and the offer is not used up for nothing.
        trust.trust_list.issuer(offer.opened.issuer.credential_issuer)
        settled(self._vault)  # a locked vault is told before the offer is used up
        _check_keys(offer.opened, around)
        signer = generate_signer()
        attested = attested_for(
            offer.opened.server, vault=self._vault, around=around, line=id_of(signer)
        )
        collector = Collector(
            offer.opened,
            fetcher=around.fetcher,
            now=around.clock(),
            random=around.random,
            attested=attested,
            provider=around.provider,
            signer=signer,
        )
        collector.authorise(pin)
        return self._collected(collector, offer.opened, trust)

    def _collected(self, collector: Collector, opened: OpenedOffer, trust: TrustView) -> Claimed:
        around = self._around
        listed = trust.trust_list.issuer(opened.issuer.credential_issuer)
        issuer = VerifiedIssuer(listed.iss, listed.ods, listed.name)
        given = collector.collect(copies=around.copies)
        collected = tuple(one for one in given if isinstance(one, Collected))
        later = tuple(one for one in given if isinstance(one, Later))
        try:
            checked = tuple(check_collected(c, trust=trust, now=around.clock()) for c in collected)
            _check_person(checked)
        except PassportError:
            Claimed(collector, issuer, collected, ()).notify(NotificationEvent.FAILURE)
            raise
        return Claimed(collector, issuer, collected, checked, later)


def _store(claimed: Claimed, where: Place, vault: Vault, around: Surroundings) -> tuple[int, ...]:
    now, checked, known = around.clock(), claimed.checked, read_grants(vault)
    lent = where.id is not None and lent_through(vault, known, where.id)
    waited = read_put_off(vault)
    types = {c.definition.type for c in checked} | {c.definition.type for c in claimed.later}
    over = superseded(waited, iss=claimed.issuer.iss, person=where.id or "", types=types)
    before = {one.definition.type: _before(one, where, vault) for one in checked}
    replaced = {one.row: copy_rows(vault, one.row) for found in before.values() for one in found}
    with vault.transaction() as writer:
        for row, copies in replaced.items():
            delete_record(writer, row, copies)
        person = where.id or add_passport(writer, Passport(0, now, mine=where.mine)).id
        rows = tuple(
            add_record(
                writer,
                vault,
                one,
                now=now,
                person=person,
                says_since=_says_since(before[one.definition.type], one),
            )
            for one in checked
        )
        keep_grant(
            writer,
            claimed.collector.access,
            known=known,
            issuer=checked[0].issuer,
            names={one.definition.type: one.configuration for one in claimed.collected},
            person=person,
            now=now,
            server=claimed.collector.server,
            lent=lent,
            awaited=awaited(waited, over),
        )
        drop_put_off(writer, over)
        _put_off(writer, claimed, person, "", vault=vault, around=around)
        add_entry(
            writer,
            HistoryEntry(
                now,
                HistoryKind.ADDED,
                who=checked[0].issuer.name,
                ods=checked[0].issuer.ods,
                what=tuple(record_label(c.definition, around.language) for c in checked),
                person=person,
            ),
        )
    return rows


def _before(checked: CheckedRecord, where: Place, vault: Vault) -> tuple[StoredRecord, ...]:
    """The records in whose place ``checked`` comes."""
    found = (read_record(vault, row) for row in older_rows(vault, checked))
    return tuple(one for one in found if where.id is not None and one.person == where.id)


def _says_since(before: Sequence[StoredRecord], checked: CheckedRecord) -> datetime | None:
    return next((one.says_since for one in before if goes_on(one, checked)), None)


def _wait(claimed: Claimed, said: str, vault: Vault, around: Surroundings) -> None:
    """Nothing came yet: the leave to come back waits for whoever the first record is about."""
    person = NOBODY_YET + around.random(ID_BYTES).hex()
    with vault.transaction() as writer:
        keep_grant(
            writer,
            claimed.collector.access,
            known=(),
            issuer=claimed.issuer,
            names={},
            person=person,
            now=around.clock(),
            server=claimed.collector.server,
        )
        _put_off(writer, claimed, person, said, vault=vault, around=around)


def _put_off(
    writer: Writer, claimed: Claimed, person: str, said: str, *, vault: Vault, around: Surroundings
) -> None:
    made = [
        put_off(
            later,
            id_=around.random(ID_BYTES).hex(),
            issuer=claimed.issuer,
            person=person,
            said=said,
            access=claimed.collector.access,
            grant=id_of(claimed.collector.access.caller.signer),
            now=around.clock(),
        )
        for later in claimed.later
    ]
    add_put_off(writer, vault, made)


def _check_keys(opened: OpenedOffer, around: Surroundings) -> None:
    """Before an offer is used up: an issuer that wants keys vouched for needs a provider."""
    if not around.provider and wants_attested_keys(opened.wanted, opened.issuer):
        raise ServiceError("wallet.keys_unproved")


def _check_person(checked: Sequence[CheckedRecord]) -> None:
    if any(differ(checked[0].payload, entry.payload) for entry in checked[1:]):
        raise ServiceError("wallet.credential_rejected", "the records are of different people")


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
