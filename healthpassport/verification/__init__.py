"""Presentation bytes to VerifiedSummary: the numbered steps of docs/verification.md.

This is the only place that makes a ``VerifiedSummary``. Bytes, the request, the trust list, the
status lists, a policy and the time go in; there is no clock, no network and no memory. What is
*not* here: the transaction (nonce, state, decryption), which is the verifier's service.
"""

from healthpassport.status.stored import StatusView
from healthpassport.verification.checklist import Step
from healthpassport.verification.policy import FreshnessPolicy
from healthpassport.verification.presentation import verify_presentation

__all__ = ["FreshnessPolicy", "StatusView", "Step", "verify_presentation"]
