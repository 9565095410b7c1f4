"""What a browser is told with every page of the console: load nothing from elsewhere, keep nothing.

No page needs a script, so none may run. What is *not* here: who may reach the pages (``app``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport.asgi import DEFAULT_HEADERS

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# Under no-referrer a browser sends "Origin: null" with its own forms, which Guard refuses.
HEADERS: Final[Mapping[str, str]] = {
    **DEFAULT_HEADERS,
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",
}
