"""The way out: what was verified, as a FHIR R4 document for the hospital's own systems.

FHIR is written here alone; what is read of a hospital's own server, ``client`` reads. What is *not*
here: words for states and the rule for what is whole, which the service hands in.
"""

from __future__ import annotations

from .document import Organisation, document
from .patient import patient
from .sections import WRITERS, Told, resources

__all__ = ["WRITERS", "Organisation", "Told", "document", "patient", "resources"]
