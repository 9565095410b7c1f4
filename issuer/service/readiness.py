"""Whether a record could be issued now: the database answers, the certificate is in force."""

from __future__ import annotations

from healthpassport.errors import ServiceError
from healthpassport.keys.x509 import read_certificate
from issuer.store import issuances

from .context import IssuerContext


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
