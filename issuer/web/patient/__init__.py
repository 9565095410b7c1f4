"""The pages on which a patient signs in and agrees, at the issuer's own public address.

They stand in the application that wallets use, since ``/authorize`` belongs to the issuer
(RFC 8414); the console for staff is another application. What is *not* here: any rule of the
sign-in (``issuer.service.patient_sign_in`` and ``consent``).
"""

from __future__ import annotations

from .app import add_pages

__all__ = ["add_pages"]
