"""Whether a record could be issued now: the database answers, the certificate is in force.

What works and could be better is a warning and never keeps anybody from issuing.
"""

from __future__ import annotations

from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.keys.x509 import read_certificate
from issuer.store import issuances

from .context import IssuerContext
from .retention import small_lists

SMALL_HERD: Final = "status.small_herd"  # which list, and how small, tells ``doctor``


def check(issuer: IssuerContext) -> None:
    """Return only when this issuer could issue at this moment.

    Raises:
        ServiceError: ``issuer.not_ready``; the detail names what is wrong, for its operator.
    """
    with issuer.store.reading() as tx:
        issuances.newest(tx, limit=1, offer=None, client=None)
    leaf = read_certificate(issuer.x5c[0])
    if not leaf.not_valid_before_utc <= issuer.clock() < leaf.not_valid_after_utc:
        raise ServiceError("issuer.not_ready", "the signing certificate is not in force")


def warnings(issuer: IssuerContext) -> tuple[str, ...]:
    """What an operator should look at; no number of records, since everybody may ask."""
    return (SMALL_HERD,) if small_lists(issuer.store, now=issuer.now()) else ()
