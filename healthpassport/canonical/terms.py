"""A term of a JSON-LD context, and the combinations of @container that exist.

What is *not* here: making a term from a context (definitions.py), using one (keys.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from healthpassport.encoding import Json

NOTHING: Final = frozenset[str]()
_SINGLE: Final = frozenset({"@graph", "@id", "@index", "@language", "@list", "@set", "@type"})
_WITH_SET: Final = frozenset({"@graph", "@id", "@index", "@language", "@type"})

Container: TypeAlias = frozenset[str]


class Absent:
    """The type of ``ABSENT``: an entry that is not there, where null would mean something."""


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Term:
    """One term definition (JSON-LD 1.1 API section 4.1).

    Args:
        iri: the IRI, blank node or keyword that it stands for; None: it stands for nothing.
        prefix: whether it may begin a compact IRI.
        context: the scoped context with ``base_url``, else ``ABSENT``.
        language: a tag, None for none, ``ABSENT`` for the default of the context; ``direction``
            likewise.
    """

    iri: str | None
    prefix: bool = False
    protected: bool = False
    reverse: bool = False
    type: str | None = None
    container: Container = NOTHING
    context: Json | Absent = ABSENT
    base_url: str | None = None
    language: str | Absent | None = ABSENT
    direction: str | Absent | None = ABSENT
    index: str | None = None
    nest: str | None = None

    def same_as(self, other: Term) -> bool:
        """Whether both say the same, protection apart (section 4.2.2 step 27.1)."""
        return self == replace(other, protected=self.protected)


def container(value: Json) -> Container | None:
    """The keywords of an @container entry, or None where no such combination exists."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    found = frozenset(str(name) for name in names)
    if len(found) != len(names) or not found <= _SINGLE:
        return None
    if len(found) == 1:
        return found
    rest = found - {"@set"}
    if "@graph" in rest:
        return (
            found
            if len(rest - {"@graph"}) <= 1 and rest - {"@graph"} <= {"@id", "@index"}
            else None
        )
    return found if len(rest) == 1 and rest <= _WITH_SET and "@set" in found else None
