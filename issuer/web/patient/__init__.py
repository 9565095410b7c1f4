"""The patients' pages at the issuer's own public address: behind a link that they got, and sign-in.

They stand in the application that wallets use, since ``/authorize`` belongs to the issuer
(RFC 8414); the console for staff is another application. What is *not* here: any rule of the
sign-in (``issuer.service.patient_sign_in`` and ``consent``).
"""

from __future__ import annotations

from .app import add_pages

__all__ = ["add_pages"]
