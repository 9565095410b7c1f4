"""Whose signature a credential should bear: the trust list decides, for a desk and a wallet alike.

What is *not* here: the signature itself, which the format checks with the key that is found.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from healthpassport.errors import CredentialError
from healthpassport.formats import ParsedCredential
from healthpassport.jose.times import CLOCK_SKEW
from healthpassport.keys.x509 import validate_chain
from healthpassport.trust.model import TrustedIssuer, TrustedKey, TrustList


def trusted_issuer(
    parsed: ParsedCredential, *, record_type: str, trust_list: TrustList, now: datetime
) -> tuple[TrustedIssuer, TrustedKey]:
    """The issuer and the key that must have signed ``parsed`` for it to be believed.

    HAIP 1.0 section 6.1.1: the key stands in x5c, its chain ends below an anchor that is not sent.
    The chain is judged at ``iat``, when the record was signed; the list as it is now. A format
    without certificates names the key, and the list alone decides.

    Raises:
        CredentialError: ``cred.not_yet_valid``, ``sdjwtvc.iss``.
        TrustError, KeyMaterialError: when the list does not name the issuer, its key for this
            record type at that time, or its certificate (``trust.`` and ``x509.`` codes).
    """
    signed_at = parsed.issued_at()
    if signed_at > now + CLOCK_SKEW:
        raise CredentialError("cred.not_yet_valid", "signed in the future")
    iss = parsed.iss
    if iss is None:
        raise CredentialError("sdjwtvc.iss")
    thumbprint = parsed.key_name()
    if thumbprint is None:
        leaf = validate_chain(
            parsed.certificates(),
            anchors=trust_list.issuer(iss).anchors,
            at=signed_at,
            expected_host=urlsplit(iss).hostname,
        )
        thumbprint = leaf.public_key.thumbprint()
    return trust_list.issuer_key(
        iss=iss, thumbprint=thumbprint, record_type=record_type, at=signed_at
    )
