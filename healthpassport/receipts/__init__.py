"""Receipts: what a desk signs to say which values it received, why, and for how long it keeps them.

A JWS (``typ`` hp-receipt+jwt, ES256, the desk's ``x5c``) in the member ``receipt`` of a
``direct_post`` answer; docs/receipts.md has the format. A desk calls ``received`` and ``issue``, a
wallet ``check_presentation`` or ``check_card``. What is *not* here: values of a record (none stands
in a receipt), storage, and sending.
"""

from healthpassport.receipts.checking import (
    CheckedReceipt,
    Sent,
    check_card,
    check_presentation,
    read_unchecked,
)
from healthpassport.receipts.fields import field_paths, received
from healthpassport.receipts.hashes import card_hash, request_hash, text_hash, vp_token_hash
from healthpassport.receipts.issuing import issue
from healthpassport.receipts.model import (
    MAX_RECEIPT,
    TYP,
    Kind,
    Organisation,
    Purpose,
    Receipt,
    ReceivedRecord,
    Retention,
)
from healthpassport.receipts.terms import legal_basis, purpose_term, retention_term

__all__ = [
    "MAX_RECEIPT",
    "TYP",
    "CheckedReceipt",
    "Kind",
    "Organisation",
    "Purpose",
    "Receipt",
    "ReceivedRecord",
    "Retention",
    "Sent",
    "card_hash",
    "check_card",
    "check_presentation",
    "field_paths",
    "issue",
    "legal_basis",
    "purpose_term",
    "read_unchecked",
    "received",
    "request_hash",
    "retention_term",
    "text_hash",
    "vp_token_hash",
]
