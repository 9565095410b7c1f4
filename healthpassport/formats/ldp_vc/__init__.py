"""``ldp_vc``: records as W3C Verifiable Credentials 2.0 with Data Integrity proofs.

An issuer calls ``issue``; a wallet ``read_held`` at receipt, ``open_held`` from its vault and
``present``; a verifier ``parse`` and ``verify``. Equal in function to ``dc+sd-jwt`` (OpenID4VCI 1.0
appendix A.1.2, OpenID4VP 1.0 appendix B.1). What is *not* here: which issuer's key to trust.
"""

from __future__ import annotations

from typing import Final

from healthpassport.formats.ldp_vc.document import SUBJECT, record
from healthpassport.formats.ldp_vc.holding import Held, narrow, open_held, present, read_held
from healthpassport.formats.ldp_vc.issuing import issue
from healthpassport.formats.ldp_vc.parsing import ParsedLdpVc, parse
from healthpassport.formats.ldp_vc.verifying import verify
from healthpassport.formats.values import Place

__all__ = [
    "ROOT",
    "Held",
    "ParsedLdpVc",
    "issue",
    "narrow",
    "open_held",
    "parse",
    "present",
    "read_held",
    "record",
    "verify",
]

ROOT: Final[Place] = (SUBJECT,)
