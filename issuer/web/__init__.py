"""The console for practice staff: pages on this machine, without scripts.

Routes parse, make one call to ``issuer.service.console`` and render. What is *not* here: any rule.
"""

from __future__ import annotations

from .app import create_app

__all__ = ["create_app"]
