"""From ticks to what goes out: never more than was ticked, never less than an answer needs.

The DCQL rules are applied to what is left after unticking: the fullest claim set that can still be
met is answered, and where something required is missing nothing goes out at all (section 6.4.2).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from healthpassport.errors import ServiceError
from healthpassport.protocols.dcql import CredentialQuery, Place

from .boxes import needed_for
from .choices import preferred_options
from .model import CARRIED, ConsentQuestion, HeldRecord


@dataclass(frozen=True, slots=True)
class ChosenRecord:
    """A record that goes out, and the disclosures that go with it."""

    query_id: str
    record: HeldRecord
    places: frozenset[Place]


def chosen(question: ConsentQuestion, numbers: Collection[int]) -> tuple[ChosenRecord, ...]:
    """What goes out when exactly ``numbers`` are ticked.

    Raises:
        ServiceError: ``wallet.nothing_to_share`` when nothing could be answered in any case,
            ``consent.incomplete`` when what is left is no answer.
    """
    if not question.satisfiable:
        raise ServiceError("wallet.nothing_to_share")
    allowed = _allowed(question, numbers)
    query = question.request.query
    picked = {
        wanted.id: tuple(
            _picked(wanted, record, allowed[wanted.id, record.reference])
            for record in question.records.get(wanted.id, ())
        )
        for wanted in query.credentials
    }
    left = {name: [one for one in found if one is not None] for name, found in picked.items()}
    prefer = preferred_options({choice.id: choice.chosen for choice in question.choices})
    available = frozenset(name for name, found in left.items() if found)
    answer = query.answerable(available, prefer=prefer)
    if not answer:
        raise ServiceError("consent.incomplete")
    return tuple(one for name in answer for one in left[name])


def _picked(wanted: CredentialQuery, record: HeldRecord, shared: set[Place]) -> ChosenRecord | None:
    """``record`` with what of it may go out, or None where that is no answer.

    Claims are looked up in the whole record: with elements held back, an index would shift.
    """
    if () not in shared:
        return None
    held_back = frozenset(record.held.places) - shared
    left = {claim: _left(record.asked(claim), held_back) for claim in wanted.claims}
    met = next(
        (o for o in wanted.options() if all(left[c] or record.always_says(c) for c in o)), None
    )
    if met is None:
        return None
    claims = met if wanted.claim_sets else wanted.claims
    places = [needed_for(place, record.held) & shared for claim in claims for place in left[claim]]
    return ChosenRecord(wanted.id, record, frozenset().union(*places))


def _left(asked: frozenset[Place], held_back: frozenset[Place]) -> frozenset[Place]:
    """Of the places ``asked``, those that nothing around them was held back of."""
    return frozenset(
        place
        for place in asked
        if not any(place[:length] in held_back for length in range(1, len(place) + 1))
    )


def _allowed(
    question: ConsentQuestion, numbers: Collection[int]
) -> dict[tuple[str, str], set[Place]]:
    """The ticked places of each record, by part of the query and reference.

    A box under an unticked one counts as unticked; what a ticked record carries without a box
    counts as ticked.
    """
    by_number = {tick.number: tick for tick in question.ticks}
    allowed: dict[tuple[str, str], set[Place]] = {
        (query_id, record.reference): set()
        for query_id, records in question.records.items()
        for record in records
    }
    for tick in question.ticks:
        line = tick
        ticked = line.number in numbers
        while ticked and line.parent is not None:
            line = by_number[line.parent]
            ticked = line.number in numbers
        if ticked:
            for target in tick.targets:
                allowed[target.query_id, target.reference].add(target.place)
    for shared in allowed.values():
        if () in shared:
            shared.update(CARRIED)
    return allowed
