"""Presentation requests: from their bytes to who asks, why, and for what.

``verify_request`` judges a request (``verifying``), ``asked_for`` and ``over_asked`` say what it
asks for (``asked``). What is *not* here: fetching, matching with records, asking the person.
"""

from healthpassport.requests.asked import asked_for, over_asked
from healthpassport.requests.verifying import (
    ALGORITHMS,
    DID,
    MAX_AGE,
    VerifiedRequest,
    check_asker,
    verify_issuer_request,
    verify_request,
)

__all__ = [
    "ALGORITHMS",
    "DID",
    "MAX_AGE",
    "VerifiedRequest",
    "asked_for",
    "check_asker",
    "over_asked",
    "verify_issuer_request",
    "verify_request",
]
