"""An emergency card made at the console, with the person there: choose, make, print, read aloud.

Rules: only of a record whose person was identified; the ticks are the person's, and a card with
fewer allergies than the list has is made after a second look alone; a lost card is withdrawn first.
What is *not* here: what a card is (``healthpassport.cards``) and keeping none of it
(``issuer.service.paper_cards``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from healthpassport import cards
from healthpassport.card_sheets import CardPreview, CardQuestion, preview, question
from healthpassport.errors import CardError, ServiceError
from issuer.service.context import digest
from issuer.service.paper_cards import (
    PaperCard,
    cards_in_use,
    make_paper_card,
    source_of,
    withdraw_lost,
)
from issuer.store import Issuance

from .opening import Console
from .preparing import Preparation
from .staff import Action, StaffMember, require
from .trail import actor

CLIENT = "staff console"  # to whom its cards belong; no API key can bear this name


@dataclass(frozen=True, slots=True)
class CardWork:
    """What is being chosen for one person: what could stand there, and their older cards."""

    held: Preparation
    question: CardQuestion
    in_use: tuple[Issuance, ...]

    def known(self, ticks: Collection[str]) -> frozenset[str]:
        """Those of ``ticks`` that stand for something now."""
        return frozenset(ticks) & {one.key for one in self.question.choices}


def begin(console: Console, who: StaffMember, name: str) -> CardWork:
    """What can stand on a card of the preparation ``name``.

    Raises:
        ServiceError: ``staff.role``, ``console.gone``, ``console.identity``.
        CardError: ``card.no_allergies``, ``card.deceased``.
    """
    require(who, Action.CARD)
    held = console.preparations.find(name)
    if held.checked is None:
        raise ServiceError("console.identity")
    summary = held.reading.summary
    cards.build(summary.records, cards.CardChoices())  # refused now, and not after all the ticks
    asked = question(source_of(console.issuer, summary))
    return CardWork(held, asked, cards_in_use(console.issuer, summary))


def looked_at(console: Console, work: CardWork, ticks: Collection[str]) -> CardPreview:
    """How a card of exactly ``ticks`` would be."""
    return preview(source_of(console.issuer, work.held.reading.summary), work.known(ticks))


def sure_of(work: CardWork, ticks: Collection[str]) -> str:
    """What stands for a second look at just these ticks."""
    return digest(f"{work.held.id} {' '.join(sorted(ticks))}")


def make(
    console: Console,
    who: StaffMember,
    work: CardWork,
    ticks: Collection[str],
    *,
    instead_of: Collection[str] = (),
) -> PaperCard:
    """Make the card; it is held for half an hour, to be printed and read aloud.

    Raises:
        ServiceError: ``staff.role``, ``console.change`` for an older card that is not this
            person's. CardError: as ``make_paper_card``.
    """
    require(who, Action.CARD)
    if not set(instead_of) <= {one.id for one in work.in_use}:
        raise ServiceError("console.change")
    made = make_paper_card(
        console.issuer,
        client=CLIENT,
        summary=work.held.reading.summary,
        ticks=work.known(ticks),
        who=actor(console.issuer, who),
        instead_of=instead_of,
    )
    console.cards.add(made)
    return made


def show(console: Console, who: StaffMember, card: str, *, form: str) -> PaperCard:
    """The card, to be looked at, printed or read aloud; ``form`` stands in the audit trail.

    Raises:
        ServiceError: ``staff.role``. CardError: ``card.forgotten``.
    """
    require(who, Action.CARD)
    found = console.cards.find(card)
    event = "card.printed" if form in {"small", "large"} else "card.shown"
    console.issuer.audit.write(
        event, who=actor(console.issuer, who), subject=found.issuance, form=form
    )
    return found


def forget(console: Console, who: StaffMember, card: str) -> None:
    """Let go of the card here; what was printed stands."""
    require(who, Action.CARD)
    console.cards.drop(card)


def stop(console: Console, who: StaffMember, card: str) -> Issuance:
    """Withdraw a lost card by the number on its large print.

    Raises:
        ServiceError: ``staff.role``. CardError: ``card.unknown``.
    """
    require(who, Action.CARD)
    try:
        return withdraw_lost(console.issuer, card.strip(), who=actor(console.issuer, who))
    except ServiceError as error:
        if error.code != "issuer.issuance_unknown":
            raise
        raise CardError("card.unknown") from error
