"""The calls of a record system to an issuer, typed.

What is *not* here: runs over many people (``bulk``), how a call is sent (``transport``), and
bundles, which the caller has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from healthpassport.encoding import jcs

from .bulk import BulkCalls
from .models import (
    AuditHead,
    AuditPage,
    CardAsked,
    CardMade,
    Change,
    Issued,
    IssuedPage,
    Messages,
    MessageSeen,
    OfferAsked,
    OfferMade,
    OfferPage,
    OffersAsked,
    OffersCancelled,
    OfferSeen,
    Reason,
    ReceiverAsked,
    ReceiverMade,
    Receivers,
    ReceiverSeen,
    Reminder,
    Reminders,
    ReportAnswer,
    Reports,
    ReportSealed,
    ReportSeen,
    SecretAsked,
    SecretMade,
    Sources,
    SourceSeen,
    StatusAsked,
)
from .transport import body_of, parsed, part


@dataclass(frozen=True, slots=True)
class IssuerApi(BulkCalls):
    """One issuer, for one record system. ``connect`` makes one with the usual parts.

    Every method raises ``ServiceError`` with the issuer's own code and next step, or ``FetchError``
    where the network failed to the end.
    """

    def make_offer(self, asked: OfferAsked, *, key: str | None = None) -> OfferMade:
        """Offer a patient's records; ``key`` is the caller's own, to try again after a restart."""
        return self.make("/offers", asked, OfferMade, key=key)

    def offer(self, offer: str) -> OfferSeen:
        """How far an offer is."""
        return self.read(f"/offers/{part(offer)}", OfferSeen)

    def offers(self) -> Iterator[OfferSeen]:
        """Every offer of this record system, the newest first."""
        cursor: str | None = None
        while True:
            page = self.read("/offers", OfferPage, cursor=cursor)
            yield from page.offers
            cursor = page.next
            if cursor is None:
                return

    def cancel_offer(self, offer: str) -> OfferSeen:
        """Take back an offer whose PIN was not given yet."""
        return self.post(f"/offers/{part(offer)}/cancel", None, OfferSeen)

    def cancel_offers(self, offers: Sequence[str]) -> OffersCancelled:
        """Take back many, at most 500; those that cannot be are told with why."""
        return self.post("/offers/cancel", OffersAsked(offers=tuple(offers)), OffersCancelled)

    def reminders(self) -> Iterator[Reminder]:
        """Whose records run out within a week and were not fetched anew, the soonest first."""
        cursor: str | None = None
        while True:
            page = self.read("/reminders", Reminders, cursor=cursor)
            yield from page.reminders
            cursor = page.next
            if cursor is None:
                return

    def issuances(self, *, offer: str | None = None) -> Iterator[Issued]:
        """Everything that was issued for this record system's offers, or for one of them."""
        cursor: str | None = None
        while True:
            page = self.read("/issuances", IssuedPage, cursor=cursor, offer=offer)
            yield from page.issuances
            cursor = page.next
            if cursor is None:
                return

    def change_status(
        self, issuance: str, change: Change, *, reason: Reason | None = None
    ) -> Issued:
        """Withdraw, suspend, reinstate or replace every copy."""
        asked = StatusAsked(change=change, reason=reason)
        return self.post(f"/issuances/{part(issuance)}/status", asked, Issued)

    def reports(self, *, answered: bool = False) -> tuple[ReportSeen, ...]:
        """What patients say is wrong, the soonest due first."""
        return self.read("/reports", Reports, answered="true" if answered else None).reports

    def report(self, report: str) -> ReportSealed:
        """One report, sealed for the practice's own key."""
        return self.read(f"/reports/{part(report)}", ReportSealed)

    def answer_report(self, report: str, answer: ReportAnswer) -> ReportSeen:
        """Answer one report; it is not tried again, since an answer is given once."""
        path = f"/reports/{part(report)}/answer"
        return parsed(self.call("POST", path, body_of(answer), {}, tries=1), ReportSeen)

    def make_card(self, asked: CardAsked, *, key: str | None = None) -> CardMade:
        """A signed emergency card for somebody without a wallet."""
        return self.make("/cards", asked, CardMade, key=key)

    def add_webhook(self, asked: ReceiverAsked, *, key: str | None = None) -> ReceiverMade:
        """Be told of events; the secret is told once."""
        return self.make("/webhooks", asked, ReceiverMade, key=key)

    def webhooks(self) -> tuple[ReceiverSeen, ...]:
        """Where this record system is told of events."""
        return self.read("/webhooks", Receivers).webhooks

    def renew_webhook_secret(
        self, webhook: str, *, overlap_days: int = 7, key: str | None = None
    ) -> str:
        """A second secret; both sign for ``overlap_days``, and the new one alone for 0."""
        asked = SecretAsked(overlap_days=overlap_days)
        return self.make(f"/webhooks/{part(webhook)}/secret", asked, SecretMade, key=key).secret

    def end_webhook(self, webhook: str) -> None:
        """Be told nothing more there."""
        self.call("POST", f"/webhooks/{part(webhook)}/end", None, {}, tries=1)

    def messages(self, *, dead: bool = False) -> tuple[MessageSeen, ...]:
        """The latest messages, and why one was not taken yet."""
        return self.read("/webhooks/messages", Messages, dead="true" if dead else None).messages

    def audit_head(self) -> AuditHead:
        """The end of the audit trail, signed now."""
        return self.read("/audit/head", AuditHead)

    def audit_lines(self) -> Iterator[bytes]:
        """The whole audit trail as lines, which `passport-issuer audit verify FILE` checks."""
        end = self.audit_head()
        if end.base is not None:
            yield jcs({"base": end.base}) + b"\n"
        after: int | None = 0
        while after is not None and after < end.seq:
            page = self.read("/audit", AuditPage, after=str(after))
            for one in page.entries:
                if one.seq <= end.seq:
                    yield f'{{"entry":{one.entry},"hash":"{one.hash}"}}\n'.encode()
            after = page.next
        yield jcs({"head": end.head}) + b"\n"

    def sources(self) -> tuple[SourceSeen, ...]:
        """Whether the issuer's sources of notes can be read now."""
        return self.read("/sources", Sources).sources
