"""Which roles of an app somebody has, by what their provider says of them.

Rules: what no setting maps gives no role; a role that names an organisation counts for that
organisation alone. What is *not* here: which roles there are, and what each
may do: every app's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from healthpassport.encoding import Json

ORGANISATION: Final = "org_code"  # the member of a role object that names an organisation
MAX_VALUES: Final = 1_000


def has_roles(claims: Mapping[str, Json], path: str) -> bool:
    """Whether the claim of ``path`` is there at all."""
    return path.partition(".")[0] in claims


def named_roles(
    claims: Mapping[str, Json],
    *,
    path: str,
    known: Mapping[str, str],
    organisations: Collection[str],
) -> frozenset[str]:
    """The app's roles by their names.

    Args:
        claims: what the provider said.
        path: where roles stand: a name, or names with dots that lead through objects and lists.
        known: the provider's roles, or a part of one between colons, and the app's.
        organisations: ODS codes whose roles count, of roles that name one.
    """
    found: set[str] = set()
    for place, value in enumerate(_values(claims, path.split("."), frozenset(organisations))):
        if place >= MAX_VALUES:
            break
        parts = (value, *value.split(":"))
        found.update(known[part] for part in parts if part in known)
    return frozenset(found)


def _values(value: Json, path: list[str], organisations: frozenset[str]) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _values(one, path, organisations)
    elif isinstance(value, Mapping):
        named = value.get(ORGANISATION)
        elsewhere = named is not None and named not in organisations
        if path and not elsewhere:
            yield from _values(value.get(path[0]), path[1:], organisations)
    elif isinstance(value, str) and not path:
        yield value
