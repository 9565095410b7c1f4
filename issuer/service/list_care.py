"""What a running issuer does for its status lists by itself: publish them as files, end old ones.

What is *not* here: how (``list_files``, ``retention``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .context import IssuerContext
from .list_files import publish_files
from .retention import retire

PUBLISH_SECONDS: Final = 60  # between two publications: a withdrawal shows within five minutes
RETIRE_SECONDS: Final = 21_600  # between two looks for entries and lists that are over


@dataclass(slots=True)
class ListCare:
    """The care of one process for the lists of ``issuer``; several do each other no harm."""

    issuer: IssuerContext
    published_at: int = 0
    retired_at: int = 0

    def run(self) -> None:
        """Do what is due.

        Raises:
            ServiceError: as ``publish_files`` and ``retire``; what is due is tried at the next run.
        """
        now, folder = self.issuer.now(), self.issuer.settings.status_folder
        if now - self.retired_at >= RETIRE_SECONDS:
            retire(self.issuer)
            self.retired_at = now
        if folder is not None and now - self.published_at >= PUBLISH_SECONDS:
            publish_files(self.issuer, folder)
            self.published_at = now
