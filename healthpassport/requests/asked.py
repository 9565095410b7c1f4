"""What a request asks for, and what of that goes beyond its purpose, as registrations name it.

What is *not* here: whether anybody may ask at all (``verifying``).
"""

from __future__ import annotations

from collections.abc import Mapping

from healthpassport.errors import RecordError
from healthpassport.formats import FORMATS, format_named
from healthpassport.protocols.dcql import CredentialQuery, Path, Query, dotted
from healthpassport.summary import definition_for_vct
from schemas.definitions import SECOND_SIGNATURE


def over_asked(query: Query, allowed: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """What ``query`` asks for beyond ``allowed``, claim paths by record type, in its order.

    An issuer's second signature may always be asked for: it tells nothing of the person.
    """
    beyond: dict[str, None] = {}
    for wanted in query.credentials:
        for name in _type_names(wanted):
            if name not in allowed:
                beyond[name] = None
            for path in (_registered(wanted, claim.path) for claim in wanted.claims):
                if path != SECOND_SIGNATURE and path not in allowed.get(name, frozenset()):
                    beyond[f"{name}.{path}"] = None
    return tuple(beyond)


def asked_for(query: Query) -> dict[str, tuple[str, ...]]:
    """What ``query`` asks for: dotted paths by record type, each once, in order."""
    found: dict[str, set[str]] = {}
    for wanted in query.credentials:
        paths = {_registered(wanted, claim.path) for claim in wanted.claims} - {SECOND_SIGNATURE}
        for name in _type_names(wanted):
            found.setdefault(name, set()).update(paths)
    return {name: tuple(sorted(paths)) for name, paths in found.items()}


def _registered(wanted: CredentialQuery, path: Path) -> str:
    """``path`` as registrations write it: names inside the record, whatever its format."""
    root = format_named(wanted.format).ROOT if wanted.format in FORMATS else ()
    inside = path[len(root) :] if path[: len(root)] == root else path
    return dotted(inside)


def _type_names(wanted: CredentialQuery) -> tuple[str, ...]:
    """The record types that are asked for; a type that we do not know keeps its own name."""
    return tuple(_type_name(name) for name in wanted.types) or (wanted.format,)


def _type_name(vct: str) -> str:
    try:
        return definition_for_vct(vct).type
    except RecordError:
        return vct
