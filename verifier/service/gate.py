"""The desk as one person or program may use it: every step asks for its role first.

Rules: pages and API reach a desk through this alone; a view is cut here, before anything else sees
it; the first look of each reader at a result is an opening and stands in the audit trail; what has
no method here cannot be done. What is *not* here: who somebody is (``sign_in``), and the steps.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from healthpassport.audit import Fact
from healthpassport.encoding import Json
from healthpassport.errors import PassportError, ServiceError
from verifier.store import Wake

from .audit import Actor, AuditTrail
from .card_readings import PAGE, CardReadings, HeldReading
from .cutting import cut
from .desk import Desk
from .hospital import Hospital
from .matching import Expected
from .staff import Action, Relationship, StaffMember
from .templates import DeskTemplate
from .transactions import TransactionView
from .webhooks import Webhooks

IDENTITY_ALONE: Final = "identity"
KEEP_OPENINGS: Final = timedelta(days=1)  # as long as a transaction


def require(who: StaffMember, action: Action) -> None:
    """Refuse with ``staff.role`` where no role of ``who`` allows ``action``."""
    if not who.may(action):
        raise ServiceError("staff.role")


@dataclass(frozen=True, slots=True)
class GatedDesk:
    """``behind``, as far as ``who`` may use it."""

    behind: Desk
    who: StaffMember

    def at(self, desk: str) -> Actor:
        """As the audit trail names who this is at ``desk``."""
        subject = self.who.subject if self.who.states_relationship else ""
        return Actor(self.behind.identity.ods, desk, subject, self.who.role.value)

    def templates(self) -> tuple[DeskTemplate, ...]:
        """What can be asked."""
        require(self.who, Action.ASK)
        return tuple(self.behind.templates.askable(self.behind.identity.registrations))

    @property
    def audit(self) -> AuditTrail:
        """The audit trail, to be read and exported."""
        require(self.who, Action.AUDIT)
        return self.behind.audit

    @property
    def webhooks(self) -> Webhooks:
        """Who is told how far a request is."""
        require(self.who, Action.ASK)
        return self.behind.webhooks

    @property
    def hospital(self) -> Hospital | None:
        """The hospital's record system, which says whom to expect; None where there is none."""
        require(self.who, Action.ASK)
        return self.behind.hospital

    def ask(
        self, template_name: str, *, desk: str, expected: Expected | None = None
    ) -> TransactionView:
        """Open a transaction."""
        require(self.who, Action.ASK)
        return self.behind.ask(template_name, desk=desk, expected=expected, who=self.at(desk))

    def look(self, transaction_id: str, *, desk: str) -> TransactionView:
        """The transaction, cut to what may be seen; a first look at its content is an opening."""
        require(self.who, Action.ASK)
        stated, facts = self._openness(transaction_id)
        view = self.behind.look(transaction_id, desk=desk, who=self.at(desk), facts=facts)
        return cut(view, self.who, stated=stated)

    def standing(self, transaction_id: str, *, desk: str) -> TransactionView:
        """How the transaction stands, without its result: what nobody opens by it."""
        require(self.who, Action.ASK)
        return self.behind.standing(transaction_id, desk=desk)

    def watching(self, transaction_id: str, wake: Wake) -> AbstractContextManager[None]:
        """Call ``wake``, from any thread, whenever the transaction may have changed."""
        require(self.who, Action.ASK)
        return self.behind.watching(transaction_id, wake)

    @property
    def look_seconds(self) -> float:
        """How long whoever watches waits at most before looking unwoken."""
        return self.behind.look_seconds

    def recent(self, *, desk: str) -> tuple[TransactionView, ...]:
        """The desk's transactions of the last day, without results."""
        require(self.who, Action.ASK)
        return self.behind.recent(desk=desk)

    def confirm(self, transaction_id: str, code: str, *, desk: str) -> TransactionView:
        """Show a result that waits for its code."""
        require(self.who, Action.ASK)
        stated, facts = self._openness(transaction_id)
        view = self.behind.confirm(transaction_id, code, desk=desk, who=self.at(desk), facts=facts)
        return cut(view, self.who, stated=stated)

    def close(self, transaction_id: str, *, desk: str) -> None:
        """Forget everything of a transaction."""
        require(self.who, Action.ASK)
        self.behind.close(transaction_id, desk=desk, who=self.at(desk))

    def fhir(
        self, transaction_id: str, *, desk: str, presentation: bool = False
    ) -> dict[str, Json]:
        """The result as a FHIR document, once its sections are open."""
        self.require_open(transaction_id, desk=desk)
        return self.behind.fhir(
            transaction_id, desk=desk, presentation=presentation, who=self.at(desk)
        )

    def state_care(self, transaction_id: str, relationship: str, *, desk: str) -> None:
        """State how one cares for the patient, which opens the clinical sections once.

        Raises:
            ServiceError: ``staff.role``, ``staff.relationship`` for what is not in the list,
                ``not_found`` where there is no result.
        """
        require(self.who, Action.CLINICAL)
        if self.look(transaction_id, desk=desk).summary is None:
            raise ServiceError("not_found", "there is no result to open")
        if relationship not in {one.value for one in Relationship}:
            raise ServiceError("staff.relationship")
        trail, now = self.behind.audit, self.behind.clock()
        with trail.together():
            new = self.behind.openings.open(
                transaction_id,
                self.reader,
                relationship=relationship,
                now=now,
                stale=now - KEEP_OPENINGS,
            )
            if new:
                trail.write(
                    "care.stated",
                    who=self.at(desk),
                    subject=transaction_id,
                    relationship=relationship,
                )

    def require_open(self, transaction_id: str, *, desk: str) -> TransactionView:
        """The whole result, where ``who`` may see all of it: before it is saved, sent or written.

        Raises:
            ServiceError: ``staff.role``, ``staff.relationship``, ``not_found``.
        """
        require(self.who, Action.CLINICAL)
        view = self.look(transaction_id, desk=desk)
        if view.cut is not None:
            raise ServiceError("staff.relationship")
        return view

    def cards(self, readings: CardReadings) -> CardReadings:
        """Where emergency cards are read."""
        require(self.who, Action.CARD)
        return readings

    def card(self, readings: CardReadings, reading_id: str) -> HeldReading:
        """A card that was read here; somebody else's look at it is an opening of its own.

        Care does not wait for the trail, as when the card was read.

        Raises:
            ServiceError: ``staff.role``, ``verifier.card_forgotten``.
        """
        require(self.who, Action.CARD)
        held = readings.look(reading_id)
        if self.who.states_relationship and held.reading.reader.who != self.who.signature:
            about, actor = held.reading.digest, self.at(PAGE)
            try:
                self.behind.audit.opened(about, who=actor)
            except PassportError:
                self.behind.audit.note("result.opened", who=actor, subject=about)
        return held

    def close_card(self, readings: CardReadings, reading_id: str) -> None:
        """Forget a card."""
        require(self.who, Action.CARD)
        signed_in = self.who.states_relationship
        readings.close(reading_id, who=self.at(PAGE) if signed_in else None)

    @property
    def reader(self) -> str:
        """Under which name a word on the care stands: somebody who signed in."""
        return f"{self.who.way}:{self.who.subject}"

    def _openness(self, transaction_id: str) -> tuple[bool, dict[str, Fact]]:
        """Whether all of it is open, and what the audit trail is told of that."""
        if not self.who.may(Action.CLINICAL):
            return False, {"part": IDENTITY_ALONE}
        if not self.who.states_relationship:
            return True, {}
        said = self.behind.openings.opened(transaction_id, self.reader)
        return (True, {"relationship": said}) if said else (False, {"part": IDENTITY_ALONE})
