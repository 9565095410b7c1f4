"""Where Chromium is: PASSPORT_CHROMIUM, else on the PATH. Absent: skip, or fail where CI is.

The build without a window comes first: it opens a page in a third of the time.
"""

from __future__ import annotations

import os
import shutil

import pytest

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


def chromium() -> str:
    """The program's path."""
    found = os.environ.get("PASSPORT_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if found is None:
        absent = "Chromium is not there: install it, or set PASSPORT_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(absent)
        pytest.skip(absent)
    return found
