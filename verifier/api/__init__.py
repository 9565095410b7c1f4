"""The desk over HTTP: for the hospital's systems with an API key, and for wallets.

``create_app`` makes the ASGI application; it must be served over https. What is *not* here: pages
for people (``web``) and every decision (``service``).
"""

from .app import create_app
from .organisations import create_organisations_app

__all__ = ["create_app", "create_organisations_app"]
