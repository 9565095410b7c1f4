"""Which data model a document is of: its ``@context`` (VC Data Model 2.0 sections 4.3 and 5.2.1).

A document of the older model 1.1 is read only where the caller says so. What is *not* here: the
contexts themselves and what they define (``healthpassport.canonical``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.vcdm.syntax import MAX_OBJECTS, is_url, malformed

UNDEFINED_TERMS: Final = "https://www.w3.org/ns/credentials/undefined-terms/v2"


@dataclass(frozen=True, slots=True)
class Model:
    """A version of the data model: its base context and how it names the validity period."""

    version: str
    context: str
    valid_from: str
    valid_until: str
    valid_from_required: bool


MODEL_2: Final = Model(
    "2.0", "https://www.w3.org/ns/credentials/v2", "validFrom", "validUntil", False
)
# VC Data Model 1.1 sections 4.1, 4.6 and 4.7.
MODEL_1: Final = Model(
    "1.1", "https://www.w3.org/2018/credentials/v1", "issuanceDate", "expirationDate", True
)
CURRENT: Final = (MODEL_2,)
READABLE: Final = (MODEL_2, MODEL_1)


def model(document: JsonObject, place: str, *, accepted: Collection[Model]) -> Model:
    """The model that the first ``@context`` of ``document`` names.

    Raises:
        CredentialError: ``vcdm.malformed_value`` when it is none of ``accepted``, or what follows
            is neither URL nor object, stands twice, or should have been last.
    """
    where = f"{place}.@context" if place else "@context"
    entries = context_entries(document, where)
    first = entries[0]
    found = next((known for known in accepted if known.context == first), None)
    if found is None:
        names = " or ".join(known.context for known in accepted)
        raise malformed(where, f"the first context must be {names}")
    # Section 4.3: subsequent items are URLs and objects, and an ordered set holds none twice.
    if not all(isinstance(entry, Mapping) or is_url(entry) for entry in entries):
        raise malformed(where, "every context must be a URL or an object")
    named = [entry for entry in entries if isinstance(entry, str)]
    if len(set(named)) != len(named):
        raise malformed(where, "a context stands in it twice")
    if UNDEFINED_TERMS in named and entries[-1] != UNDEFINED_TERMS:  # section 5.2.1
        raise malformed(where, "the context for undefined terms must be the last")
    return found


def context_entries(document: JsonObject, where: str) -> list[Json]:
    """The contexts of ``document`` in their order; a single one need not stand in an array.

    Raises:
        CredentialError: ``vcdm.malformed_value`` without any, ``limit.size`` with too many.
    """
    value = document.get("@context")
    entries = list(value) if isinstance(value, list | tuple) else [value]
    if not entries or entries == [None]:
        raise malformed(where, "it is missing")
    if len(entries) > MAX_OBJECTS:
        raise CredentialError("limit.size", "it names too many contexts")
    return entries
