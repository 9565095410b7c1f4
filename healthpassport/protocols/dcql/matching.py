"""Which held records answer a query, and with which claims (OpenID4VP 1.0 section 6.4).

A wallet calls ``match`` twice: with everything it holds, to show what is asked for, and with what
the person left ticked, to learn what may go out. What is *not* here: asking the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from healthpassport.encoding import Json
from healthpassport.protocols.dcql.paths import Place, select
from healthpassport.protocols.dcql.query import (
    BASE_TYPE,
    ClaimsQuery,
    CredentialQuery,
    Query,
)


@dataclass(frozen=True, slots=True)
class HeldClaims:
    """One held record: all claims that may go out, disclosable or not, in plain form.

    ``reference`` is the wallet's own name for the record, ``vct`` its type (of a W3C credential the
    expanded one beside the base type), ``authority_key_ids`` the base64url AuthorityKeyIdentifiers
    of its certificates (section 6.1.1.1).
    """

    reference: str
    format: str
    vct: str
    payload: Mapping[str, Json]
    authority_key_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClaimsOption:
    """One claim set that a record satisfies; ``places`` are the values that would go out."""

    claim_ids: tuple[str, ...]
    places: frozenset[Place]


@dataclass(frozen=True, slots=True)
class CredentialMatch:
    """A record that answers a credential query, with its options, the preferred first."""

    reference: str
    options: tuple[ClaimsOption, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a wallet can answer.

    ``matches`` holds, for every credential query, the records that answer it (perhaps none).
    ``answer`` names the credential queries to answer, or is None where no answer may be sent at
    all because something required is missing (section 6.4.2).
    """

    matches: Mapping[str, tuple[CredentialMatch, ...]]
    answer: tuple[str, ...] | None

    @property
    def satisfiable(self) -> bool:
        """Whether there is an answer to send: all that is required, and at least one record.

        An empty vp_token is no answer (section 8.1), also where everything asked for is optional.
        """
        return bool(self.answer)


def match(query: Query, held: Sequence[HeldClaims]) -> Selection:
    """Which of ``held`` answer ``query``, and with which claims."""
    matches = {
        wanted.id: tuple(
            CredentialMatch(record.reference, options)
            for record in held
            if is_wanted(wanted, record) and (options := _options(wanted, record.payload))
        )
        for wanted in query.credentials
    }
    available = frozenset(query_id for query_id, found in matches.items() if found)
    return Selection(matches, query.answerable(available))


def is_wanted(wanted: CredentialQuery, record: HeldClaims) -> bool:
    """Whether format, type and authority of ``record`` are those asked for (section 6.1)."""
    if record.format != wanted.format or not _is_of_type(wanted, record.vct):
        return False
    if not wanted.trusted_authorities:
        return True
    # etsi_tl and openid_federation need lists that no wallet of ours reads: they match nothing.
    return any(
        authority.type == "aki" and not record.authority_key_ids.isdisjoint(authority.values)
        for authority in wanted.trusted_authorities
    )


def _is_of_type(wanted: CredentialQuery, vct: str) -> bool:
    """Any of ``vct_values``, or all types of any set of ``type_values`` (appendix B)."""
    return vct in wanted.vct_values or any(
        names <= {vct, BASE_TYPE} for names in wanted.type_values
    )


def _options(wanted: CredentialQuery, payload: Mapping[str, Json]) -> tuple[ClaimsOption, ...]:
    options = []
    for claims in wanted.options():
        places = places_of(claims, payload)
        if places is not None:
            names = tuple(claim.id for claim in claims if claim.id is not None)
            options.append(ClaimsOption(names, places))
    return tuple(options)


def places_of(
    claims: Sequence[ClaimsQuery], payload: Mapping[str, Json]
) -> frozenset[Place] | None:
    """Where ``claims`` stand in ``payload``; None if one is missing or has another value.

    A value that is not among ``values`` counts as absent (section 6.4.1); so does one element
    among several that a null component selects.
    """
    places: set[Place] = set()
    for claim in claims:
        fitting = {place for place, value in select(payload, claim.path) if claim.accepts(value)}
        if not fitting:
            return None
        places |= fitting
    return frozenset(places)
