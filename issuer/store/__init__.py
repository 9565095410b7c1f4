"""The issuer's database: offers, issuances, status entries, values that may be used once.

Every function takes the connection of a transaction that the service began, so that what belongs
together is committed together. What is *not* here: any rule of the service, and any clinical value
in the clear.
"""

from __future__ import annotations

from .audit import Wanted
from .deferrals import Deferral, DeferralReason, DeferralState
from .engine import Store, open_store
from .grants import Grant, GrantState
from .identity_checks import IdentityCheck
from .issuances import Issuance
from .offers import Offer, OfferState
from .reports import Report, ReportState
from .sign_ins import Authorization, Step

__all__ = [
    "Authorization",
    "Deferral",
    "DeferralReason",
    "DeferralState",
    "Grant",
    "GrantState",
    "IdentityCheck",
    "Issuance",
    "Offer",
    "OfferState",
    "Report",
    "ReportState",
    "Step",
    "Store",
    "Wanted",
    "open_store",
]
