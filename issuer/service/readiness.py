"""Whether a record could be issued now, and what will stop that soon or is late already.

Rules: not ready is what stops this process from issuing; a warning is for the operator, and takes
nobody out of service, since all processes would go at once. Nobody else is asked: whoever may call
this could make us ask a record system as often as they like (`sources try` asks).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.keys.x509 import read_certificate
from issuer.store import issuances, jobs

from .context import IssuerContext
from .list_files import STATE

SOON: Final = timedelta(days=14)  # before the certificate ends
LATE_JOB: Final = 600  # seconds that a job is due and nobody does it
LATE_LISTS: Final = 900  # seconds since the lists were last published; they are each minute


def check(issuer: IssuerContext) -> tuple[str, ...]:
    """Return only when this issuer could issue at this moment; what to look at soon, in one word.

    ``certificate``: it ends within 14 days. ``jobs``: nobody does what waits. ``lists``: the files
    of the status lists are not kept up to date. ``source``: the folder of notes cannot be read.

    Raises:
        ServiceError: ``issuer.not_ready``; the detail names what is wrong, for its operator.
            ``issuer.unavailable`` without a database.
    """
    with issuer.store.reading() as tx:
        issuances.newest(tx, limit=1, offer=None, client=None)
        late = jobs.is_due(tx, issuer.now() - LATE_JOB)
    now = issuer.clock()
    chain = [read_certificate(der) for der in issuer.x5c]
    if not all(one.not_valid_before_utc <= now < one.not_valid_after_utc for one in chain):
        raise ServiceError("issuer.not_ready", "the signing certificate is not in force")
    ends = min(one.not_valid_after_utc for one in chain)
    return tuple(_warnings(issuer, late=late, ending=ends - now < SOON))


def _warnings(issuer: IssuerContext, *, late: bool, ending: bool) -> Iterator[str]:
    followed = any(key.signs_from is not None for key in issuer.keys)
    if ending and not (followed and issuer.signing is not issuer.keys[-1]):
        yield "certificate"
    if late:
        yield "jobs"
    if _lists_late(issuer):
        yield "lists"
    folder = issuer.settings.source_folder
    if folder is not None and not os.access(folder, os.R_OK | os.X_OK):
        yield "source"


def _lists_late(issuer: IssuerContext) -> bool:
    folder = issuer.settings.status_folder
    if folder is None:
        return False
    try:
        published = (folder / STATE).stat().st_mtime
    except OSError:
        return True
    return issuer.now() - published > LATE_LISTS
