"""The hospital's own FHIR R4 server: signing in to it, finding a patient, writing what was shared.

``HospitalServer`` is the only thing that the service sees. Rules: https alone, bounded in time and
size, no redirects; numbers and names go in bodies, never in addresses, which servers log. What is
*not* here: who the patient is (``service.hospital_match``) and what is written (``fhir``).
"""

from __future__ import annotations

from healthpassport.protocols.smart import ClientKey, public_jwks

from .demographics import HospitalPatient
from .server import HospitalServer, Outcome
from .smart import Smart, load_client_key

__all__ = [
    "ClientKey",
    "HospitalPatient",
    "HospitalServer",
    "Outcome",
    "Smart",
    "load_client_key",
    "public_jwks",
]
