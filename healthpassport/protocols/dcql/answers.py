"""Whether verified presentations answer the query (OpenID4VP 1.0 sections 6.4 and 8.6).

A verifier never relies on the wallet having applied the query: type, claims and values are checked
again, and what was not asked for is taken out before anything else sees it. What is *not* here: any
check of a signature; payloads arrive verified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from healthpassport.encoding import Json
from healthpassport.errors import ProtocolError
from healthpassport.protocols.dcql.matching import HeldClaims, is_wanted, places_of
from healthpassport.protocols.dcql.paths import Place, covers, select, without
from healthpassport.protocols.dcql.query import ClaimsQuery, CredentialQuery, Query


@dataclass(frozen=True, slots=True)
class Answer:
    """One verified presentation: its type, its disclosed claims and where each disclosure stood.

    ``disclosed`` names the places of ``payload`` that came in a disclosure, so that what cannot be
    held back is never mistaken for something sent unasked.
    """

    format: str
    vct: str
    payload: Mapping[str, Json]
    disclosed: frozenset[Place] = frozenset()
    authority_key_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer that meets the query, without what was not asked for.

    ``claim_ids`` names the fullest claim set that was met, ``dropped`` the disclosures taken out.
    """

    payload: Mapping[str, Json]
    claim_ids: tuple[str, ...]
    dropped: frozenset[Place]


def check_answer(
    query: Query, answers: Mapping[str, Sequence[Answer]]
) -> dict[str, tuple[CheckedAnswer, ...]]:
    """``answers``, by credential query, as far as they were asked for.

    Raises:
        ProtocolError: ``dcql.unknown_id``, ``dcql.set_unsatisfied``, ``dcql.multiple``,
            ``dcql.type_mismatch``, ``dcql.claim_missing`` or ``dcql.value_mismatch``.
    """
    check_ids(query, {query_id: len(found) for query_id, found in answers.items()})
    checked: dict[str, tuple[CheckedAnswer, ...]] = {}
    for wanted in query.credentials:
        if wanted.id in answers:
            checked[wanted.id] = tuple(check_one(wanted, a) for a in answers[wanted.id])
    return checked


def check_ids(query: Query, counts: Mapping[str, int]) -> None:
    """Whether the credential queries answered are those that had to be (sections 6.4.2 and 8.1).

    Args:
        query: what was asked.
        counts: for each identifier in the answer, how many presentations it holds.

    Raises:
        ProtocolError: as ``check_answer``.
    """
    for query_id, count in counts.items():
        wanted = query.credential(query_id)
        if wanted is None:
            raise ProtocolError("dcql.unknown_id", "the answer holds an id that was not asked for")
        if count == 0 or (count > 1 and not wanted.multiple):
            raise ProtocolError("dcql.multiple", f"{query_id} holds {count} presentations")
    if query.answerable(frozenset(counts)) is None:
        if query.credential_sets:
            raise ProtocolError("dcql.set_unsatisfied")
        raise ProtocolError("dcql.unknown_id", "the answer lacks an id that was asked for")


def check_one(wanted: CredentialQuery, answer: Answer) -> CheckedAnswer:
    """``answer`` to ``wanted`` without what was not asked for; raises as ``check_answer``."""
    offered = HeldClaims("", answer.format, answer.vct, answer.payload, answer.authority_key_ids)
    if not is_wanted(wanted, offered):
        raise ProtocolError("dcql.type_mismatch")
    # Each claim is looked for once, however many claim sets name it.
    lacking = {c.id for c in wanted.claims if places_of((c,), answer.payload) is None}
    met = next((o for o in wanted.options() if lacking.isdisjoint(c.id for c in o)), None)
    if met is None:
        raise _unmet(wanted, answer.payload)
    dropped = frozenset(
        place for place in answer.disclosed if not any(covers(c.path, place) for c in wanted.claims)
    )
    names = tuple(claim.id for claim in met if claim.id is not None)
    payload = without(answer.payload, dropped) if dropped else answer.payload
    return CheckedAnswer(payload, names, dropped)


def _unmet(wanted: CredentialQuery, payload: Mapping[str, Json]) -> ProtocolError:
    """A wrong value is told apart from a missing claim: some claim set lacks nothing but that."""
    present: Sequence[Sequence[ClaimsQuery]] = [
        claims
        for claims in wanted.options()
        if all(select(payload, claim.path) for claim in claims)
    ]
    return ProtocolError("dcql.value_mismatch" if present else "dcql.claim_missing")
