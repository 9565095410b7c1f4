"""The only place that knows FHIR: any R4 or STU3 JSON in, what was understood of it out.

``extract`` reads tolerantly, lists defects, and fails closed per item. Rules and buckets are those
of clinical.md. What is *not* here: records (issuer.records) and validation of FHIR, which may
report but must not gate.
"""

from __future__ import annotations

from .asof import as_of
from .entries import Bucket, Details, Entry
from .extraction import SECTIONS, Extraction, extract
from .patients import Person

__all__ = ["SECTIONS", "Bucket", "Details", "Entry", "Extraction", "Person", "as_of", "extract"]
