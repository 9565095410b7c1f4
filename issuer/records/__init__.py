"""The records that may be issued of one person, from what was understood of a source.

What is *not* here: FHIR (issuer.fhir reads it) and who may receive a record (issuer.service).
"""

from __future__ import annotations

from .building import IDENTITY, SOME_KINDS_LEFT_OUT, UNNAMED, Exclusion, build, told
from .emergency import emergency_summary

__all__ = [
    "IDENTITY",
    "SOME_KINDS_LEFT_OUT",
    "UNNAMED",
    "Exclusion",
    "build",
    "emergency_summary",
    "told",
]
