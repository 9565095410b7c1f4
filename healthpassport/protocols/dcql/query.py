"""Reading a DCQL query (OpenID4VP 1.0 sections 6.1 to 6.3).

Shapes, identifiers, references and sizes are checked here, so that nothing after has to. Properties
that section 6 does not define are ignored, as it demands. What is *not* here: matching.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import ProtocolError
from healthpassport.protocols.dcql.paths import Path, parse_path

SD_JWT_VC: Final = "dc+sd-jwt"
LDP_VC: Final = "ldp_vc"
# VC Data Model 2.0 section 4.5: every W3C credential has this type besides its own.
BASE_TYPE: Final = "https://www.w3.org/2018/credentials#VerifiableCredential"

MAX_CREDENTIALS: Final = 32  # credential queries in one query
MAX_CLAIMS: Final = 256  # claims queries in one credential query
MAX_SETS: Final = 128  # claim sets of a credential query; credential sets, and options in one
MAX_VALUES: Final = 64  # values, vct values, authorities and members of a set
MAX_TEXT: Final = 1024  # characters of one identifier or value

_NOTHING: Final[Mapping[int, int]] = MappingProxyType({})
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")  # section 6.1, id


@dataclass(frozen=True, slots=True)
class ClaimsQuery:
    """One claim asked for (section 6.3); ``values`` empty means any value."""

    path: Path
    id: str | None = None
    values: tuple[str | int | bool, ...] = ()

    def accepts(self, value: Json) -> bool:
        """Whether ``value`` equals, in type and value, one of ``values``."""
        if not self.values:
            return True
        return any(type(value) is type(wanted) and value == wanted for wanted in self.values)


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    """One way to name acceptable issuers (section 6.1.1)."""

    type: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CredentialQuery:
    """One credential asked for (section 6.1).

    ``vct_values`` are the types of an SD-JWT VC, any of which serves (appendix B.3.5);
    ``type_values`` the sets of expanded types of a W3C credential, all types of any one set of
    which it must have (appendix B.1.1).
    """

    id: str
    format: str
    vct_values: tuple[str, ...] = ()
    type_values: tuple[frozenset[str], ...] = ()
    claims: tuple[ClaimsQuery, ...] = ()
    claim_sets: tuple[tuple[str, ...], ...] = ()
    multiple: bool = False
    holder_binding: bool = True
    trusted_authorities: tuple[TrustedAuthority, ...] = ()
    # Worked out once: a desk checks every answer against the same few queries.
    _types: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _options: tuple[tuple[ClaimsQuery, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = (name for names in self.type_values for name in sorted(names - {BASE_TYPE}))
        object.__setattr__(self, "_types", tuple(dict.fromkeys((*self.vct_values, *named))))
        by_id = {claim.id: claim for claim in self.claims}
        sets = tuple(tuple(by_id[name] for name in names) for names in self.claim_sets)
        object.__setattr__(self, "_options", sets or (self.claims,))

    @property
    def types(self) -> tuple[str, ...]:
        """The types that are asked for, whatever the format, each once."""
        return self._types

    def options(self) -> tuple[tuple[ClaimsQuery, ...], ...]:
        """The combinations of claims that answer this query, the preferred first (6.4.1)."""
        return self._options


@dataclass(frozen=True, slots=True)
class CredentialSetQuery:
    """Alternative sets of credential queries that serve one use (section 6.2)."""

    options: tuple[tuple[str, ...], ...]
    required: bool = True

    def option(self, position: int | None) -> tuple[str, ...] | None:
        """The option at ``position``, or None where there is none."""
        if position is None or not 0 <= position < len(self.options):
            return None
        return self.options[position]


@dataclass(frozen=True, slots=True)
class Query:
    """A whole DCQL query (section 6)."""

    credentials: tuple[CredentialQuery, ...]
    credential_sets: tuple[CredentialSetQuery, ...] = ()

    @classmethod
    def parse(cls, value: Json) -> Query:
        """The query that ``value``, decoded JSON, holds.

        Raises:
            ProtocolError: ``dcql.invalid``, ``dcql.limit``, ``dcql.path``, ``dcql.duplicate_id``
                or ``dcql.reference``.
        """
        members = _object(value, "a query")
        rows = _array(members.get("credentials"), "credentials", MAX_CREDENTIALS)
        credentials = tuple(_credential(row) for row in rows)
        ids = _unique([credential.id for credential in credentials], "credentials")
        sets: tuple[CredentialSetQuery, ...] = ()
        if "credential_sets" in members:
            found = _array(members["credential_sets"], "credential_sets", MAX_SETS)
            sets = tuple(_credential_set(row, ids) for row in found)
        return cls(credentials, sets)

    def credential(self, query_id: str) -> CredentialQuery | None:
        """The credential query ``query_id``, or None."""
        return next((c for c in self.credentials if c.id == query_id), None)

    def answerable(
        self, available: frozenset[str], *, prefer: Mapping[int, int] = _NOTHING
    ) -> tuple[str, ...] | None:
        """Which credential queries to answer, given those that can be; None for "no answer at all".

        Section 6.4.2: without credential_sets every query counts; else each set is served by its
        first option that is wholly available, and a required set that has none forbids any answer.
        ``prefer`` names for a set, by its position, the option that goes before the others.
        """
        if not self.credential_sets:
            ids = tuple(credential.id for credential in self.credentials)
            return ids if available.issuperset(ids) else None
        chosen: set[str] = set()
        for position, wanted in enumerate(self.credential_sets):
            first = wanted.option(prefer.get(position))
            options = wanted.options if first is None else (first, *wanted.options)
            option = next((o for o in options if available.issuperset(o)), None)
            if option is None and wanted.required:
                return None
            chosen.update(option or ())
        return tuple(c.id for c in self.credentials if c.id in chosen)


def _credential(value: Json) -> CredentialQuery:
    members = _object(value, "an entry of credentials")
    format_ = _text(members.get("format"), "format")
    meta = _object(members.get("meta"), "meta")
    claims = _claims(members)
    return CredentialQuery(
        id=_identifier(members.get("id")),
        format=format_,
        vct_values=_vct_values(format_, meta),
        type_values=_type_values(format_, meta),
        claims=claims,
        claim_sets=_claim_sets(members, claims),
        multiple=_flag(members, "multiple", default=False),
        holder_binding=_flag(members, "require_cryptographic_holder_binding", default=True),
        trusted_authorities=_authorities(members),
    )


def _vct_values(format_: str, meta: Mapping[str, Json]) -> tuple[str, ...]:
    """Appendix B.3.5: vct_values is required, so that nobody can ask for just any record."""
    if format_ != SD_JWT_VC:
        return ()
    values = _array(meta.get("vct_values"), "vct_values", MAX_VALUES)
    return tuple(_text(value, "vct_values") for value in values)


def _type_values(format_: str, meta: Mapping[str, Json]) -> tuple[frozenset[str], ...]:
    """Appendix B.1.1: type_values is required for W3C credentials, for the same reason."""
    if format_ != LDP_VC:
        return ()
    rows = _array(meta.get("type_values"), "type_values", MAX_VALUES)
    return tuple(
        frozenset(_text(name, "type_values") for name in _array(row, "type_values", MAX_VALUES))
        for row in rows
    )


def _claims(members: Mapping[str, Json]) -> tuple[ClaimsQuery, ...]:
    if "claims" not in members:
        return ()
    claims = tuple(_claim(row) for row in _array(members["claims"], "claims", MAX_CLAIMS))
    _unique([claim.id for claim in claims if claim.id is not None], "claims")
    return claims


def _claim(value: Json) -> ClaimsQuery:
    members = _object(value, "an entry of claims")
    values: tuple[str | int | bool, ...] = ()
    if "values" in members:
        found = _array(members["values"], "values", MAX_VALUES)
        values = tuple(_wanted(entry) for entry in found)
    name = _identifier(members["id"]) if "id" in members else None
    return ClaimsQuery(parse_path(members.get("path")), name, values)


def _wanted(value: Json) -> str | int | bool:
    if isinstance(value, str) and len(value) <= MAX_TEXT:
        return value
    if isinstance(value, int):
        return value
    raise ProtocolError("dcql.invalid", "values holds strings, integers and booleans")


def _claim_sets(
    members: Mapping[str, Json], claims: Sequence[ClaimsQuery]
) -> tuple[tuple[str, ...], ...]:
    if "claim_sets" not in members:
        return ()
    if not claims:  # section 6.4.1: claim_sets MUST NOT be present if claims is absent
        raise ProtocolError("dcql.invalid", "claim_sets stands without claims")
    known = frozenset(claim.id for claim in claims if claim.id is not None)
    if len(known) != len(claims):  # section 6.3: id is required beside claim_sets
        raise ProtocolError("dcql.invalid", "a claim has no id although claim_sets is used")
    rows = _array(members["claim_sets"], "claim_sets", MAX_SETS)
    return tuple(_references(row, known, "claim_sets", MAX_CLAIMS) for row in rows)


def _credential_set(value: Json, known: frozenset[str]) -> CredentialSetQuery:
    members = _object(value, "an entry of credential_sets")
    rows = _array(members.get("options"), "options", MAX_SETS)
    options = tuple(_references(row, known, "options", MAX_CREDENTIALS) for row in rows)
    return CredentialSetQuery(options, _flag(members, "required", default=True))


def _references(value: Json, known: frozenset[str], name: str, most: int) -> tuple[str, ...]:
    references = tuple(_identifier(entry) for entry in _array(value, name, most))
    if not known.issuperset(references):
        raise ProtocolError("dcql.reference", f"{name} names an id that is not defined")
    return references


def _authorities(members: Mapping[str, Json]) -> tuple[TrustedAuthority, ...]:
    if "trusted_authorities" not in members:
        return ()
    rows = _array(members["trusted_authorities"], "trusted_authorities", MAX_VALUES)
    found = []
    for row in rows:
        entry = _object(row, "an entry of trusted_authorities")
        values = _array(entry.get("values"), "values", MAX_VALUES)
        texts = tuple(_text(value, "values") for value in values)
        found.append(TrustedAuthority(_text(entry.get("type"), "type"), texts))
    return tuple(found)


def _object(value: Json, name: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise ProtocolError("dcql.invalid", f"{name} is an object")
    return value


def _array(value: Json, name: str, most: int) -> Sequence[Json]:
    if not isinstance(value, list) or not value:
        raise ProtocolError("dcql.invalid", f"{name} is a non-empty array")
    if len(value) > most:
        raise ProtocolError("dcql.limit", f"{name} has more than {most} entries")
    return value


def _text(value: Json, name: str) -> str:
    if not isinstance(value, str) or not value or len(value) > MAX_TEXT:
        raise ProtocolError("dcql.invalid", f"{name} is text of 1 to {MAX_TEXT} characters")
    return value


def _identifier(value: Json) -> str:
    if not isinstance(value, str) or not _IDENTIFIER.match(value):
        raise ProtocolError("dcql.invalid", "an id is letters, digits, underscores and hyphens")
    return value


def _flag(members: Mapping[str, Json], name: str, *, default: bool) -> bool:
    value = members.get(name, default)
    if not isinstance(value, bool):
        raise ProtocolError("dcql.invalid", f"{name} is true or false")
    return value


def _unique(ids: list[str], name: str) -> frozenset[str]:
    found = frozenset(ids)
    if len(found) != len(ids):
        raise ProtocolError("dcql.duplicate_id", f"{name} holds the same id twice")
    return found
