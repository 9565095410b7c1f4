"""What practice staff do at the console, free of HTTP and HTML.

``open_console`` gives it; each function checks again what the role of whoever asks allows. What is
*not* here: pages (``issuer.web``), and offers and statuses themselves (``issuer.service``).
"""

from __future__ import annotations

from .opening import Console, open_console

__all__ = ["Console", "open_console"]
