"""The terms of W3C's Data Privacy Vocabulary that stand in a receipt, after ISO/IEC TS 27560.

Sharing for direct care does not rest on consent: the legal bases are GDPR articles 6(1)(e) and
9(2)(h), which UK GDPR has under the same numbers. What is *not* here: words for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import schemas

FILE: Final = "receipts/terms.json"


def purpose_term(purpose: str) -> str:
    """The IRI of the purpose that comes nearest to ``purpose`` of our closed list."""
    terms: Mapping[str, str] = _terms()["purposes"]
    return terms.get(purpose, str(_terms()["otherPurpose"]))


def retention_term() -> str:
    """The IRI that says: kept until an event of the law on medical notes."""
    return str(_terms()["retention"])


def legal_basis() -> tuple[str, ...]:
    """The IRIs of the legal bases of direct care."""
    return tuple(_terms()["legalBasis"])


def _terms() -> Mapping[str, Any]:
    found: Mapping[str, Any] = schemas.load(FILE)
    return found
