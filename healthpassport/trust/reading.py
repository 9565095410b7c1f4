"""Reading the trust list from the copy on disk, verified again at each load.

Rules (architecture.md, "trust list"): no network and no clock of its own; every signature, version
and hash from the pinned root down to the list is checked; an expired copy is not refused but aged,
and past the policy's limit the view is ``stale``: nothing can be checked with it. What is *not*
here: updating (healthpassport.refresh).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from healthpassport.trust.cache import read_cache
from healthpassport.trust.chain import verify_chain
from healthpassport.trust.model import TrustView

CLOCK_SKEW: Final = timedelta(seconds=60)  # security.md, limits


def read_trust_list(folder: Path, *, root: bytes, now: datetime, max_age: timedelta) -> TrustView:
    """The trust list in ``folder`` as it stands at ``now``.

    Args:
        folder: where ``refresh.update_trust_list`` keeps its copy.
        root: the pinned bootstrap root (TUF metadata), the only thing believed beforehand.
        now: aware.
        max_age: the greatest age since the last successful update before the view is stale.

    Raises:
        TrustError: ``trust.missing`` before the first update, and all of ``verify_chain``.
    """
    cached = read_cache(folder)
    chain = verify_chain(cached.files, root=root)
    # The note of the last update is not signed. It cannot be later than the signed expiry of the
    # timestamp, since an update refuses expired metadata: who edits the note gains no more.
    updated_at = min(cached.updated_at, chain.timestamp.expires)
    age = now - updated_at
    # A clock that went back says nothing about age.
    stale = age > max_age or age < -CLOCK_SKEW
    return TrustView(chain.trust_list, updated_at, max(age, timedelta()), stale)
