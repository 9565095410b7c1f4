"""The wallet's pages, for the browser of this machine: one router an area (``areas``).

``create_app`` makes the application, ``serving`` runs it on loopback. What is *not* here: any
decision about a record, a request or the vault (``service``).
"""

from .app import create_app
from .visit import Visit

__all__ = ["Visit", "create_app"]
