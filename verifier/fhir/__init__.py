"""The way out: what was verified, as a FHIR R4 document for the hospital's own systems.

FHIR is written here alone and read nowhere at the desk. What is *not* here: words for states and
the rule for what is whole, which the service hands in.
"""

from __future__ import annotations

from .document import Organisation, document
from .sections import WRITERS, Told

__all__ = ["WRITERS", "Organisation", "Told", "document"]
