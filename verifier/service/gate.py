"""The desk as one person or program may use it: every step asks for its role first.

Rules: pages and API reach a desk through this alone; a view is cut here, before anything else sees
it; the first look of each reader at a result is an opening and stands in the audit trail; what has
no method here cannot be done. What is *not* here: who somebody is (``sign_in``), and the steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from verifier.store import StaffRows

from .card_readings import CardReadings
from .cutting import cut
from .desk import Desk
from .matching import Expected
from .staff import Action, Relationship, StaffMember
from .templates import DeskTemplate
from .transactions import TransactionView

NOT_STATED: Final = ""
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

    def templates(self) -> tuple[DeskTemplate, ...]:
        """What can be asked."""
        require(self.who, Action.ASK)
        return tuple(self.behind.templates.askable(self.behind.identity.registrations))

    def ask(
        self, template_name: str, *, desk: str, expected: Expected | None = None
    ) -> TransactionView:
        """Open a transaction."""
        require(self.who, Action.ASK)
        return self.behind.ask(template_name, desk=desk, expected=expected)

    def look(self, transaction_id: str, *, desk: str) -> TransactionView:
        """The transaction, cut to what may be seen; a first look at its content is an opening."""
        require(self.who, Action.ASK)
        return self._cut(self.behind.look(transaction_id, desk=desk))

    def recent(self, *, desk: str) -> tuple[TransactionView, ...]:
        """The desk's transactions of the last day, without results."""
        require(self.who, Action.ASK)
        return self.behind.recent(desk=desk)

    def confirm(self, transaction_id: str, code: str, *, desk: str) -> TransactionView:
        """Show a result that waits for its code."""
        require(self.who, Action.ASK)
        return self._cut(self.behind.confirm(transaction_id, code, desk=desk))

    def close(self, transaction_id: str, *, desk: str) -> None:
        """Forget everything of a transaction."""
        require(self.who, Action.ASK)
        self.behind.close(transaction_id, desk=desk)

    def fhir(
        self, transaction_id: str, *, desk: str, presentation: bool = False
    ) -> dict[str, Json]:
        """The result as a FHIR document, once its sections are open."""
        self.require_open(transaction_id, desk=desk)
        return self.behind.fhir(transaction_id, desk=desk, presentation=presentation)

    def state_care(self, transaction_id: str, relationship: str, *, desk: str) -> None:
        """State how one cares for the patient, which opens the clinical sections once.

        Raises:
            ServiceError: ``staff.role``, ``staff.relationship`` for what is not in the list,
                ``not_found`` where there is no result.
        """
        require(self.who, Action.CLINICAL)
        view = self.behind.look(transaction_id, desk=desk)
        if view.summary is None:
            raise ServiceError("not_found", "there is no result to open")
        if relationship not in {one.value for one in Relationship}:
            raise ServiceError("staff.relationship")
        self._open(view.id, relationship)

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

    def following(self) -> Following:
        """The states of transactions without their content, which is no opening."""
        return Following(self)

    def _cut(self, view: TransactionView) -> TransactionView:
        if view.summary is None:
            return view
        clinical = self.who.may(Action.CLINICAL)
        if clinical and not self.who.states_relationship:
            self._open(view.id, NOT_STATED)
            return view
        stated = clinical and self._openings.opened(view.id, self.reader) is not None
        return cut(view, self.who, stated=stated)

    @property
    def _openings(self) -> StaffRows:
        return self.behind.openings

    @property
    def reader(self) -> str:
        """Under which name openings stand: a member of staff, a program, or the machine."""
        return f"{self.who.way}:{self.who.subject}"

    def _open(self, transaction_id: str, relationship: str) -> None:
        now = self.behind.clock()
        self._openings.open(
            transaction_id,
            self.reader,
            relationship=relationship,
            now=now,
            stale=now - KEEP_OPENINGS,
        )


@dataclass(frozen=True, slots=True)
class Following:
    """Looks that see how far a transaction is, and nothing of what was shared."""

    gated: GatedDesk

    def look(self, transaction_id: str, *, desk: str) -> TransactionView:
        """The transaction without its result."""
        require(self.gated.who, Action.ASK)
        view = self.gated.behind.look(transaction_id, desk=desk)
        return replace(view, summary=None, differences=None, acting=False)
