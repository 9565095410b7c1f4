"""From ticks to what goes out: never more than was ticked, never less than an answer needs.

The DCQL rules are applied to what is left after unticking: the fullest claim set that can still be
met is answered, and where something required is missing nothing goes out at all (section 6.4.2).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from healthpassport.errors import ServiceError
from healthpassport.protocols.dcql import CredentialQuery, Place, match_one

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
    """``record`` with what of it may go out, or None where that is no answer."""
    if () not in shared:
        return None
    held_back = frozenset(record.held.places) - shared
    pruned = record.offered(record.reference, without_places=held_back)
    matches = match_one(wanted, [pruned])
    if not matches:
        return None
    names = matches[0].options[0].claim_ids
    return ChosenRecord(wanted.id, record, _places(wanted, names, record, shared))


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


def _places(
    wanted: CredentialQuery, names: tuple[str, ...], record: HeldRecord, allowed: set[Place]
) -> frozenset[Place]:
    """The ticked disclosures of the claims ``names``; without claim sets, of all claims."""
    places: set[Place] = set()
    for claim in wanted.claims:
        if wanted.claim_sets and claim.id not in names:
            continue
        for place in record.asked(claim):
            places |= needed_for(place, record.held) & allowed
    return frozenset(places)
