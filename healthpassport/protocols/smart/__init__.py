"""SMART App Launch 2.2 "Backend Services": a program signs in to a FHIR server with its own key.

What is *not* here: what is asked of the server then, and where the settings come from.
"""

from __future__ import annotations

from .assertion import ClientKey, load_client_key, public_jwks
from .sign_in import Smart

__all__ = ["ClientKey", "Smart", "load_client_key", "public_jwks"]
