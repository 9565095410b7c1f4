"""Pages that explain."""

from __future__ import annotations

from wallet_pages import Case

from wallet.web.explain import PAGES as NAMES

PAGES = (
    Case("about", "/about"),
    Case("about, locked", "/about", state="locked"),
    *(Case(name, f"/about/{name}") for name in NAMES),
)
