"""FHIR STU3 as R4: what the UK's GP systems send, said as everything else is that is read here.

``converted`` changes names and shapes by a reviewed table (``mapping``) and never a meaning. What
it cannot read is marked as not understood, so that no record tells it and its section says so. What
is *not* here: what the resources mean, and how they were got.
"""

from __future__ import annotations

from .conversion import NOT_UNDERSTOOD, converted
from .record import AREAS, Area, Told, structured_record

__all__ = ["AREAS", "NOT_UNDERSTOOD", "Area", "Told", "converted", "structured_record"]
