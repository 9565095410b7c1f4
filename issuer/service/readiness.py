"""Whether a record could be issued now, and what will stop that soon or is late already.

Rules: not ready is what stops this process from issuing; a warning is for the operator, and takes
nobody out of service, since all processes would go at once. Nobody else is asked: whoever may call
this could make us ask a record system as often as they like (`sources try` asks).
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.keys.x509 import read_certificate
from issuer.store import issuances, jobs

from .clock_watch import LEAPT, leapt_in
from .context import IssuerContext
from .list_files import STATE
from .retention import small_lists

SMALL_HERD: Final = "status.small_herd"  # which list, and how small, tells ``doctor``
LATE_LISTS: Final = "status.late"  # the files of the lists are not kept up to date
LATE_JOBS: Final = "jobs.late"  # nobody does what is due
LOOP_BROKE: Final = "loop.broke_off"  # what this process does beside its requests
ENDS_SOON: Final = "key.ends_soon"  # the certificate that signs, and no key follows
NO_NOTES: Final = "source.unreachable"  # the folder of notes cannot be read

SOON: Final = timedelta(days=14)  # before the certificate ends
JOB_SECONDS: Final = 600  # that a job is due
LIST_SECONDS: Final = 900  # since the lists were last published; they are each minute


def check(issuer: IssuerContext) -> None:
    """Return only when this issuer could issue at this moment.

    Raises:
        ServiceError: ``issuer.not_ready``; the detail names what is wrong, for its operator.
            ``issuer.unavailable`` without a database.
    """
    with issuer.store.reading() as tx:
        issuances.newest(tx, limit=1, offer=None, client=None)
    if issuer.loops.given_up:
        raise ServiceError("issuer.not_ready", "its work beside the requests breaks off each time")
    now = issuer.clock()
    for der in issuer.x5c:
        one = read_certificate(der)
        if not one.not_valid_before_utc <= now < one.not_valid_after_utc:
            raise ServiceError("issuer.not_ready", "the signing certificate is not in force")


def warnings(issuer: IssuerContext) -> tuple[str, ...]:
    """What an operator should look at; no number of records, since everybody may ask.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with issuer.store.reading() as tx:
        late = jobs.is_due(tx, issuer.now() - JOB_SECONDS)
        leapt = leapt_in(issuer, tx)
    found = {
        LEAPT: leapt,
        LOOP_BROKE: issuer.loops.in_trouble,
        ENDS_SOON: _ends_soon(issuer),
        LATE_JOBS: late,
        LATE_LISTS: _lists_late(issuer),
        NO_NOTES: _no_notes(issuer),
        SMALL_HERD: bool(small_lists(issuer.store, now=issuer.now())),
    }
    return tuple(word for word, holds in found.items() if holds)


def _ends_soon(issuer: IssuerContext) -> bool:
    if issuer.signing is not issuer.keys[-1]:
        return False
    ends = min(read_certificate(der).not_valid_after_utc for der in issuer.x5c)
    return ends - issuer.clock() < SOON


def _no_notes(issuer: IssuerContext) -> bool:
    folder = issuer.settings.source_folder
    return folder is not None and not os.access(folder, os.R_OK | os.X_OK)


def _lists_late(issuer: IssuerContext) -> bool:
    folder = issuer.settings.status_folder
    if folder is None:
        return False
    try:
        published = (folder / STATE).stat().st_mtime
    except OSError:
        return True
    return issuer.now() - published > LIST_SECONDS
