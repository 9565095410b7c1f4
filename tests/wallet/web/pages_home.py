"""The first page."""

from __future__ import annotations

from wallet_pages import Case

PAGES = (Case("records"), Case("no records", state="empty"))
