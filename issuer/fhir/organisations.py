"""ODS codes of the organisations that a reference leads to.

What is *not* here: who may be named to a reader of a restricted person's record (issuer.records).
"""

from __future__ import annotations

from typing import Final

from healthpassport.encoding import Json, JsonObject

from .references import Index
from .source import Found
from .values import obj, objs, string

_ODS: Final = ("ods-organization-code", "ods-site-code", "ods-organisation-code")
MAX_STEPS: Final = 3  # PractitionerRole -> organisation is the longest way that sources take


def ods_code(reference: Json, within: Found, index: Index) -> str | None:
    """The ODS code of the organisation that ``reference`` names, itself or by way of a role."""
    for _ in range(MAX_STEPS):
        if (own := _identifier(obj(obj(reference).get("identifier")))) is not None:
            return own
        target = index.resolve(reference, within)
        if target is None:
            return None
        found = next(
            (c for i in objs(target.resource.get("identifier")) if (c := _identifier(i))), None
        )
        if found is not None:
            return found
        reference, within = target.resource.get("organization"), target
    return None


def _identifier(identifier: JsonObject) -> str | None:
    system = (string(identifier.get("system")) or "").strip().lower().rstrip("/")
    value = string(identifier.get("value"))
    return value.strip() if value and system.endswith(_ODS) else None
