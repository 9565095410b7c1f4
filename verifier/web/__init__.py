"""The page for staff, on this machine only: choose a request, show its code, read the result.

What is *not* here: any decision about a record (``service``), and the JSON interface (``api``).
"""

from .app import create_app
from .organisations import create_organisations_app

__all__ = ["create_app", "create_organisations_app"]
