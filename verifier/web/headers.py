"""What a browser is told with every page for staff: load nothing from elsewhere, keep nothing.

What is *not* here: who may reach the pages (``app``).
"""

from __future__ import annotations

from typing import Final

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src {scripts}; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
POLICY: Final = _POLICY.format(scripts="'self'")
# The page with the camera runs a reader of QR codes, which is WebAssembly; it may run no text.
CAMERA_POLICY: Final = _POLICY.format(scripts="'self' 'wasm-unsafe-eval'")
