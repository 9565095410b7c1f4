"""From ticks to what goes out: never more than was ticked, never less than an answer needs.

The DCQL rules are applied to what is left after unticking: the fullest claim set that can still be
met is answered, and where something required is missing nothing goes out at all (section 6.4.2).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from healthpassport.errors import ServiceError
from healthpassport.protocols.dcql import (
    CredentialQuery,
    Place,
    match,
)

from .boxes import needed_for
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
    pruned = [
        record.offered(query_id, without_places=frozenset(record.held.places) - allowed[query_id])
        for query_id, record in question.records.items()
        if () in allowed[query_id]
    ]
    query = question.request.query
    selection = match(query, pruned)
    if not selection.answer:
        raise ServiceError("consent.incomplete")
    found = []
    for wanted in query.credentials:
        own = [m for m in selection.matches[wanted.id] if m.reference == wanted.id]
        if wanted.id in selection.answer:
            if not own:  # only another query's record is left, and that was not ticked for this
                raise ServiceError("consent.incomplete")
            record = question.records[wanted.id]
            names = own[0].options[0].claim_ids
            places = _places(wanted, names, record, allowed[wanted.id])
            found.append(ChosenRecord(wanted.id, record, places))
    return tuple(found)


def _allowed(question: ConsentQuestion, numbers: Collection[int]) -> dict[str, set[Place]]:
    """The ticked places of each query; a box under an unticked one counts as unticked.

    What a ticked record carries without a box counts as ticked.
    """
    by_number = {tick.number: tick for tick in question.ticks}
    allowed: dict[str, set[Place]] = {query_id: set() for query_id in question.records}
    for tick in question.ticks:
        line = tick
        ticked = line.number in numbers
        while ticked and line.parent is not None:
            line = by_number[line.parent]
            ticked = line.number in numbers
        if ticked:
            for target in tick.targets:
                allowed[target.query_id].add(target.place)
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
