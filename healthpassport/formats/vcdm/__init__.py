"""The W3C Verifiable Credentials Data Model 2.0: is this JSON a conforming document?

``check_credential`` and ``check_presentation`` say so before or after the proofs are verified,
which is another's work. What is *not* here: cryptography, the network and a clock.
"""

from __future__ import annotations

from healthpassport.formats.vcdm.contexts import CURRENT, MODEL_1, MODEL_2, READABLE, Model
from healthpassport.formats.vcdm.credential import CheckedCredential, check_credential
from healthpassport.formats.vcdm.envelopes import Envelope, open_envelope
from healthpassport.formats.vcdm.presentation import CheckedPresentation, check_presentation

__all__ = [
    "CURRENT",
    "MODEL_1",
    "MODEL_2",
    "READABLE",
    "CheckedCredential",
    "CheckedPresentation",
    "Envelope",
    "Model",
    "check_credential",
    "check_presentation",
    "open_envelope",
]
